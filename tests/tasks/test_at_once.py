"""What one search finds of several parts and strengths is what searches one by one find."""

import numpy as np
import pytest

from textune.metrics import logistic
from textune.tasks import at_once, linear

STRENGTHS = (0.1, 1.0, 30.0)


def items(classes, *, count=48, width=6):
    """Return features of mean norm 1, classes, weights, and the items of four parts."""
    draw = np.random.default_rng(classes)
    targets = np.arange(count) % classes
    features = draw.normal(size=(classes, width))[targets] + draw.normal(size=(count, width))
    folds = draw.permutation(np.arange(count) % 4)
    parts = [np.flatnonzero(folds != fold) for fold in range(4)]
    return features / width**0.5, targets, draw.uniform(0.5, 2, count), parts


def assert_alike(features, found, alone, *, exclusive):
    chances = (logistic.chances(features, each, exclusive=exclusive) for each in (found, alone))
    np.testing.assert_allclose(*chances, atol=2e-3)


@pytest.mark.parametrize("outputs", [2, 3, 5])
def test_classes(outputs):
    features, targets, weights, parts = items(outputs)
    found = at_once.classes(features, targets, weights, outputs, parts, STRENGTHS)
    assert [len(each) for each in found] == [4, 4, 4]
    is_of = np.eye(outputs)[targets]
    for strength, layers in zip(STRENGTHS, found, strict=True):
        exact = {"strength": strength, "tolerance": 1e-9}
        for part, layer in zip(parts, layers, strict=True):
            own = weights[part][:, None]
            if outputs == 2:
                half = logistic.fit(
                    features[part], is_of[part][:, 1:], own, exclusive=False, **exact
                )
                alone = half[0] * [[-0.5], [0.5]], half[1] * [-0.5, 0.5]
            else:
                alone = logistic.fit(features[part], is_of[part], own, exclusive=True, **exact)
            assert_alike(features, layer, alone, exclusive=True)


def test_a_part_that_lacks_a_class_is_no_case_for_it():
    features, targets, weights, parts = items(3)
    parts[1] = np.flatnonzero(targets < 2)
    assert at_once.classes(features, targets, weights, 3, parts, STRENGTHS) is None


def test_labels_some_of_which_are_not_scored_or_always_there():
    features, targets, weights, parts = items(4)
    truth = np.stack([targets == 0, targets != 1, targets == 2, targets >= 0], axis=1).astype(float)
    truth[::5, 1] = np.nan
    truth[parts[2], 2] = 0  # the third part has no text of this label
    positives = np.asarray([1.0, 2.0, 1.0, 1.0])
    found = at_once.several(features, truth, weights, positives, parts, STRENGTHS)
    no_name = np.zeros(len(targets), dtype=bool)
    for strength, layers in zip(STRENGTHS, found, strict=True):
        for part, layer in zip(parts, layers, strict=True):
            given = features[part], truth[part], weights[part], positives, strength
            alone = linear._binary(*given, is_name=no_name[part])
            assert_alike(features, layer, alone, exclusive=False)
        assert not layers[2][0][2].any()
        assert not layers[2][0][3].any()


def test_labels_of_which_none_can_be_told_have_only_their_frequency():
    features, _, weights, parts = items(2)
    found = at_once.several(features, np.ones((48, 1)), weights, np.ones(1), parts, (1.0,))
    for weight, bias in found[0]:
        assert not weight.any()
        np.testing.assert_allclose(bias, np.log(36.5 / 0.5))
