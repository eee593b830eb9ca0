import gzip

import numpy as np
import pytest

from bench import suggest
from bench.suggest import Embedded, chance, measured, parse, read, verdict


def clouds(count: int, seed: int) -> Embedded:
    """Return two classes whose border runs through one cloud of many."""
    draw = np.random.default_rng(seed)
    found = draw.normal(size=(count, 8)).astype(np.float32)
    units = found / np.linalg.norm(found, axis=1, keepdims=True)
    return Embedded(units, (units[:, 0] > 0.1).astype(np.int64))


def options(tmp_path, *words):
    for name in {file for pair in suggest.SETS.values() for file in pair}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return parse(["--data", str(tmp_path), "--base", "any", *words])


def test_every_strategy_is_measured_from_the_same_beginning(tmp_path):
    asked = options(tmp_path, "--pool", "200", "--rounds", "2", "--each", "5", "--repetitions", "3")
    found = measured(clouds(200, 0), clouds(100, 1), asked)
    assert found["accuracy"].keys() == suggest.STRATEGIES.keys()
    first = {name: [one[0] for one in values] for name, values in found["accuracy"].items()}
    assert all(values == first["random"] for values in first.values())
    assert all(len(one) == 3 for values in found["accuracy"].values() for one in values)
    assert found == measured(clouds(200, 0), clouds(100, 1), asked)


@pytest.mark.parametrize(
    ("gains", "words"),
    [
        ([0.02, 0.01, 0.03, 0.015, 0.04, 0.025], "suggested texts teach more than random ones"),
        ([0.02, -0.01, 0.03, -0.015, 0.04, -0.025], "it could not be shown that"),
        ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "it could not be shown that"),
    ],
)
def test_the_verdict_says_whether_a_gain_was_shown(gains, words):
    values = np.asarray(gains)
    said = verdict(float(values.mean()), chance(values), len(gains))
    assert said.startswith(words)
    assert f"{values.mean():+.4f}" in said


def test_texts_of_several_labels_are_left_out(tmp_path):
    file = tmp_path / "train.tsv.gz"
    with gzip.open(file, "wt", encoding="utf-8") as opened:
        opened.write("one\t3\ta\ntwo\t3,4\tb\n")
    assert read("goemotions", file) == [("one", "3")]


def test_more_labels_than_texts_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        options(tmp_path, "--pool", "120")
    assert "--pool 120: 120 texts are to be labelled of more than that" in capsys.readouterr().err
