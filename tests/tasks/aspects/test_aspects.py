"""A class of each of several columns goes through every door: trained, judged, asked, shown."""

import csv
import json
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

import made_aspects
import textune
from made_aspects import COLUMNS
from textune.doors import cli
from textune.errors import DataError, SettingsError
from textune.predicting.predictor import Predictor

OPTIONS = {"epochs": 6, "lr": 5e-3, "batch_size": 8, "seed": 1}
LABELS = tuple(f"{column}: {value}" for column in COLUMNS for value in ("neg", "none", "pos"))


def said(*command, code=0):
    done = CliRunner().invoke(cli.app, [str(word) for word in command], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    """Return a run on rows of which some lack a class."""
    folder = tmp_path_factory.mktemp("aspects")
    file = made_aspects.write(folder / "visits.csv", 160, blank=0.1)
    textune.train(
        file, base=tiny_base, out=folder / "run", settings=["data.valid_share=0.2"], **OPTIONS
    )
    return folder / "run"


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    return made_aspects.write(tmp_path_factory.mktemp("new") / "new.csv", 60, blank=0.1, seed=5)


def test_each_column_has_its_numbers_and_all_have_a_mean(run, visits):
    found = json.loads(said("evaluate", run, visits, "--json"))
    assert list(found["columns"]) == list(COLUMNS)
    assert found["mcc"] > 0.2
    for key in ("mcc", "accuracy", "macro_f1", "log_loss"):
        own = [each[key] for each in found["columns"].values()]
        assert found[key] == pytest.approx(np.mean(own))
    low, high = found["intervals"]["mcc"]
    assert low <= found["mcc"] <= high
    assert list(found["labels"]) == list(LABELS)
    assert all(len(each["confusion"]) == 3 for each in found["columns"].values())
    shown = said("evaluate", run, visits)
    assert all(f"\n{word}" in shown for word in ("taste", "mean", "price: pos"))


def test_blank_cells_are_neither_learned_nor_judged_and_counted(run, visits):
    with visits.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    found = json.loads(said("evaluate", run, visits, "--json"))
    for column in COLUMNS:
        assert found["columns"][column]["n"] == sum(row[column] != "" for row in rows) < 60
    checked = json.loads(said("check", visits, "--json"))
    messages = [one["message"] for one in checked["findings"] if one["kind"] == "unscored"]
    blank = sum(row["taste"] == "" for row in rows)
    assert len(messages) == 1
    assert f"'taste' in {blank}" in messages[0]


def test_a_prediction_names_a_class_of_each_column(run):
    item = Predictor.load(run).predict(["good film and a cold meal"])[0]
    assert list(item.columns) == list(COLUMNS)
    assert item.labels == tuple(f"{name}: {value}" for name, value in item.columns.items())
    for column in COLUMNS:
        own = [share for label, share in item.scores.items() if label.startswith(column)]
        assert sum(own) == pytest.approx(1)
        assert item.scores[f"{column}: {item.columns[column]}"] == max(own)
    told = json.loads(said("predict", run, "good film and a cold meal", "--json"))
    assert told["columns"]["taste"]["label"] == item.columns["taste"]
    assert told["columns"]["taste"]["score"] == pytest.approx(max(item.scores.values()), abs=1)
    lines = said("predict", run, "good film and a cold meal").splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [list(one) for one in item.columns.items()]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_gets_a_class_and_its_probability_for_each_column(run, tmp_path, ending):
    texts = tmp_path / "texts.csv"
    texts.write_text("text\ngood warm film\nbad cold meal\n", encoding="utf-8")
    out = tmp_path / f"out.{ending}"
    said("predict", run, "--input", texts, "--output", out)
    if ending == "csv":
        with out.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
    elif ending == "jsonl":
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    else:
        rows = pq.read_table(out).to_pylist()
    for row in rows:
        for column in COLUMNS:
            own = [float(row[label]) for label in row if label.startswith(f"p({column}: ")]
            assert float(row[f"{column}_score"]) == max(own)
            assert float(row[f"p({column}: {row[column]})"]) == max(own)
    assert rows[0]["decision"] == "; ".join(f"{c}: {rows[0][c]}" for c in COLUMNS).replace(
        "; ", ";"
    )


def test_the_page_has_a_table_of_columns_and_what_each_took_for_what(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    assert re.search("<th[^>]*>Column</th>", page)
    assert re.search("<t[hd][^>]*>mean</t[hd]>", page)
    assert page.count('<table class="confusion"') == len(COLUMNS)
    assert [name for name in COLUMNS if f"What was taken for what in {name}" not in page] == []
    assert "The most confident mistakes" in page


def test_plain_transformers_gives_the_same_by_the_softmax_that_the_page_names(run):
    folder = run / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    assert [model.config.id2label[place] for place in range(9)] == list(LABELS)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    source = readme.rpartition("```python")[2].partition("```")[0]
    names: dict = {}
    exec(source, names)  # what a reader would paste
    words = AutoTokenizer.from_pretrained(folder)("good warm film", return_tensors="pt")
    with torch.no_grad():
        parted = names["parted"](model(**words).logits)
    item = Predictor.load(run).predict(["good warm film"])[0]
    for column in COLUMNS:
        for place, value in enumerate(("neg", "none", "pos")):
            wanted = item.scores[f"{column}: {value}"]
            assert float(parted[column][0, place]) == pytest.approx(wanted, abs=1e-5)


def test_texts_are_suggested_with_how_unsure_the_columns_are(run, visits):
    found = textune.suggest(run, visits, n=5)
    assert {"decision", *(f"{column} (textune)" for column in COLUMNS)} <= set(found.rows[0])
    assert list(found.uncertainty) != [0.0] * 5
    assert all(0 <= one <= 1 for one in found.uncertainty)


def test_a_class_that_training_never_saw_counts_as_missed_in_its_column(run, tmp_path):
    file = made_aspects.write(tmp_path / "new.csv", 60, seed=5)
    text = file.read_text(encoding="utf-8").replace(",pos,neg\n", ",pos,mixed\n")
    file.write_text(text, encoding="utf-8")
    found = json.loads(said("evaluate", run, file, "--json"))
    assert found["unseen_labels"] == {"price: mixed": text.count("mixed")}
    assert found["labels"]["price: mixed"]["recall"] == 0
    assert found["columns"]["price"]["classes"] == ["neg", "none", "pos", "mixed"]
    assert found["columns"]["taste"]["classes"] == ["neg", "none", "pos"]
    assert found["log_loss"] is None
    copy = shutil.copytree(run, tmp_path / "copy")
    compared = textune.compare(run, copy, on=file).differences
    for key in ("mcc", "accuracy", "macro_f1"):
        assert compared[key][0].values[0] == pytest.approx(found[key], abs=1e-6), key


def test_there_is_no_threshold(run):
    with pytest.raises(SettingsError, match="trained for 'aspects', which has none"):
        Predictor.load(run).predict(["a film"], threshold=0.5)


def test_a_column_of_one_class_in_training_is_refused_with_the_way_out(tiny_base, tmp_path):
    rows = made_aspects.rows(40)
    lines = [["text", *COLUMNS], *rows]
    for place, line in enumerate(lines[1:]):
        line[3] = "pos" if place else "neg"
    file = tmp_path / "odd.csv"
    file.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    valid = made_aspects.write(tmp_path / "valid.csv", 20, seed=3)
    lines[1][3] = "pos"
    train = tmp_path / "train.csv"
    train.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="'price' has nothing to tell apart"):
        options = {"task": "aspects", "label": list(COLUMNS), "valid": valid, "epochs": 1}
        textune.train(train, base=tiny_base, out=tmp_path / "run", **options)


def test_few_rows_are_answered_by_heads_that_did_not_learn_from_them(tiny_base, tmp_path):
    file = made_aspects.write(tmp_path / "few.csv", 48, blank=0.2)
    options = {"effort": "quick", "seed": 1, "settings": ["train.recipe=auto"]}
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", **options)
    found = run.metrics["valid"]
    rows = [row[1:] for row in made_aspects.rows(48, blank=0.2) if any(row[1:])]
    assert found["cross_validation"]["folds"] == 10
    counts = [sum(cell != "" for cell in cells) for cells in zip(*rows, strict=True)]
    assert [each["n"] for each in found["columns"].values()] == counts
    assert {"probe", "tfidf", "majority"} <= run.metrics["baselines"].keys()
    kept = pq.read_table(run.path / "predictions" / "valid.parquet").to_pylist()
    assert len(kept) == len(rows) == 47
    assert all(np.isfinite(row["logit(taste: neg)"]) for row in kept)


def test_folds_have_the_mean_over_columns(tiny_base, tmp_path):
    file = made_aspects.write(tmp_path / "few.csv", 60, blank=0.1)
    found = textune.cross_validate(file, base=tiny_base, out=tmp_path / "cv", folds=2, epochs=1)
    assert {"mcc", "accuracy", "all_right"} <= found.numbers["metrics"].keys()


@pytest.mark.parametrize(
    "settings",
    [
        ["train.class_weights=balanced", "train.label_smoothing=0.1"],
        ["train.loss=focal", "train.sampling=balanced"],
    ],
    ids=["weights and smoothing", "focal loss and sampling"],
)
def test_remedies_that_are_asked_for_are_learned_with(tiny_base, tmp_path, settings):
    file = made_aspects.write(tmp_path / "few.csv", 60, blank=0.1)
    valid = made_aspects.write(tmp_path / "valid.csv", 30, seed=3)
    options = {"epochs": 1, "batch_size": 16, "settings": settings}
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", valid=valid, **options)
    assert run.metrics["valid"]["log_loss"] is not None


def test_columns_of_another_name_are_those_of_the_training_in_their_order(run, visits, tmp_path):
    wanted = json.loads(said("evaluate", run, visits, "--json"))
    _, rest = visits.read_text(encoding="utf-8").split("\n", 1)
    other = tmp_path / "other.csv"
    other.write_text("text,t,s,p\n" + rest, encoding="utf-8")
    found = json.loads(said("evaluate", run, other, "--label", "t,s,p", "--json"))
    assert found["columns"] == wanted["columns"]
    other.write_text("text,Taste,Service,Price\n" + rest, encoding="utf-8")
    found = json.loads(said("evaluate", run, other, "--json"))
    assert found["columns"] == wanted["columns"]
    with pytest.raises(SettingsError, match="--label Taste: this model has 3 label columns"):
        textune.evaluate(run, other, label="Taste")
