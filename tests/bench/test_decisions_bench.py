"""What `python -m bench.decisions` counts, on made answers."""

import numpy as np
import pytest
from scipy import special

from bench import decisions


@pytest.fixture
def made():
    """Return 2,000 texts with two labels, and logits that are right."""
    draw = np.random.default_rng(0)
    logits = draw.normal(-1.5, 4.0, (2000, 2))
    return (draw.random(logits.shape) < special.expit(logits)).astype(float), logits


@pytest.fixture
def options(shared):
    return decisions.parse(["--draws", "20", "--data", str(shared)])


def test_promises_that_are_given_hold(made, options):
    truth, logits = made
    found = decisions.promises(truth, special.expit(logits), ("hot", "cold"), options)
    for one in found.values():
        assert one["promised"] >= 15
        assert one["broken"] <= 1


def test_a_model_that_is_too_sure_is_repaired(made, options):
    truth, logits = made
    found = decisions.planted(truth, 4 * logits, options)
    assert found["after"] < 0.03 < 0.04 < found["before"]


def test_the_gain_is_of_macro_f1(made):
    truth, logits = made
    half = (logits > 0).astype(float)
    found = decisions.gain(truth, half, truth)
    assert found["low"] > 0
    assert decisions.gain(truth, half, half)["gain"] == 0
    assert decisions.marks(["hot", "", "hot;cold"], ("hot", "cold")).tolist() == [
        [1, 0],
        [0, 0],
        [1, 1],
    ]


def test_sets_are_read_once_each(shared):
    labels, rows = decisions.read("jigsaw", shared)
    assert labels == decisions.TOXIC
    assert len({text for text, _ in rows}) == len(rows) > 5000


def test_sets_that_are_not_there_are_refused(shared, tmp_path, capsys):
    with pytest.raises(SystemExit):
        decisions.parse(["--only", "jigsaw,emotion", "--data", str(shared)])
    assert "--only emotion: allowed are jigsaw, goemotions" in capsys.readouterr().err
    (tmp_path / "goemotions").mkdir()
    for file in decisions.FILES["goemotions"]:
        (tmp_path / file).touch()
    asked = ["--only", "goemotions", "--data", str(tmp_path)]
    assert decisions.parse(asked).only == ["goemotions"]
