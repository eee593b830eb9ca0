"""What an export does now is told while it goes on, which may take minutes."""

import json

import pytest
from typer.testing import CliRunner

import textune
from conftest import write_reviews
from textune.doors import cli, console
from textune.exporting import parity

VALID = ["data.valid_share=0.25"]


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    source = write_reviews(folder / "reviews.csv")
    out = folder / "run"
    textune.train(str(source), base=tiny_base, out=out, epochs=1, lr=5e-3, settings=VALID)
    return out


def typed(*words):
    return CliRunner().invoke(cli.app, list(map(str, words)))


def test_reading_writing_and_comparing_are_told(run, tmp_path):
    done = typed("export", run, "--out", tmp_path / "out", "--random", 5)
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines() == [
        f"reading {run}",
        "writing it as onnx, in fp32",
        "comparing: 0 of 45 texts, answered by both",
    ]
    assert "comparing" not in done.stdout


def test_how_many_were_compared_is_told_after_a_while(run, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "CHUNK", 20)
    monkeypatch.setattr(console, "SILENCE", 0.0)
    done = typed("export", run, "--out", tmp_path / "out", "--random", 5)
    told = [line for line in done.stderr.splitlines() if line.startswith("comparing")]
    assert [line.split()[1] for line in told] == ["0", "20", "40"]


def test_a_program_gets_its_object_alone(run, tmp_path):
    done = typed("export", run, "--out", tmp_path / "out", "--random", 5, "--json")
    assert json.loads(done.stdout)["texts"]["random"] == 5
    assert done.stderr == ""


def test_the_library_prints_nothing(run, tmp_path, capsys):
    textune.export(run, out=tmp_path / "out", random=5)
    assert capsys.readouterr() == ("", "")
