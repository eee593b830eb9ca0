"""Classes that are numbers get their names, in the model and wherever it answers."""

import json

import pytest

import textune
from textune.data import naming
from textune.errors import DataError, SettingsError
from textune.reading import sources
from textune.records import Contract

QUICK = {"epochs": 1, "seed": 3, "limit": 60}
TABLE = {"text": ["a", "b", "c"], "label": ["0", "1", "0"], "called": ["neg", "pos", "neg"]}


@pytest.mark.parametrize(
    "text", ["neg\npos\n", "0\tneg\n1\tpos\n", "1,pos\n0,neg\n", '{"0": "neg", "1": "pos"}']
)
def test_names_are_read_in_any_of_their_forms(tmp_path, text):
    file = tmp_path / "names.txt"
    file.write_text(text, encoding="utf-8")
    found, _ = naming.read(str(file), sources.read(TABLE), "label")
    assert dict(found) == {"0": "neg", "1": "pos"}
    found, unnamed = naming.read("called", sources.read(TABLE), "label")
    assert (found, unnamed) == ((("0", "neg"), ("1", "pos")), ())


def test_faulty_names_are_refused(tmp_path):
    table = sources.read(TABLE | {"called": ["neg", "pos", "other"]})
    with pytest.raises(DataError, match="class '0' is called 'neg' and 'other'"):
        naming.read("called", table, "label")
    with pytest.raises(SettingsError, match="neither a file nor a column; did you mean 'called'"):
        naming.read("caled", table, "label")
    file = tmp_path / "names.txt"
    file.write_text("same\nsame\n", encoding="utf-8")
    with pytest.raises(DataError, match="two classes are called 'same'"):
        naming.read(str(file), table, "label")


def test_the_model_has_the_names_and_judges_files_of_numbers(reviews, tiny_base, tmp_path):
    text = reviews.read_text(encoding="utf-8")
    file = tmp_path / "numbers.csv"
    file.write_text(text.replace(",bad", ",0").replace(",good", ",1"), encoding="utf-8")
    names = tmp_path / "names.txt"
    names.write_text("bad\ngood\n", encoding="utf-8")
    out = tmp_path / "run"
    run = textune.train(file, valid=file, base=tiny_base, out=out, names=names, **QUICK)
    assert set(run.metrics["valid"]["labels"]) == {"bad", "good"}
    config = json.loads((out / "model" / "config.json").read_text())
    assert config["label2id"] == {"bad": 0, "good": 1}
    assert textune.Predictor.load(run.path)(["a good film"])[0].labels[0] in {"bad", "good"}
    by_number, by_name = textune.evaluate(run, file), textune.evaluate(run, reviews)
    assert by_number["n"] == by_name["n"] == 160
    assert by_number["mcc"] == by_name["mcc"]
    again = textune.train(file, out=tmp_path / "again", config=out / "config.toml")
    assert set(again.metrics["valid"]["labels"]) == {"bad", "good"}


def test_a_number_that_a_gap_made_a_decimal_has_its_name():
    table = sources.read({"text": ["a", "b", "c"], "label": ["1.0", "0.0", "2.5"]})
    pairs = (("0", "bad"), ("1", "good"))
    named = naming.named(table, Contract("single", ("text",), ("label",), "name", names=pairs))
    assert [row.cells[1] for row in named.rows()] == ["good", "bad", "2.5"]
