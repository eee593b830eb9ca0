import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from textune.errors import SettingsError
from textune.metrics import catalogue, metrics


def single_case(n=300, c=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, c, n)
    truth[:c] = np.arange(c)
    probabilities = rng.random((n, c))
    probabilities[np.arange(n), truth] += 0.4 * rng.random(n)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return truth, probabilities, probabilities.argmax(axis=1), [f"c{k}" for k in range(c)]


def multi_case(n=300, c=4, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, c)) < 0.3).astype(float)
    truth[0], truth[1] = 0, 1
    probabilities = np.clip(0.8 * rng.random((n, c)) + 0.2 * truth, 0, 1)
    return truth, probabilities, (probabilities > 0.5).astype(int), [f"l{k}" for k in range(c)]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_one_label_equals_scikit_learn(seed, c):
    truth, probabilities, decisions, labels = single_case(seed=seed, c=c)
    found = metrics.single(truth, probabilities, decisions, labels)
    expected = {
        "accuracy": sk.accuracy_score(truth, decisions),
        "mcc": sk.matthews_corrcoef(truth, decisions),
        "macro_f1": sk.f1_score(truth, decisions, average="macro"),
        "micro_f1": sk.f1_score(truth, decisions, average="micro"),
        "weighted_f1": sk.f1_score(truth, decisions, average="weighted"),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, decisions),
        "log_loss": sk.log_loss(truth, probabilities),
        "roc_auc": sk.roc_auc_score(truth, probabilities[:, 1])
        if c == 2
        else sk.roc_auc_score(truth, probabilities, multi_class="ovr"),
        "pr_auc": sk.average_precision_score(truth, probabilities[:, 1])
        if c == 2
        else sk.average_precision_score(np.eye(c)[truth], probabilities),
    }
    assert metrics.headline(found) == pytest.approx(expected)
    assert found["undefined"] == {}
    assert found["confusion"] == sk.confusion_matrix(truth, decisions).tolist()
    for k, label in enumerate(labels):
        assert found["labels"][label]["f1"] == pytest.approx(
            sk.f1_score(truth == k, decisions == k)
        )
        assert found["labels"][label]["roc_auc"] == pytest.approx(
            sk.roc_auc_score(truth == k, probabilities[:, k])
        )


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_several_labels_equal_scikit_learn(seed, c):
    truth, probabilities, decisions, labels = multi_case(seed=seed, c=c)
    found = metrics.multi(truth, probabilities, decisions, labels)
    mcc = np.mean([sk.matthews_corrcoef(truth[:, k], decisions[:, k]) for k in range(c)])
    expected = {
        "accuracy": sk.accuracy_score(truth, decisions),
        "subset_accuracy": sk.accuracy_score(truth, decisions),
        "hamming_loss": sk.hamming_loss(truth, decisions),
        "macro_f1": sk.f1_score(truth, decisions, average="macro", zero_division=0),
        "micro_f1": sk.f1_score(truth, decisions, average="micro", zero_division=0),
        "mcc": mcc,
        "macro_mcc": mcc,
        "roc_auc": sk.roc_auc_score(truth, probabilities),
        "micro_roc_auc": sk.roc_auc_score(truth, probabilities, average="micro"),
        "pr_auc": sk.average_precision_score(truth, probabilities),
        "log_loss": np.mean([sk.log_loss(truth[:, k], probabilities[:, k]) for k in range(c)]),
    }
    assert metrics.headline(found) == pytest.approx(expected)
    assert found["undefined"] == {}


@pytest.mark.parametrize(
    ("judge", "case"), [(metrics.single, single_case), (metrics.multi, multi_case)]
)
def test_the_order_of_rows_does_not_matter_and_json_takes_it(judge, case):
    truth, probabilities, decisions, labels = case()
    order = np.random.default_rng(1).permutation(len(truth))
    one = judge(truth, probabilities, decisions, labels)
    other = judge(truth[order], probabilities[order], decisions[order], labels)
    assert metrics.headline(one) == pytest.approx(metrics.headline(other))
    assert json.loads(json.dumps(one, allow_nan=False)) == one


def test_area_uses_probabilities_and_not_decisions():
    truth = np.array([[0.0], [0], [1], [1]])
    scores = np.array([[0.1], [0.2], [0.3], [0.4]])
    found = metrics.multi(truth, scores, np.zeros((4, 1), int), ["rare"])
    assert (found["roc_auc"], found["labels"]["rare"]["f1"]) == (1.0, 0.0)


def test_a_constant_answer_has_mcc_zero():
    truth, probabilities, decisions, labels = single_case()
    found = metrics.single(truth, probabilities, np.zeros_like(decisions), labels)
    assert found["mcc"] == 0.0
    assert found["labels"]["c1"]["precision"] == 0.0


def test_one_class_in_the_truth_gives_nothing_with_the_reason():
    truth, probabilities, decisions, _ = single_case(c=2)
    found = metrics.single(np.zeros_like(truth), probabilities, decisions, ["no", "yes"])
    assert [found[key] for key in ("mcc", "roc_auc", "pr_auc")] == [None] * 3
    assert found["undefined"]["mcc"] == "the truth has one class only"
    assert found["undefined"]["roc_auc"] == "no text of this split has the label"
    assert found["undefined"]["labels.yes.recall"] == "no text of this split has the label"
    assert found["labels"]["no"]["recall"] == pytest.approx((decisions == 0).mean())


def test_a_label_without_positives_is_left_out_of_areas_but_not_of_macro_f1():
    truth, probabilities, decisions, labels = multi_case()
    truth[:, 3] = 0
    found = metrics.multi(truth, probabilities, decisions, labels)
    assert found["labels"]["l3"]["roc_auc"] is None
    assert found["undefined"]["labels.l3.roc_auc"] == "no text of this split has the label"
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(truth[:, :3], probabilities[:, :3]))
    expected = sk.f1_score(truth, decisions, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(expected)


def test_cells_that_are_not_scored_change_nothing():
    truth, probabilities, decisions, labels = multi_case()
    with_holes = truth.copy()
    with_holes[50:, 2] = np.nan
    with_holes[200:] = np.nan
    found = metrics.multi(with_holes, probabilities, decisions, labels)
    other_answers = np.where(np.isnan(with_holes), 1 - decisions, decisions)
    other_scores = np.where(np.isnan(with_holes), 1 - probabilities, probabilities)
    assert metrics.multi(with_holes, other_scores, other_answers, labels) == found
    assert (found["n"], found["cells"]) == (200, 650)
    assert found["labels"]["l2"]["support"] == int(truth[:50, 2].sum())
    assert found["labels"]["l1"]["f1"] == pytest.approx(
        sk.f1_score(truth[:200, 1], decisions[:200, 1])
    )


def test_probabilities_that_are_not_finite_are_named_and_decisions_still_judged():
    truth, probabilities, decisions, labels = single_case()
    probabilities[0, 0] = np.nan
    found = metrics.single(truth, probabilities, decisions, labels)
    assert (found["log_loss"], found["labels"]["c0"]["roc_auc"]) == (None, None)
    assert found["undefined"]["log_loss"] == "1 of 900 probabilities are not finite"
    assert found["accuracy"] == pytest.approx((truth == decisions).mean())


def test_half_precision_probabilities_raise_no_warning():
    truth, probabilities, decisions, labels = single_case()
    rough = probabilities.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics.single(truth, rough, decisions, labels)
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, probabilities), abs=1e-6)


def test_no_text_at_all_gives_nothing_with_the_reason():
    none, scores = np.zeros(0, int), np.zeros((0, 2))
    one = metrics.single(none, scores, none, ["a", "b"])
    many = metrics.multi(scores, scores, scores.astype(int), ["a", "b"])
    for found in (one, many):
        assert set(metrics.headline(found).values()) == {None}
        assert set(metrics.headline(found)) <= set(found["undefined"])
        assert found["n"] == 0


def test_each_number_that_is_missing_has_its_reason():
    truth, probabilities, decisions, labels = multi_case(n=12)
    truth[:, 0], truth[:, 1], decisions[:, 0] = 0, 1, 0
    found = metrics.multi(truth, probabilities, decisions, labels)
    missing = {key for key, value in metrics.headline(found).items() if value is None}
    missing |= {
        f"labels.{label}.{key}"
        for label, table in found["labels"].items()
        for key, value in table.items()
        if value is None
    }
    assert missing == set(found["undefined"])
    assert "labels.l0.f1" in missing
    assert "labels.l1.mcc" in missing


def test_each_headline_number_has_a_direction():
    for judge, case in ((metrics.single, single_case), (metrics.multi, multi_case)):
        found = judge(*case())
        numbers = {key for key, value in found.items() if isinstance(value, float)}
        assert numbers == set(metrics.headline(found)) <= set(catalogue.METRICS)


@pytest.mark.parametrize(
    ("name", "new", "old", "wins"),
    [
        ("mcc", 0.2, 0.1, True),
        ("mcc", 0.1, 0.1, False),
        ("log_loss", 0.2, 0.1, False),
        ("loss", 0.1, 0.2, True),
        ("hamming_loss", 0.1, 0.2, True),
        ("labels.a.b.roc_auc", 0.9, 0.8, True),
        ("mcc", None, 0.1, False),
        ("mcc", 0.1, None, True),
        ("mcc", math.nan, None, False),
        ("log_loss", 9.0, math.nan, True),
    ],
)
def test_better_knows_direction_and_missing_numbers(name, new, old, wins):
    assert metrics.better(name, new, old) is wins


def test_an_unknown_metric_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"'macro_fl' is not known; did you mean 'macro_f1'"):
        metrics.better("macro_fl", 1.0, 0.0)
