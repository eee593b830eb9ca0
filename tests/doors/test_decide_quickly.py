"""`textune decide` imports, draws and tokenises only what another rule changes."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

import textune
from conftest import WORDS
from textune.recipes import redeciding
from textune.runs import predictions

HEAVY = (
    *("torch", "transformers", "sklearn", "scipy", "matplotlib", "pandas", "pyarrow.dataset"),
    *("textune.reading.sources", "textune.settings.config"),  # and all that these import
)
DRIVER = f"""
import json, sys
from textune.doors import cli
cli.app(["decide", sys.argv[1], "--aim", "f1", "--json"], standalone_mode=False)
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
FILES = ("metrics.json", "model/decision.json", "report.html")


@pytest.fixture(scope="module", params=[1, 2], ids=["one label", "several"])
def trained(request, tiny_base, tmp_path_factory):
    """Return a run of texts that have one of two labels, or each of them or not."""
    folder, draw = tmp_path_factory.mktemp("quickly"), np.random.default_rng(0)
    rows = ["text,hot,cold" if request.param == 2 else "text,label"]
    for number in range(240):
        marks = (draw.random(request.param) < 0.4).astype(int)
        words = [draw.choice(WORDS[6 * bool(mark) :][:6]) for mark in marks for _ in range(3)]
        rows.append(",".join([" ".join([*words, WORDS[12 + number % 6]]), *map(str, marks)]))
    (folder / "texts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return textune.train(
        folder / "texts.csv", base=tiny_base, out=folder / "trained", effort="quick"
    ).path


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def content(run):
    return {name: (run / name).read_bytes() for name in FILES}


@pytest.mark.first(1)
def test_nothing_heavy_is_imported_to_decide_anew(run):
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(run)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_what_training_kept_decides_as_what_is_found_anew(run, tmp_path, monkeypatch):
    other = shutil.copytree(run, tmp_path / "other" / "run")
    file = other / "predictions" / "valid.parquet"
    assert predictions.counted(file).keys() == {"tokens", "unknown pieces"}
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)
    (other / "report.html").unlink()
    with monkeypatch.context() as patched:
        patched.setattr(redeciding.stores, "tokenize", None)  # is not needed
        patched.chdir(run.parent)
        textune.decide("run", aim="f1")
    monkeypatch.chdir(other.parent)
    textune.decide("run", aim="f1")
    assert content(run) == content(other)
    assert predictions.counted(file) == predictions.counted(run / "predictions/valid.parquet")


@pytest.mark.parametrize("counts", [{"tokens": [1, 2]}, {"tokens": []}], ids=str)
def test_counts_of_other_rows_are_not_taken(tmp_path, counts):
    predictions.write(tmp_path / "a.parquet", {"text": ["a", "b", "c"]}, counts)
    assert predictions.counted(tmp_path / "a.parquet") == {}


@pytest.mark.parametrize("packed", [b"", b"?", b"eJwDAAAAAAE="], ids=str)
def test_damaged_counts_are_not_taken(tmp_path, packed):
    file = tmp_path / "a.parquet"
    predictions.write(file, {"text": ["a"]}, {"tokens": [7]})
    assert predictions.counted(file) == {"tokens": [7]}
    table = pq.read_table(file).replace_schema_metadata({predictions.COUNTS: packed})
    pq.write_table(table, file)
    assert predictions.counted(file) == {}
