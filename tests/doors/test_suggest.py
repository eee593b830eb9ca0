import csv
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import textune
from conftest import WORDS
from made_runs import make_run
from textune.doors import cli
from textune.errors import DataError, RunError, SettingsError
from textune.predicting import pool

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
HEAD = ["id", "text", "note"]


def say(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["textune", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    return ended.value.code, *capsys.readouterr()


def texts(count, seed=0):
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, size=9)) for _ in range(count)]


def write(file, rows, head=HEAD):
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([head, *rows])
    return file


def read(file):
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    """Return a run that says it learned from ten texts."""
    folder = tmp_path_factory.mktemp("run")
    make_run(folder, tiny_base, "single", ["bad", "good"])
    learned = write(
        folder / "learned.csv", [[text, "good"] for text in texts(10)], ["text", "label"]
    )
    (folder / "config.toml").write_text(f"[run]\nsource = {json.dumps(str(learned))}\n")
    return folder


@pytest.fixture
def source(tmp_path):
    """Return texts without labels; ten are learned, one is empty, two repeat another."""
    rows = [[f"{n:03}", text, "=1+1"] for n, text in enumerate(texts(60))]
    rows += [["e", "  ", ""], ["r", rows[20][1].upper() + "!", ""]]
    rows.append(["n", f"{rows[21][1]} day", ""])
    return write(tmp_path / "new.csv", rows)


def test_what_is_shown_has_a_head(run, source, monkeypatch, capsys):
    code, out, _ = say(monkeypatch, capsys, "suggest", run, source, "-n", 2)
    head, *lines = out.splitlines()
    assert head.split(",")[0] == "rank  uncertainty (0: sure"
    assert (code, len(lines)) == (0, 2)
    assert 0 <= float(lines[0].split()[1]) <= 1


def test_rows_come_in_the_input_s_columns_with_rank_uncertainty_and_answer(
    run, source, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "next.csv"
    code, out, err = say(monkeypatch, capsys, "suggest", run, source, "-n", 12, "-o", output)
    assert (code, out.strip()) == (0, f"{output}: 12 rows")
    rows = read(output)
    assert list(rows[0]) == [*HEAD, "rank", "uncertainty", "decision"]
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 13)]
    known = {row["id"]: row for row in read(source)}
    assert all(known[row["id"]].items() <= row.items() for row in rows)
    assert len({row["id"] for row in rows}) == 12
    assert all(0 <= float(row["uncertainty"]) <= 1 for row in rows)
    said = " ".join(err.split())
    assert "13 of 63 texts are left out: 1 empty, 10 labelled already, 2 repeats" in said


def test_no_learned_empty_or_repeated_text_is_suggested(run, source):
    found = textune.suggest(run, source, n=100)
    names = {row["id"] for row in found.rows}
    assert names.isdisjoint({f"{n:03}" for n in range(10)} | {"e", "r", "n"})
    assert len(names) == 50
    assert any("texts are all that is left, of 100 wanted" in remark for remark in found.remarks)
    assert [row["rank"] for row in found.rows] == list(range(1, 51))


def test_more_files_of_labelled_texts_are_left_out(run, source, tmp_path):
    more = write(tmp_path / "more.csv", [[f"{text}.", "bad"] for text in texts(30)], ["text", "l"])
    found = textune.suggest(run, source, n=100, known=more)
    assert {row["id"] for row in found.rows}.isdisjoint({f"{n:03}" for n in range(30)})


def test_the_choice_is_the_same_each_time_and_from_python(run, source, monkeypatch, capsys):
    code, out, _ = say(monkeypatch, capsys, "suggest", run, source, "-n", 5, "--json")
    assert code == 0
    found = textune.suggest(run, str(source), n=5)
    assert [json.loads(line) for line in out.splitlines()] == list(found.rows)
    assert [item.text for item in found.predictions] == [row["text"] for row in found.rows]


def test_lines_show_rank_uncertainty_answer_and_text(run, source, monkeypatch, capsys):
    code, out, _ = say(monkeypatch, capsys, "suggest", run, source, "-n", 3)
    first, *_ = textune.suggest(run, source, n=3).rows
    assert code == 0
    words = ["1", f"{first['uncertainty']:.3f}", first["decision"], *first["text"].split()]
    assert out.splitlines()[1].split() == words


def test_values_keep_their_types_and_formulas_can_be_made_harmless(run, source, tmp_path):
    lines = [{"id": n, "text": text, "on": n % 2 == 0} for n, text in enumerate(texts(20, seed=3))]
    file = tmp_path / "new.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    output = tmp_path / "next.parquet"
    found = textune.suggest(run, file, n=4, output=output)
    assert pq.read_table(output).to_pylist() == list(found.rows)
    assert all(lines[row["id"]].items() <= row.items() for row in found.rows)
    textune.suggest(run, source, n=4, output=tmp_path / "a.csv", harmless=True)
    assert {row["note"] for row in read(tmp_path / "a.csv")} <= {"'=1+1", ""}


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"n": 0}, SettingsError, r"-n 0: how many texts are wanted; allowed: 1 or more"),
        ({"output": "a.xlsx"}, SettingsError, r"unknown ending; allowed: \.csv"),
        ({"output": "there.csv"}, RunError, r"already exists; --overwrite replaces it"),
        ({"harmless": True}, SettingsError, r"--harmless-cells goes with --output"),
        ({"text": "body"}, DataError, r"there is no column 'body'"),
        ({"known": "nowhere.csv"}, DataError, r"nowhere\.csv"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_mistakes_are_named(run, source, tmp_path, monkeypatch, options, error, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").write_text("x")
    with pytest.raises(error, match=match):
        textune.suggest(run, source, **options)
    assert (tmp_path / "there.csv").read_text() == "x"


def test_a_file_of_learned_texts_has_none_left(run, tmp_path):
    file = write(tmp_path / "old.csv", [[text] for text in texts(10)], ["text"])
    with pytest.raises(DataError, match=r"old\.csv: no text is left to be suggested; 10 of 10"):
        textune.suggest(run, file)


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ('[run]\nsource = "gone.csv"\n', r"learned from are not left out: gone\.csv: .*--known"),
        ("seed = 1\n", r"does not say which file it learned from, .*--known"),
    ],
)
def test_files_that_are_not_there_any_more_are_said(
    tiny_base, tmp_path, source, monkeypatch, config, match
):
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"])
    (run / "config.toml").write_text(config)
    remarks = textune.suggest(run, source, n=3).remarks
    assert re.search(match, "\n".join(remarks))


def test_of_many_texts_the_least_sure_are_kept(run, source, monkeypatch):
    every = textune.suggest(run, source, n=50)
    monkeypatch.setattr(pool, "MOST", 12)
    monkeypatch.setattr("textune.predicting.suggesting.CHUNK", 8)
    few = textune.suggest(run, source, n=50)
    assert len(few.rows) == 12
    assert min(few.uncertainty) >= sorted(every.uncertainty)[-12] - 1e-6


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        ("multi", ["rank", "uncertainty", "decision"]),
        ("number", ["rank", "predicted cold", "predicted warm"]),
    ],
)
def test_other_tasks_are_suggested_for_too(tiny_base, tmp_path, source, task, columns):
    run = make_run(tmp_path / "run", tiny_base, task, ["cold", "warm"])
    found = textune.suggest(run, source, n=6)
    assert list(found.rows[0]) == [*HEAD, *columns]
    assert len(found.rows) == 6


@pytest.mark.parametrize(
    ("task", "file", "columns"),
    [
        ("pairs", "pairs_train.tsv", ["uncertainty", "decision"]),
        ("number", "number_train.csv", ["predicted points"]),
        ("tags", "tags_train.conll", ["uncertainty", "tags", "entities"]),
        ("answers", "answers_train.json", ["uncertainty", "answer", "answer_start"]),
    ],
)
def test_runs_of_an_earlier_version_suggest_too(tmp_path, monkeypatch, task, file, columns):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(RUNS / task, tmp_path / "run")
    found = textune.suggest("run", RUNS / "data" / file, n=4, output="next.jsonl")
    names = list(found.rows[0])
    first = names.index("rank") + 1
    assert names[first : first + len(columns)] == columns
    assert len({str(row) for row in found.rows}) == 4
    lines = (tmp_path / "next.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == list(found.rows)
    assert "name the file with --known" in " ".join(found.remarks)
