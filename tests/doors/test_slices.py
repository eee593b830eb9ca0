"""`--by COLUMN` of train and evaluate: values of a column that is no text and no label."""

import csv
import json
import shutil

import pytest
from typer.testing import CliRunner

import textune
from conftest import write_reviews
from textune.doors.cli import app


@pytest.fixture(scope="module")
def judged(tiny_base, tmp_path_factory):
    """Train with slices; return the run and its file."""
    folder = tmp_path_factory.mktemp("slices")
    with write_reviews(folder / "plain.csv").open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    file = folder / "reviews.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["text", "label", "source", "stars, given"])
        for number, row in enumerate(rows):
            source = ("web", "web", "shop", "")[number // 2 % 4]
            writer.writerow([row["text"], row["label"], source, number])
    run = textune.train(
        *(file,),
        **{"text": "text", "label": "label", "base": tiny_base, "out": folder / "run"},
        **{"by": ["source", "stars, given"], "epochs": 1, "settings": ["data.valid_share=0.3"]},
    )
    return run, file


def test_train_judges_the_values_of_columns_apart(judged):
    run, _ = judged
    kept = json.loads((run.path / "metrics.json").read_text())["valid"]
    assert list(kept["by"]) == ["source", "stars, given"]
    found = kept["by"]["source"]
    assert {one["value"] for one in found["slices"]} == {"web", "shop", "missing"}
    assert sum(one["n"] for one in found["slices"]) == kept["n"]
    assert len(kept["by"]["stars, given"]["slices"]) == 4
    assert {"n", "wrong", "words", "traits", "confused", "said"} <= kept["wrong"].keys()


def test_evaluate_prints_and_keeps_them(judged):
    run, file = judged
    done = CliRunner().invoke(app, ["evaluate", str(run.path), str(file), "--by", "source"])
    assert done.exit_code == 0, done.output
    assert "by source (p corrected for all comparisons; * shown)" in done.output
    assert "missing" in done.output
    assert "taken for each other: " in done.output
    kept = json.loads((run.path / "evaluations" / "reviews.json").read_text())
    assert [one["n"] for one in kept["by"]["source"]["slices"]] == [80, 40, 40]


def test_a_column_of_no_use_is_refused_before_anything_is_done(judged, tmp_path):
    run, file = judged
    with pytest.raises(textune.TextuneError, match=r"--by sauce: .* has no such column; did you"):
        textune.evaluate(run, file, by="sauce")
    with pytest.raises(textune.TextuneError, match=r"--by text: .* holds the texts themselves"):
        textune.evaluate(run, file, by="text")
    with pytest.raises(textune.TextuneError, match=r"--by label: .* holds the labels themselves"):
        textune.evaluate(run, file, by="label")
    given = {"text": "text", "label": "label", "out": tmp_path / "run"}
    for by in ("sauce", "label"):
        with pytest.raises(textune.TextuneError, match=f"--by {by}: "):
            textune.train(file, **given, by=by)
    assert not (tmp_path / "run" / "model").exists()


def test_another_decision_is_judged_by_the_same_columns(judged, tmp_path):
    run = shutil.copytree(judged[0].path, tmp_path / "run")

    def kept():
        return json.loads((run / "metrics.json").read_text())["valid"]["by"]

    before = kept()
    textune.decide(run, aim="precision>=0.9")
    assert list(kept()) == ["source", "stars, given"]
    for one, other in zip(before["source"]["slices"], kept()["source"]["slices"], strict=True):
        assert [one[key] for key in ("value", "n", "support")] == [
            other[key] for key in ("value", "n", "support")
        ]
    textune.decide(run)  # from what it wrote itself
    assert kept() == before
