"""Several files, patterns and folders go through every door that takes one file."""

import json
import re
import sys

import pytest

import textune
from made_runs import make_run
from textune.doors import cli
from textune.runs.written import DataCard

FEW = "".join(f"film {n} was {word},{word}\n" for n in range(12) for word in ("good", "bad"))


@pytest.fixture
def folder(tmp_path):
    """Return a folder of two files of one table."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text("text,label\n" + FEW.replace("film", f"film {name}"))
    return folder


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["textune", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    out, err = capsys.readouterr()
    return ended.value.code, out, err


@pytest.mark.parametrize("form", ["files", "pattern"])
def test_check_takes_several_files_and_advises_them(folder, monkeypatch, capsys, form):
    files = [folder / "a.csv", folder / "b.csv"]
    words = [f"{folder}/*.csv"] if form == "pattern" else files
    code, out, _ = run(monkeypatch, capsys, "check", *words, "--json")
    found = json.loads(out)
    assert (code, found["rows"], found["labels"]) == (0, 48, {"bad": 24, "good": 24})
    named = f"'{folder}/*.csv'" if form == "pattern" else " ".join(map(str, files))
    assert found["command"].startswith(f"textune train {named} --text text")


def test_a_folder_of_several_tables_is_asked_about(folder, monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, "check", folder)
    assert code == 2
    assert f"or, where all are one table, a pattern: '{folder}/*.csv'" in " ".join(err.split())


def test_evaluate_and_predict_take_several_files(folder, tiny_base, tmp_path, monkeypatch, capsys):
    model = make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"])
    assert textune.evaluate(model, f"{folder}/*.csv")["n"] == 48
    code, out, _ = run(
        monkeypatch, capsys, "evaluate", model, folder / "a.csv", folder / "b.csv", "--json"
    )
    assert (code, json.loads(out)["n"]) == (0, 48)
    output = tmp_path / "out.csv"
    words = ["--input", f"{folder}/*.csv", "--output", output]
    assert run(monkeypatch, capsys, "predict", model, *words)[0] == 0
    assert len(output.read_text().splitlines()) == 49
    clash = ["--input", f"{folder}/*.csv", "--output", folder / "a.csv", "--overwrite"]
    code, _, err = run(monkeypatch, capsys, "predict", model, *clash)
    assert (code, "is the input itself" in " ".join(err.split())) == (2, True)


def test_a_run_records_every_file_and_can_be_begun_again(folder, tiny_base, tmp_path):
    files = [folder / "a.csv", folder / "b.csv"]
    options = {"base": tiny_base, "epochs": 1, "seed": 1, "settings": ["data.valid_share=0.25"]}
    made = textune.train(files, out=tmp_path / "run", **options)
    card = DataCard.read(made.path)
    assert [(file.path, file.part) for file in card.files] == [(str(f), "train") for f in files]
    again = textune.train(config=made.path / "config.toml", out=tmp_path / "again")
    assert again.metrics["valid"] == made.metrics["valid"]
    assert "was trained on" in textune.evaluate(made, files[1])["remarks"][0]
    said = textune.evaluate(made, files)["remarks"][0]
    assert said.startswith(f"{files[0]}, {files[1]}: this is the file that the model was trained")


def test_a_part_of_a_data_set_is_named_where_a_model_is_judged(folder, tiny_base, tmp_path):
    model = make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"])
    (folder / "a.csv").rename(folder / "train.csv")
    (folder / "b.csv").rename(folder / "test.csv")
    expected = f"several parts; name the one that is meant: train: {folder}/train.csv; test: "
    with pytest.raises(textune.DataError, match=re.escape(expected)):
        textune.evaluate(model, folder)
    assert textune.evaluate(model, folder / "test.csv")["n"] == 24


def test_files_that_are_named_one_by_one_are_all_taken(folder, monkeypatch, capsys):
    others = [f"--{part}={folder}/{name}.csv" for part in ("valid", "test") for name in "ab"]
    whole = folder / "c.csv"
    whole.write_text("".join((folder / f"{name}.csv").read_text() for name in "ab"))
    code, out, _ = run(monkeypatch, capsys, "check", whole, *others, "--json")
    found = [each["message"] for each in json.loads(out)["findings"]]
    assert code == 0
    for part in ("valid", "test"):
        assert any(f"48 texts of 48 in the {part} data" in message for message in found), found


def test_columns_that_are_named_one_by_one_are_all_taken(tmp_path, monkeypatch, capsys):
    rows = "".join(f"film {n},was warm,{n % 2},{n % 3 % 2}\n" for n in range(24))
    (file := tmp_path / "a.csv").write_text("title,body,good,long\n" + rows)
    words = ["--text", "title", "--text", "body", "--label", "good", "--label", "long"]
    code, out, _ = run(monkeypatch, capsys, "check", file, *words, "--json")
    found = json.loads(out)
    assert (code, found["text"], found["label"]) == (0, ["title", "body"], ["good", "long"])
