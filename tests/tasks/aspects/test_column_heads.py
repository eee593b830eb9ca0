"""One linear head for several columns is the heads of each column by itself."""

import numpy as np
import pytest

from textune.recipes.selection import refitted
from textune.tasks import linear, registry
from textune.tasks.aspects import column_heads

LABELS = ("a: x", "b: p", "a: y", "b: q", "b: r")
AT = {"a": np.asarray([0, 2]), "b": np.asarray([1, 3, 4])}


@pytest.fixture
def known():
    """Return a task, features, targets and folds; a third of the texts lack the second column."""
    draw = np.random.default_rng(0)
    features = draw.normal(size=(90, 8)).astype(np.float32)
    targets = np.zeros((90, 5), dtype=np.float32)
    for place, at in enumerate(AT.values()):
        scores = features[:, place : place + len(at)] + draw.normal(size=(90, len(at)))
        targets[np.arange(90), at[scores.argmax(axis=1)]] = 1
    targets[np.ix_(np.arange(90) % 3 == 0, AT["b"])] = np.nan
    task = registry.make("aspects", LABELS, {"names": ("a", "b")})
    return task, features, targets, np.arange(90) % 5


def test_each_column_is_fitted_by_the_texts_that_it_is_scored_for(known):
    task, features, targets, folds = known
    found = column_heads.fit(task, features, targets, seed=0, weights=None, folds=folds)
    for at in AT.values():
        rows = ~np.isnan(targets[:, at[0]])
        alone = linear.classes(
            features[rows], targets[rows][:, at].argmax(1), outputs=len(at), seed=0,
            folds=folds[rows],
        )  # fmt: skip
        np.testing.assert_allclose(found.weight[at], alone.weight, atol=1e-5)
        np.testing.assert_allclose(found.bias[at], alone.bias, atol=1e-5)
        np.testing.assert_allclose(
            found.held_out_logits[np.ix_(rows, at)], alone.held_out_logits, atol=1e-4
        )
    assert np.isfinite(found.held_out_logits).all()


def test_a_column_that_no_text_is_scored_for_knows_nothing(known):
    task, features, targets, folds = known
    targets[:, AT["b"]] = np.nan
    found = column_heads.fit(task, features, targets, seed=0, weights=None, folds=folds)
    assert not found.weight[AT["b"]].any()
    assert found.weight[AT["a"]].any()


def test_logits_of_all_columns_are_made_as_sure_as_they_are_right():
    draw = np.random.default_rng(1)
    logits = 2 * draw.normal(size=(600, 5)).astype(np.float32)
    targets = np.zeros((600, 5), dtype=np.float32)
    for at in AT.values():
        noise = draw.gumbel(size=(600, len(at)))
        targets[np.arange(600), at[(logits[:, at] + noise).argmax(axis=1)]] = 1
    targets[:50, AT["a"]] = np.nan
    task = registry.make("aspects", LABELS, {"names": ("a", "b")})
    assert refitted.scale_of(task, 5 * logits, targets) == pytest.approx(0.2, rel=0.15)


def test_a_classs_name_is_learned_in_its_column_alone():
    kind = registry.of("aspects")
    task = registry.make("aspects", LABELS, {"names": ("a", "b")})
    found = kind.of_names(task)
    assert found[0].tolist()[0::2][:2] == [1.0, 0.0]
    assert np.isnan(found[0][AT["b"]]).all()
    assert kind.called(task)[:2] == ["a x", "b p"]
