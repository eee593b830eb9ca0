"""`textune explain`, `predict --explain` and `textune.explain`."""

import csv
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import RunError, SettingsError

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
TEXT = "dust haze <b>heat</b> we had sun over rain"


def said(*words):
    done = CliRunner().invoke(cli.app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_words_are_marked_by_signs_that_read_without_colours():
    found = said("explain", RUNS / "single", "dust haze\x1b[31m heat we had sun")
    assert "\x1b" not in found
    assert "\\x1b[" in found
    assert re.search(r"\[(\+\+|--)\w+\]", found)
    assert "log-odds" in found


def test_json_has_words_with_their_places_and_the_base_value():
    (line,) = said("explain", RUNS / "single", TEXT, "--json").splitlines()
    told = json.loads(line)
    (reason,) = told["reasons"]
    assert told["method"] == "occlusion"
    assert reason.keys() >= {"label", "decided", "measure", "value", "base_value", "score"}
    for word in reason["words"]:
        assert TEXT[word["start"] : word["end"]] == word["text"]
        assert isinstance(word["contribution"], float)


def test_a_pair_is_two_texts_whose_words_say_which_they_are_of():
    told = json.loads(said("explain", RUNS / "pairs", "dust haze", "sun over rain", "--json"))
    (reason,) = told["reasons"]
    assert [word["of"] for word in reason["words"]] == [1, 1, 2, 2, 2]
    assert " | " in said("explain", RUNS / "pairs", "dust haze", "sun over rain")


def test_an_empty_side_of_a_pair_is_shown_as_empty():
    pairs = RUNS / "pairs"
    assert said("explain", pairs, "dust", "").splitlines()[1].endswith(" | (empty)")
    assert said("explain", pairs, "", "sun over").splitlines()[1].strip().startswith("(empty) | ")


def test_a_page_says_which_text_of_a_pair_is_empty(tmp_path):
    said("explain", RUNS / "pairs", "dust", "", "-o", page := tmp_path / "why.html")
    assert "the second text of the pair is empty" in page.read_text(encoding="utf-8")


def test_another_label_is_explained_on_request():
    found = said("explain", RUNS / "single", "dust haze heat", "--for", "wet")
    assert found.startswith("wet")
    assert "(not decided)" in found


@pytest.mark.parametrize("command", ["explain", "predict"])
def test_a_text_that_is_the_name_of_a_file_is_told(command, tmp_path):
    (file := tmp_path / "new.csv").write_text("text\nsun\n", encoding="utf-8")
    done = CliRunner().invoke(cli.app, [command, str(RUNS / "single"), str(file)])
    assert done.exit_code == 0
    assert f"what the file holds is read by --input {file}" in " ".join(done.stderr.split())
    done = CliRunner().invoke(cli.app, [command, str(RUNS / "single"), "sun " * 99])
    assert "--input" not in done.stderr


def test_a_file_becomes_a_page_whose_texts_are_escaped(tmp_path):
    source, page = tmp_path / "new.csv", tmp_path / "why.html"
    source.write_text(f"text\n{TEXT}\nsun\n", encoding="utf-8")
    said("explain", RUNS / "single", "--input", source, "-o", page)
    found = page.read_text(encoding="utf-8")
    assert found.count("<section>") == 2
    assert "&lt;" in found
    assert "<b>" not in found
    with pytest.raises(RunError, match="exists"):
        said("explain", RUNS / "single", "sun", "-o", page)
    with pytest.raises(SettingsError, match=r"allowed: \.jsonl, \.html"):
        said("explain", RUNS / "single", "sun", "-o", tmp_path / "why.txt")


def test_json_lines_hold_an_object_a_text(tmp_path):
    lines = tmp_path / "why.jsonl"
    assert "2 texts" in said("explain", RUNS / "number", "sun", "rain", "-o", lines)
    told = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [one["reasons"][0]["measure"] for one in told] == ["quantity", "quantity"]


def test_predicting_names_the_words_in_a_column(tmp_path):
    source, output = tmp_path / "new.csv", tmp_path / "out.csv"
    source.write_text("text\ndust haze heat\nsun\n", encoding="utf-8")
    said("predict", RUNS / "multi", "--input", source, "-o", output, "--explain")
    with output.open(encoding="utf-8", newline="") as opened:
        first, _ = csv.DictReader(opened)
    plain = tmp_path / "plain.csv"
    said("predict", RUNS / "multi", "--input", source, "-o", plain)
    with plain.open(encoding="utf-8", newline="") as opened:
        same, _ = csv.DictReader(opened)
    why = json.loads(first.pop("why"))
    assert first == same
    assert {word for word, _ in why[0]["words"]} <= {"dust", "haze", "heat"}


def test_predictions_of_texts_are_followed_by_their_reasons():
    plain = said("predict", RUNS / "single", "dust haze heat", "--json")
    found = said("predict", RUNS / "single", "dust haze heat", "--json", "--explain")
    told, known = json.loads(found), json.loads(plain)
    assert told["labels"] == known["labels"]
    assert told["scores"] == pytest.approx(known["scores"], abs=1e-4)
    assert told["reasons"]


def test_annotation_tools_have_no_place_for_reasons(tmp_path):
    source = tmp_path / "new.txt"
    source.write_text("dust\n", encoding="utf-8")
    words = ["predict", RUNS / "single", "--input", source, "-o", tmp_path / "x.json"]
    with pytest.raises(SettingsError, match="--explain: files of label-studio have no place"):
        said(*words, "--as", "label-studio", "--explain")


def test_texts_or_a_file_are_wanted():
    with pytest.raises(SettingsError, match="name either texts or --input FILE"):
        textune.explain(RUNS / "single")


def test_fewer_than_one_text_is_refused():
    with pytest.raises(SettingsError, match=r"--limit -1: .*allowed: 1 or more"):
        said("explain", RUNS / "single", "sun", "--limit", "-1")


def test_python_has_the_same():
    (found,) = textune.explain(RUNS / "single", ["dust haze heat"])
    word, number = found.top(most=1)[0]
    assert word in "dust haze heat"
    assert number
