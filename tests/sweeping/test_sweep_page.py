"""The trials of a sweep become a page and pictures, and a table for programs."""

import pytest

from textune.doors.keywords import LABELLED
from textune.sweeping import page, results, spaces
from textune.sweeping.plans import Plan
from textune.sweeping.study import Trial

WRITTEN = ["lr=1e-5..1e-3:log", "batch-size=16,32"]


@pytest.fixture
def plan():
    """Return the plan of a sweep."""
    space = spaces.parse(WRITTEN, LABELLED)
    return Plan(
        source="reviews.csv",
        valid=None,
        test=None,
        settings={},
        space=spaces.stored(space),
        pruner="median",
        is_grid=False,
        metric="mcc",
        is_higher=True,
        is_crossed=False,
        has_own_valid=False,
        files=[],
        texts=90,
        trials=4,
        seeds=3,
    )


def trial(number, state, score, *, steps=None, **notes):
    values = {"train.lr": 10 ** (-4.5 + number / 2), "train.batch_size": 16 * (1 + number % 2)}
    return Trial(number, state, values, score, {"seconds": 61.0} | notes, steps or {})


@pytest.mark.exhaustive
def test_the_page_shows_history_importance_slices_and_what_failed(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUNE_PICTURES", "1")
    found = [
        trial(0, "COMPLETE", 0.4),
        trial(1, "COMPLETE", 0.6),
        trial(2, "PRUNED", None, steps={33: 0.2}, error="given up after 1 of 3 epochs"),
        trial(3, "FAIL", None, error="a <gradient> is not finite"),
    ]
    numbers = {
        "metric": "mcc",
        "trials": {"complete": 2, "pruned": 1, "fail": 1},
        "best": {"trial": 1, "value": 0.6, "judged": "90 texts", "settings": found[1].values},
        "importance": {"train.lr": 0.8, "train.batch_size": 0.2},
        "winner": {"seeds": 3, "split": "new", "valid": {"mean": 0.55, "deviation": 0.02}},
        "words": "the best of 2",
    }
    page.write(tmp_path, plan, found, numbers)
    names = {file.name for file in (tmp_path / "pictures").iterdir()}
    assert names == {"history.png", "importance.png", "slice-lr.png", "slice-batch_size.png"}
    text = (tmp_path / "sweep.html").read_text(encoding="utf-8")
    for words in (
        *("The best of 2.", "0.550 ± 0.020", "History of trials", "1:01"),
        *("given up after 1 of 3 epochs", "a &lt;gradient&gt; is not finite", "lr 1e-5 to 0.001"),
    ):
        assert words in text
    assert text.count("<svg") == 4


def test_how_a_trial_ended_is_said_in_a_line(plan):
    best = trial(1, "COMPLETE", 0.6)
    said = [
        results.ended(each, plan, best)
        for each in (best, trial(0, "COMPLETE", 0.4), trial(2, "FAIL", None, error="no base"))
    ]
    assert said == [
        "trial 1: MCC 0.600, the best so far",
        "trial 0: MCC 0.400 (best so far: 0.600, trial 1)",
        "trial 2 failed: no base",
    ]
