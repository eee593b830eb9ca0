"""Each text is judged once, by a model that did not learn from it."""

import json
import sys
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest

from textune.doors import cli
from textune.recipes import cross_validation
from textune.records import Example
from textune.splits import folds


def texts(count, groups=None):
    return [
        Example(
            f"text {n}", f"a.csv:{n}", label="ab"[n % 3 == 0], group=groups and f"g{n % groups}"
        )
        for n in range(count)
    ]


def test_folds_are_even_stratified_and_the_same_for_each_number():
    found = folds.deal(texts(60), 5, seed=1)
    assert Counter(found.tolist()) == dict.fromkeys(range(5), 12)
    for fold in range(5):
        labels = Counter(texts(60)[row].label for row in np.flatnonzero(found == fold))
        assert labels == {"a": 8, "b": 4}
    parts = [folds.split(texts(60), n, 5, valid_share=0.1, seed=1) for n in range(1, 6)]
    assert sorted(row for part in parts for row in part.test.tolist()) == list(range(60))
    for part in parts:
        assert sorted([*part.train, *part.valid, *part.test]) == list(range(60))
        assert len(part.valid) == 5


def test_groups_stay_together_and_lonely_labels_are_always_learned():
    grouped = texts(60, groups=12)
    found = folds.deal(grouped, 4, seed=1)
    for group in range(12):
        assert len(set(found[group::12].tolist())) == 1
    rare = [*texts(30), Example("odd one", "a.csv:99", label="c")]
    assert folds.deal(rare, 3, seed=1)[-1] == folds.ALWAYS


def test_mean_deviation_and_interval():
    found = cross_validation.summary([{"mcc": 0.4, "f1": None}, {"mcc": 0.6}, {"mcc": 0.5}])
    assert list(found) == ["mcc"]
    assert found["mcc"]["mean"] == pytest.approx(0.5)
    assert found["mcc"]["deviation"] == pytest.approx(0.1)
    low, high = found["mcc"]["interval"]
    assert high - low == pytest.approx(2 * 4.302653 * 0.1 * np.sqrt(1 / 3 + 1 / 2))


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["textune", "folds", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    return ended.value.code, *capsys.readouterr()


def test_the_command_judges_every_text_once(reviews, tiny_base, tmp_path, monkeypatch, capsys):
    out = tmp_path / "folds"
    command = [reviews, "-k", "3", "--base", tiny_base, "--out", out, "--epochs", "1"]
    code, said, _ = run(monkeypatch, capsys, *command, "--json")
    assert code == 0
    numbers = json.loads(said)
    assert (numbers["path"], numbers["folds"]) == (str(out), 3)
    assert [one["n"] for one in numbers["each"]] == [53, 54, 53]
    predictions = pq.read_table(out / "out_of_fold.parquet").to_pydict()
    assert len(set(predictions["origin"])) == 160
    assert Counter(predictions["fold"]) == {1: 53, 2: 54, 3: 53}
    right = np.array(predictions["truth"]) == np.array(predictions["decision"])
    shares = [right[np.array(predictions["fold"]) == n].mean() for n in (1, 2, 3)]
    assert np.mean(shares) == pytest.approx(numbers["metrics"]["accuracy"]["mean"])
    assert not (out / "fold-1" / "model").exists()
    code, _, said = run(monkeypatch, capsys, *command)
    assert code == 2
    assert "fold-1: already exists; --resume keeps the folds that are finished" in said
    assert "--overwrite starts anew" in said


def test_too_few_folds_are_refused(reviews, monkeypatch, capsys):
    code, _, said = run(monkeypatch, capsys, reviews, "-k", "1")
    assert code == 2
    assert "at least two folds" in said


def test_the_table_shows_means_over_folds(capsys):
    from textune.doors import console_metrics

    summed = cross_validation.summary([{"accuracy": 0.4}, {"accuracy": 0.6}])
    console_metrics.show_folds({"folds": 2, "metrics": summed})
    shown = capsys.readouterr().out
    assert "2 folds" in shown
    assert "accuracy  0.500      0.141" in shown
