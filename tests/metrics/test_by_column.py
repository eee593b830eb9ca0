"""Numbers of several columns are those of each column by itself, and their means."""

import numpy as np
import pytest

from textune.metrics import by_column, metrics
from thinning import spare

COLUMNS = {"a": np.asarray([0, 2]), "b": np.asarray([1, 3, 4])}
LABELS = ["a: x", "b: p", "a: y", "b: q", "b: r"]


def drawn(count, *, right=0.7, blank=0.2, seed=0):
    """Return truth, probabilities and decisions of columns whose outputs stand mixed."""
    rng = np.random.default_rng(seed)
    truth, chances = np.zeros((count, 5)), np.zeros((count, 5))
    for at in COLUMNS.values():
        classes = rng.integers(len(at), size=count)
        given = np.where(rng.random(count) < right, classes, rng.integers(len(at), size=count))
        truth[np.arange(count), at[classes]] = 1
        own = rng.random((count, len(at)))
        own[np.arange(count), given] += 1
        chances[:, at] = own / own.sum(axis=1, keepdims=True)
        truth[np.ix_(rng.random(count) < blank, at)] = np.nan
    decisions = np.zeros((count, 5), dtype=np.int64)
    for at in COLUMNS.values():
        decisions[np.arange(count), at[chances[:, at].argmax(axis=1)]] = 1
    return truth, chances, decisions


def test_a_column_is_judged_as_one_label_a_text_is():
    truth, chances, decisions = drawn(300)
    found = by_column.judge(truth, chances, decisions, COLUMNS, LABELS)
    for name, at in COLUMNS.items():
        rows = ~np.isnan(truth[:, at[0]])
        alone = metrics.single(
            truth[rows][:, at].argmax(1), chances[rows][:, at],
            decisions[rows][:, at].argmax(1), [LABELS[place][3:] for place in at],
        )  # fmt: skip
        own = found["columns"][name]
        assert own["n"] == rows.sum()
        assert own["confusion"] == alone["confusion"]
        for key in (*by_column.MEANS, by_column.LOSS):
            assert own[key] == pytest.approx(alone[key])
        assert {f"{name}: {label}": one for label, one in alone["labels"].items()}.items() <= (
            found["labels"].items()
        )
    for key in (*by_column.MEANS, by_column.LOSS):
        assert found[key] == pytest.approx(np.mean([own[key] for own in found["columns"].values()]))
    wrong = ((truth != decisions) & ~np.isnan(truth)).any(axis=1)
    judged = ~np.isnan(truth).all(axis=1)
    assert found["all_right"] == pytest.approx(1 - wrong[judged].mean())
    assert found["n"] == judged.sum()


def test_what_a_column_cannot_give_is_left_out_of_the_mean_and_said():
    truth, chances, decisions = drawn(80, blank=0)
    truth[:, [0, 2]] = [1, 0]  # one class only
    found = by_column.judge(truth, chances, decisions, COLUMNS, LABELS)
    assert found["columns"]["a"]["mcc"] is None
    assert found["mcc"] == found["columns"]["b"]["mcc"]
    assert found["undefined"]["columns.a.mcc"] == "the truth has one class only"
    truth[:, [0, 2]] = np.nan
    found = by_column.judge(truth, chances, decisions, COLUMNS, LABELS)
    assert found["columns"]["a"]["n"] == 0
    assert found["accuracy"] == found["columns"]["b"]["accuracy"]


@pytest.mark.parametrize("count", [60, 400])
def test_intervals_hold_the_numbers_and_shrink_with_more_texts(count):
    truth, chances, decisions = drawn(count)
    found = by_column.judge(truth, chances, decisions, COLUMNS, LABELS)
    spans = by_column.intervals(truth, chances, decisions, COLUMNS)
    assert {"mcc", "accuracy", "macro_f1", "log_loss", "all_right"} <= spans.keys()
    for key, (low, high) in spans.items():
        assert low <= found[key] <= high
        assert 0 < high - low < (0.8 if count == 60 else 0.3)


def test_intervals_of_many_samples_hold_what_is_true_of_all():
    everything = by_column.judge(*drawn(40_000, blank=0), COLUMNS, LABELS)["mcc"]
    spans = [
        by_column.intervals(*drawn(300, blank=0, seed=n), COLUMNS, seed=n)["mcc"]
        for n in range(1, 31)
    ]
    held = sum(low <= everything <= high for low, high in spans)
    assert held >= 25


@pytest.mark.parametrize("right", [1.0, 0.0])
@pytest.mark.parametrize("count", [1, 5, 60])
def test_accuracy_has_a_proper_interval_where_all_cells_are_right_or_wrong(count, right):
    truth, chances, decisions = drawn(count, right=1.0, blank=0)
    if not right:
        for at in COLUMNS.values():
            decisions[:, at] = np.roll(truth[:, at], 1, axis=1)
    low, high = by_column.intervals(truth, chances, decisions, COLUMNS)["accuracy"]
    assert (low, high)[int(right)] == right
    far = {1: 0.7, 5: 0.25, 60: 0.02}[count]
    assert high - low > far


@pytest.mark.exhaustive
@pytest.mark.parametrize("blank", [spare(0.0), 0.4])
def test_accuracy_of_columns_that_go_wrong_together_is_held_as_often_as_is_said(blank):
    rng, held = np.random.default_rng(0), 0
    for n in range(200):
        truth, chances, _ = drawn(40, blank=0, seed=n)
        decisions = truth.astype(np.int64)
        is_wrong = rng.random(40) < 0.1
        for at in COLUMNS.values():
            decisions[np.ix_(is_wrong, at)] = np.roll(truth[is_wrong][:, at], 1, axis=1)
        truth[np.ix_(rng.random(40) < blank, COLUMNS["a"])] = np.nan
        low, high = by_column.intervals(truth, chances, decisions, COLUMNS)["accuracy"]
        held += low <= 0.9 <= high
    assert held >= 184
