"""Which texts are computed together changes nothing of what is said of them."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import SettingsError
from textune.fast import exact, products

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
FILES = {
    **{"single": "single_valid.csv", "multi": "multi_valid.csv", "number": "number_valid.csv"},
    **{"pairs": "pairs_valid.tsv", "tags": "tags_valid.conll", "answers": "answers_valid.json"},
}


def evaluated(place, file, *more):
    done = CliRunner().invoke(cli.app, ["evaluate", str(place), str(file), "--json", *more])
    assert done.exit_code == 0, done.output
    (kept,) = (place / "evaluations").glob("*.parquet")
    return kept.read_bytes(), json.loads(done.stdout)


@pytest.mark.parametrize("task", FILES)
def test_batches_of_any_size_give_the_same_bytes(task, tmp_path):
    if not (exact.is_strict() or products.takes(torch.float32)):
        pytest.skip("products of this processor depend on how many rows are multiplied")
    place = shutil.copytree(RUNS / task, tmp_path / "run")
    file = RUNS / "data" / FILES[task]
    bytes_of, numbers_of = evaluated(place, file, "--precision", "fp32")
    for size in ("1", "7", "64"):
        found, numbers = evaluated(place, file, "--precision", "fp32", "--batch-size", size)
        assert numbers | {"remarks": []} == numbers_of | {"remarks": []}
        assert found == bytes_of


def test_a_batch_has_a_text():
    with pytest.raises(SettingsError, match="--batch-size 0: expected 1, 2, 3"):
        textune.evaluate(RUNS / "single", "none.csv", batch_size=0)
