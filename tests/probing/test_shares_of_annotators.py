"""The frozen head learns from what each annotator said, where all are to count."""

import numpy as np
import pytest

from textune.probing import heads
from textune.tasks import registry

FOLDS = np.arange(60) % 5
NAMES = ("a", "b", "c")


def clouds(counts):
    """Return features of so many items of each class, and their classes, mixed."""
    draw = np.random.default_rng(0)
    targets = draw.permutation(np.repeat(np.arange(len(counts)), counts))
    features = draw.normal(size=(len(counts), 16))[targets] + draw.normal(size=(len(targets), 16))
    return features.astype(np.float32), targets


def logits(head, features):
    return features @ head.weight.T + head.bias


def shares_of(targets, outputs, *, torn):
    shares = np.eye(outputs, dtype=np.float32)[targets]
    shares[torn] = 0.6 * shares[torn]
    shares[torn, (targets[torn] + 1) % outputs] = 0.4
    return shares


@pytest.mark.parametrize("outputs", [2, 3])
def test_shares_of_one_label_each_are_the_labels(outputs):
    features, targets = clouds([60 // outputs] * outputs)
    task = registry.make("single", NAMES[:outputs])
    one = heads.fit(task, features, targets, seed=0, folds=FOLDS)
    shares = shares_of(targets, outputs, torn=[])
    other = heads.fit(task, features, targets, seed=0, folds=FOLDS, shares=shares)
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-6)
    np.testing.assert_allclose(one.held_out_logits, other.held_out_logits, atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_shares_weigh_as_that_many_texts(weighted):
    features, targets = clouds([20, 20, 20])
    torn = np.arange(0, 60, 3)
    task = registry.make("single", NAMES[:3])
    weights = np.linspace(1.0, 2.0, 60) if weighted else None
    given = {"seed": 0, "strengths": (1.0,)}
    shares = shares_of(targets, 3, torn=torn)
    soft = heads.fit(task, features, targets, weights=weights, folds=FOLDS, shares=shares, **given)
    five = [(row, label) for row in range(60) for label in range(3)
            for _ in range(round(5 * float(shares[row, label])))]  # fmt: skip
    rows, labels = map(np.asarray, zip(*five, strict=True))
    own = None if weights is None else weights[rows]
    given["strengths"] = (80 / 300,)  # as strong for 300 rows as 1 is for 60 and 20 more
    copied = heads.fit(task, features[rows], labels, weights=own, folds=FOLDS[rows], **given)
    chances = [task.probabilities(logits(one, features), None) for one in (soft, copied)]
    np.testing.assert_allclose(chances[0], chances[1], atol=2e-2)
    assert soft.held_out_logits.shape == (60, 3)
    hard = heads.fit(task, features, targets, weights=weights, folds=FOLDS, **given)
    sure = task.probabilities(logits(hard, features), None).max(axis=1)[torn].mean()
    assert chances[0].max(axis=1)[torn].mean() < sure - 0.1
