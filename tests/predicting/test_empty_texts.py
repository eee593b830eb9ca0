"""Texts without a word are answered, and how many they were is told."""

import json

import pytest
from typer.testing import CliRunner

from made_runs import make_run
from textune.doors.cli import app

SAID = "what the model says of no words at all"


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return make_run(folder, tiny_base, "single", ["bad", "good"], columns=("text", "label"))


@pytest.fixture(scope="module")
def of_pairs(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    columns = ("first", "second", "label")
    return make_run(folder, tiny_base, "single", ["bad", "good"], text=columns[:2], columns=columns)


def predict(*words):
    found = CliRunner().invoke(app, ["predict", *map(str, words)])
    assert found.exit_code == 0, found.output
    return found.stdout, " ".join(found.stderr.split())


@pytest.mark.parametrize("form", [(), ("--json",), ("--output",)])
def test_empty_cells_of_a_file_are_counted(form, run, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text('text,x\na film,1\n,2\n"  ",3\n"\u200b",4\nbad,5\n', encoding="utf-8")
    form = (*form, tmp_path / "out.csv") if form == ("--output",) else form
    shown, said = predict(run, "--input", file, *form)
    assert f"3 of 5 texts are empty (first: new.csv:3): their answers are {SAID}" in said
    if form == ("--json",):
        assert len([json.loads(line) for line in shown.splitlines()]) == 5


def test_one_empty_text_is_one(run, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("text,x\na film,1\n,2\n", encoding="utf-8")
    said = predict(run, "--input", file)[1]
    assert f"1 of 2 texts is empty (first: new.csv:3): its answer is {SAID}" in said
    assert f"1 of 1 text is empty (first: text 1): its answer is {SAID}" in predict(run, "")[1]


def test_nothing_is_said_where_all_texts_hold_words(run, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("text,x\na film,\n0,2\n", encoding="utf-8")
    assert SAID not in predict(run, "--input", file)[1]
    assert SAID not in predict(run, "a film", "0")[1]


def test_a_pair_with_an_empty_part_is_counted_once(of_pairs, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("first,second\na film,\na plot,good\n", encoding="utf-8")
    assert "1 of 2 texts is empty" in predict(of_pairs, "--input", file)[1]
    assert "1 of 1 text is empty" in predict(of_pairs, "a film", " ")[1]
