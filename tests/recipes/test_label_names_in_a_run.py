"""A run on few texts learns from what its labels are called, and says so."""

import json

import pytest
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.encoder import near
from textune.encoder.names import BUNDLED

SPORT = ("the striker scored twice", "rain ended the tennis final", "a record at the marathon")
FOOD = ("boil the rice for ten minutes", "this soup needs salt", "bread fresh from the oven")


@pytest.mark.exhaustive
def test_the_names_of_labels_are_examples_and_their_tokens_are_known(tmp_path, monkeypatch):
    file, run = tmp_path / "few.csv", tmp_path / "run"
    rows = [("sport", text) for text in SPORT] + [("cookery", text) for text in FOOD]
    lines = "".join(f"{label},{text}\n" for label, text in rows)
    file.write_text(f"label,text\n{lines}", encoding="utf-8")
    asked = ["train", file, "--valid", file, "--out", run, "--base", BUNDLED, "--epochs", 0]
    asked += ["--recipe", "auto", "--set", "train.name_words=20"]
    asked += ["--set", "train.keep_checkpoints=true"]
    done = CliRunner().invoke(cli.app, list(map(str, asked)))
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "words near the labels' names, at most 20 each: cookery (" in said
    assert "sport (sport, sports, " in said
    assert "of 6 texts and of the labels' names and of words near them: " in said
    assert json.loads((run / "probe.json").read_text(encoding="utf-8"))["reads_names"] is True
    found = textune.Predictor.load(run)(["an Olympic gold medal", "a recipe for pancakes"])
    assert [one.labels for one in found] == [("sport",), ("cookery",)]
    monkeypatch.setattr(near, "MOST_COMPARED", 30)  # as if they were found by other numbers
    further = CliRunner().invoke(cli.app, [*map(str, asked), "--epochs", "1", "--resume"])
    said = str(further.exception)
    assert "the words near the labels' names changed after the checkpoint was written" in said
