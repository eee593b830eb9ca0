"""One or two texts have the intervals that they can bear, and what has none is told."""

import numpy as np
import pytest

from textune.metrics import by_column, decided, entities, few_texts, numbers, spans
from textune.metrics.intervals import bootstrap

YES = np.array([[0.3, 0.7]])


def of_one_text():
    """Return the intervals that each kind of number has of one text."""
    columns = {"a": np.array([0, 1]), "b": np.array([2, 3])}
    truth, sure = np.array([[1.0, 0.0, 0.0, 1.0]]), np.array([[0.7, 0.3, 0.2, 0.8]])
    return {
        "classes": bootstrap(np.array([1]), YES, np.array([1])),
        "labels": bootstrap(np.array([[1.0, 0.0]]), YES[:, ::-1], np.array([[1, 0]])),
        "columns": by_column.intervals(truth, sure, truth.astype(int), columns),
        "numbers": numbers.intervals(np.array([[3.0]]), np.array([[2.0]])),
        "answers": spans.intervals(["in Rome"], [["Rome"]]),
        "tags": entities.intervals([("B-X", "O", "B-X")], [("B-X", "O", "O")]),
    }


def test_one_text_has_no_interval_of_a_loss_or_an_error():
    found = of_one_text()
    kinds = {kind: set(each) & {"log_loss", "rmse", "mae", "mcc"} for kind, each in found.items()}
    assert kinds == {kind: set() for kind in found}
    assert not found.pop("numbers")
    assert all({"accuracy", "exact_match", "all_right"} & set(each) for each in found.values())
    assert all(high > low for each in found.values() for low, high in each.values())


@pytest.mark.parametrize(("texts", "errors", "correlations"), [(2, 0, 0), (4, 2, 0), (5, 2, 2)])
def test_errors_and_correlations_wait_for_texts_that_tell_their_spread(texts, errors, correlations):
    truth = np.arange(texts, dtype=float)[:, None]
    found = numbers.intervals(truth, truth + np.cos(3 * truth))
    assert len({"rmse", "mae"} & set(found)) == errors
    assert len({"pearson", "spearman"} & set(found)) == correlations


@pytest.mark.parametrize("texts", [2, 5])
def test_a_coefficient_of_several_labels_waits_for_five_texts(texts):
    rng = np.random.default_rng(0)
    truth = np.resize([[1.0, 0.0], [0.0, 1.0]], (texts, 2))
    found = bootstrap(truth, rng.random((texts, 2)), truth.astype(int))
    assert ("mcc" in found) == (texts == 5)
    assert "macro_f1" in found


def test_what_has_no_interval_is_told_with_the_reason():
    report = {"n": 1, "accuracy": 1.0, "mcc": None, "log_loss": 0.3, "pr_auc": 0.5}
    said = "no interval of log loss: 1 text does not show how much texts differ"
    report["intervals"] = {"accuracy": [0.2, 1.0]}
    assert few_texts.reason(report) == said
    assert said in list(decided.lines({**report, "no_interval": said}))
    assert few_texts.reason({**report, "n": 20}) is None
