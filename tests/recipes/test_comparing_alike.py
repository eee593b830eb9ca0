"""Models that decide all texts alike may decide others apart: no interval without width is told."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import optimize
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.metrics import comparing
from textune.recipes import distilled_worth

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"


@pytest.fixture
def alike(tmp_path):
    """Return two runs that decide all alike, the second by other probabilities."""
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        shutil.copytree(RUNS / "single", place)
    file = places[1] / "predictions" / "valid.parquet"
    columns = pq.read_table(file).to_pydict()
    names = [name for name in columns if name.startswith("p(")]
    rows = np.array([columns[name] for name in names]) ** 1.3
    columns.update(zip(names, (rows / rows.sum(axis=0)).tolist(), strict=True))
    pq.write_table(pa.table(columns), file)
    return places


def test_decided_alike_is_no_certainty(alike):
    found = textune.compare(*alike)
    assert found.alone == [(0, 0)]
    (accuracy,) = found.differences["accuracy"]
    width = 1.96**2 / (found.texts + 1.96**2)  # Tango's, where no text speaks for either
    assert accuracy.interval == pytest.approx((-width, width), abs=1e-4)
    for key in ("mcc", "macro_f1"):
        (each,) = found.differences[key]
        assert (each.gain, each.interval, each.is_shown) == (0, None, False), key
    (loss,) = found.differences["log_loss"]
    assert loss.interval is not None
    json.dumps(found.told(), allow_nan=False)


def test_the_screen_says_that_all_are_decided_alike(alike):
    done = CliRunner().invoke(cli.app, ["compare", *map(str, alike)])
    said = " ".join(done.stdout.split())
    assert done.exit_code == 0, done.output
    assert "0.000 … " not in said
    assert f"MCC cannot tell {alike[0]} and {alike[1]} apart" in said
    assert "the same however these" in said


@pytest.mark.parametrize(
    ("one", "other", "texts"), [(0, 0, 100), (0, 1, 44), (1, 9, 50), (40, 0, 40)]
)
def test_shares_of_right_texts_have_the_score_interval(one, other, texts):
    def off(gap):
        """Return by how many errors the counts are off, at the likeliest shares with this gap."""

        def surprise(share):
            both = [(one, share + gap), (other, share), (texts - one - other, 1 - 2 * share - gap)]
            return -sum(count * np.log(max(part, 1e-300)) for count, part in both if count)

        bounds = (max(0.0, -gap), (1 - gap) / 2)
        share = optimize.minimize_scalar(surprise, bounds=bounds, options={"xatol": 1e-12}).x
        return (texts * gap - (one - other)) / np.sqrt(texts * (2 * share + gap * (1 - gap)))

    low, high = comparing.of_shares(one, other, texts, 1.96)
    assert high == pytest.approx(1) or off(high) == pytest.approx(1.96, abs=1e-3)
    assert off(low) == pytest.approx(-1.96, abs=1e-3)
    assert low <= (one - other) / texts <= high


def test_the_interval_of_shares_holds_as_often_as_it_says():
    draw = np.random.default_rng(0)
    texts, apart, held = 100, 0.02, 0  # of a hundred texts, two speak for one of both
    draws = comparing.draws(texts)[:201]
    for _ in range(300):
        one = draw.random(texts) < apart
        other = (draw.random(texts) < apart) & ~one
        only = [(int(other.sum()), int(one.sum()))]
        found = [draws @ side / texts for side in (one, other)]
        (told,) = comparing.differences("accuracy", found, texts=texts, only=only)
        assert told.interval is not None
        held += told.low <= apart * -apart <= told.high  # what both are apart by
    assert held >= 0.95 * 300


def test_of_several_those_that_are_alike_are_no_narrower_than_together():
    texts = 200
    draws = comparing.draws(texts)
    right = np.arange(texts) % 4 > 0
    found = [draws @ right / texts] * 4
    told = comparing.differences("accuracy", found, texts=texts, only=[(0, 0)] * 3)
    assert {each.high for each in told} == {told[0].high}
    assert told[0].high == pytest.approx(2.394**2 / (texts + 2.394**2), abs=1e-4)  # of three


def test_a_smaller_model_that_decides_alike_is_told_so():
    score = {"first": 0.5, "other": 0.5, "gain": 0.0, "interval": None, "is_alike": True}
    found = {"bytes": (1, 1), "texts_per_second": (1, 1), "times_as_fast": 1.0, "on": "texts"}
    *_, line = distilled_worth.words(found | {"texts": 90, "main": "mcc", "scores": {"mcc": score}})
    assert "too few" not in line
    assert "the same however" in line
