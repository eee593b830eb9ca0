"""Linear heads answer what scikit-learn's own models of the same features answer."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from textune.probing import heads
from textune.tasks import labels as named
from textune.tasks import linear, registry, strengths

NAMES = ("a", "b", "c", "d", "e", "f")


def clouds(counts, *, width=16, seed=0, spread=1.0):
    """Return features of so many items of each class, and their classes, mixed."""
    draw = np.random.default_rng(seed)
    targets = draw.permutation(np.repeat(np.arange(len(counts)), counts))
    middles = draw.normal(size=(len(counts), width)) * spread
    features = 5 + middles[targets] + draw.normal(size=(len(targets), width))
    return features.astype(np.float32), targets


def as_fitted(features):
    """Return features of mean 0 and mean norm 1."""
    moved = features.astype(np.float64) - features.astype(np.float64).mean(axis=0)
    return moved / np.linalg.norm(moved, axis=1).mean()


def logits(head, features):
    return features @ head.weight.T + head.bias


def unscaled(head, features):
    """Return logits as scikit-learn's model of the same strength has them."""
    return logits(head, features) / head.scale


@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("balance", [False, True])
def test_classes_have_the_probabilities_of_logistic_regression(classes, balance):
    features, targets = clouds([40, 12, 20, 5, 9, 14][:classes])
    task = registry.make("single", NAMES[:classes])
    task = task.weighted(targets) if balance else task
    head = heads.fit(task, features, targets, seed=0)
    assert head.weight.shape == (classes, 16)
    model = LogisticRegression(
        C=head.strength, class_weight="balanced" if balance else None, max_iter=1000, tol=1e-8
    )
    if balance:
        weights = np.asarray(task.weights)[targets]
        model = LogisticRegression(C=head.strength, max_iter=1000, tol=1e-8)
        model.fit(as_fitted(features), targets, sample_weight=weights / weights.mean())
    else:
        model.fit(as_fitted(features), targets)
    found = task.probabilities(unscaled(head, features), None)
    np.testing.assert_allclose(found, model.predict_proba(as_fitted(features)), atol=2e-3)


def test_held_out_logits_of_two_classes_are_those_of_the_other_folds():
    features, targets = clouds([40, 25])
    folds = np.arange(65) % 4
    head = linear.classes(features, targets, outputs=2, seed=0, folds=folds)
    for fold in range(4):
        is_held = folds == fold
        model = LogisticRegression(C=head.strength, max_iter=1000, tol=1e-8)
        model.fit(as_fitted(features)[~is_held], targets[~is_held])
        found = named.softmax(head.held_out_logits[is_held] / head.scale)
        wanted = model.predict_proba(as_fitted(features)[is_held])
        np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_a_fold_that_holds_all_of_a_class_is_fitted_too():
    features, targets = clouds([40, 25])
    folds = np.where(targets == 1, 0, 1 + np.arange(65) % 3)
    head = linear.classes(features, targets, outputs=2, seed=0, folds=folds)
    assert np.isfinite(head.held_out_logits).all()


def test_each_label_has_the_probabilities_of_its_own_logistic_regression():
    features, targets = clouds([40, 30, 30])
    marks = np.stack([targets == 0, targets != 1, targets == 2], axis=1).astype(np.float32)
    marks[::7, 1] = np.nan  # not scored
    task = registry.make("multi", NAMES[:3])
    head = heads.fit(task, features, marks, seed=0)
    found = task.probabilities(unscaled(head, features), None)
    for label in range(3):
        scored = ~np.isnan(marks[:, label])
        model = LogisticRegression(C=head.strength, max_iter=1000, tol=1e-8)
        model.fit(as_fitted(features)[scored], marks[scored, label])
        wanted = model.predict_proba(as_fitted(features))[:, 1]
        np.testing.assert_allclose(found[:, label], wanted, atol=2e-3)


def test_numbers_are_those_of_ridge_regression_in_their_units():
    features, targets = clouds([30, 30, 30])
    values = np.stack([70 + 9 * features[:, 0], features[:, 1] - 2 * targets], axis=1)
    values = values.astype(np.float64)
    task = registry.make("number", ("one", "two")).fitted(values)
    head = heads.fit(task, features, values, seed=0)
    model = Ridge(alpha=1 / head.strength).fit(as_fitted(features), task.standardised(values))
    wanted = model.predict(as_fitted(features)) * np.asarray(task.scales) + task.centers
    np.testing.assert_allclose(task.probabilities(logits(head, features)), wanted, rtol=1e-4)
    assert np.corrcoef(wanted[:, 0], values[:, 0])[0, 1] > 0.99


def test_tags_are_learned_of_the_words_that_windows_show():
    features, targets = clouds([50, 30, 20])
    hidden = np.arange(0, 100, 5)
    features[hidden] = np.nan
    unknown = targets.copy()
    unknown[1::10] = -100
    task = registry.make("tags", ("O", "B-x", "I-x"))
    head = heads.fit(task, features, unknown, seed=0)
    known = np.isfinite(features).all(axis=1) & (unknown >= 0)
    alone = linear.classes(features[known], targets[known], outputs=3, seed=0)
    np.testing.assert_allclose(head.weight, alone.weight, atol=1e-6)
    assert np.isfinite(head.held_out_logits[known]).all()
    assert np.isnan(head.held_out_logits[~known]).all()


def test_answers_have_no_linear_head_of_their_own():
    assert registry.of("answers").probe is None


def test_the_strength_is_that_of_the_lowest_loss_of_what_was_held_out():
    features, targets = clouds([30, 30, 30], spread=0.3)
    head = heads.fit(registry.make("single", NAMES[:3]), features, targets, seed=0)
    assert set(head.scores) == set(strengths.STRENGTHS)
    assert head.strength == min(head.scores, key=head.scores.get)
    assert np.isfinite(head.held_out_logits).all()
    chances = named.softmax(head.held_out_logits)[np.arange(90), targets]
    assert -np.log(chances).mean() == pytest.approx(head.scores[head.strength], rel=1e-5)
    seen = (logits(head, features).argmax(axis=1) == targets).mean()
    assert seen > (head.held_out_logits.argmax(axis=1) == targets).mean()  # it did not learn them


@pytest.mark.parametrize(
    ("counts", "is_balanced", "is_chosen"),
    [
        ([5, 5, 5, 5], False, False),
        ([8, 5, 2, 1], True, False),
        ([8, 5, 2, 1], False, True),  # classes that do not weigh alike
        ([16, 16, 16, 16], False, True),
        ([8, 8], False, True),
    ],
)
def test_few_items_of_classes_that_weigh_alike_choose_no_strength(counts, is_balanced, is_chosen):
    features, targets = clouds(counts)
    task = registry.make("single", NAMES[: len(counts)])
    head = heads.fit(task.weighted(targets) if is_balanced else task, features, targets, seed=0)
    assert set(head.scores) == (set(strengths.STRENGTHS) if is_chosen else {strengths.USUAL})
    assert head.strength == strengths.USUAL or is_chosen


def test_weak_regularisation_is_not_chosen_for_its_larger_logits_alone():
    """Small logits of strong regularisation are scaled before strengths are compared."""
    everything, classes = clouds([600] * 4, width=384, spread=0.15)
    features, targets, fresh, truth = (
        everything[:400],
        classes[:400],
        everything[400:],
        classes[400:],
    )
    head = heads.fit(registry.make("single", NAMES[:4]), features, targets, seed=0)
    right = {}
    for strength in strengths.STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=1000).fit(as_fitted(features), targets)
        center = features.mean(axis=0)
        moved = (fresh - center) / np.linalg.norm(features - center, axis=1).mean()
        right[strength] = (model.predict(moved) == truth).mean()
    assert right[head.strength] > max(right.values()) - 0.01, right
    assert head.scale > 1.5
    chances = named.softmax(logits(head, fresh))[np.arange(2000), truth]
    small = named.softmax(unscaled(head, fresh))[np.arange(2000), truth]
    assert -np.log(chances).mean() < -np.log(small).mean()


def test_few_items_that_are_all_right_are_no_certainty():
    features, targets = clouds([8, 8], spread=3.0)
    head = heads.fit(registry.make("single", NAMES[:2]), features, targets, seed=0)
    assert (head.held_out_logits.argmax(axis=1) == targets).all()
    assert named.softmax(logits(head, features)).max() < 0.9999


def test_items_answer_by_a_layer_that_learned_from_the_other_folds_given():
    features, targets = clouds([20, 20])
    folds = np.arange(40) % 4
    folds[:3] = -1
    task = registry.make("single", NAMES[:2])
    head = heads.fit(task, features, targets, seed=0, folds=folds)
    assert np.isnan(head.held_out_logits[:3]).all()
    scaled = as_fitted(features)
    for fold in range(4):
        learned, held_out = folds != fold, folds == fold
        model = LogisticRegression(C=head.strength, max_iter=1000, tol=1e-8)
        model.fit(scaled[learned], targets[learned])
        wanted = model.predict_proba(scaled[held_out])
        found = named.softmax(head.held_out_logits[held_out] / head.scale)
        np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_rows_count_as_they_weigh():
    features, targets = clouds([30, 30])
    task = registry.make("single", NAMES[:2])
    weights = np.where(np.arange(60) < 30, 3.0, 1.0)
    head = heads.fit(task, features, targets, seed=0, weights=weights)
    model = LogisticRegression(C=head.strength, max_iter=1000, tol=1e-8)
    model.fit(as_fitted(features), targets, sample_weight=weights / weights.mean())
    found = named.softmax(unscaled(head, features))
    np.testing.assert_allclose(found, model.predict_proba(as_fitted(features)), atol=2e-3)
    none = heads.fit(task, features, targets, seed=0, weights=np.where(weights > 1, 0.0, 1.0))
    alone = linear.classes(features[30:], targets[30:], outputs=2, seed=0)
    np.testing.assert_allclose(none.weight, alone.weight, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("single", np.zeros(10, dtype=np.int64)),
        ("single", np.arange(6)),
        ("single", np.asarray([0, 0, 1])),
        ("single", np.asarray([3])),
        ("multi", np.zeros((10, 6), dtype=np.float32)),
        ("multi", np.ones((10, 6), dtype=np.float32)),
        ("multi", np.full((10, 6), np.nan, dtype=np.float32)),
        ("multi", np.eye(6, dtype=np.float32)),
        ("number", np.zeros((10, 6))),
        ("number", np.ones((1, 6))),
    ],
)
def test_what_has_little_to_learn_from_gives_a_head_without_a_warning(name, targets):
    features, _ = clouds([len(targets)])
    task = registry.make(name, NAMES)
    task = task.fitted(targets) if name == "number" else task
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head = heads.fit(task, features, targets, seed=0)
    assert np.isfinite(head.weight).all()
    assert np.isfinite(head.bias).all()


def test_equal_texts_give_the_shares_of_their_classes():
    features = np.ones((20, 8), dtype=np.float32)
    targets = np.arange(20) % 4 // 3  # 15 and 5
    head = heads.fit(registry.make("single", NAMES[:2]), features, targets, seed=0)
    chances = named.softmax(logits(head, features))
    np.testing.assert_allclose(chances[:, 1], 0.25, atol=1e-2)


def test_a_class_that_no_row_has_is_rare_and_a_label_that_none_has_too():
    features, targets = clouds([30, 30])
    head = heads.fit(registry.make("single", NAMES[:3]), features, targets, seed=0)
    chances = named.softmax(logits(head, features))
    assert 0 < chances[:, 2].max() < 0.05
    marks = np.stack([targets == 0, targets == 9], axis=1).astype(np.float32)
    head = heads.fit(registry.make("multi", NAMES[:2]), features, marks, seed=0)
    assert (head.weight[1] == 0).all()
    assert named.sigmoid(head.bias)[1] == pytest.approx(0.5 / 61)


def test_many_items_are_drawn_from(monkeypatch):
    monkeypatch.setattr(linear, "MOST_ITEMS", 60)
    monkeypatch.setattr(linear, "MOST_CHOOSING", 40)
    features, targets = clouds([100, 100])
    head = heads.fit(registry.make("single", NAMES[:2]), features, targets, seed=0)
    assert head.held_out_logits is None
    assert set(head.scores) == set(strengths.STRENGTHS)
    assert (logits(head, features).argmax(axis=1) == targets).mean() > 0.9
    again = heads.fit(registry.make("single", NAMES[:2]), features, targets, seed=0)
    np.testing.assert_array_equal(head.weight, again.weight)


def test_of_many_classes_few_strengths_are_tried(monkeypatch):
    monkeypatch.setattr(strengths, "MUCH", 10)
    features, targets = clouds([24, 24, 24])
    head = heads.fit(registry.make("single", NAMES[:3]), features, targets, seed=0)
    assert set(head.scores) == set(strengths.FEW)
