"""`suspects` by fine-tuning on folds, of tags and spans, and through Label Studio and back."""

import json
import random

import numpy as np
import pytest
from test_suspecting import read, said, write

import textune
from conftest import WORDS, write_reviews
from textune.errors import DataError, SettingsError


@pytest.fixture(scope="module")
def spans(tmp_path_factory):
    """Return texts whose spans their words decide, and the lines of four with a span too few."""
    draw, rows = random.Random(1), []
    wrong = [5, 21, 40, 57]
    for number in range(64):
        words = [draw.choice(WORDS[:5] if n == 0 else WORDS) for n in range(5)]
        text, found, start = " ".join(words), [], 0
        for word in words:
            if word in WORDS[:5]:
                found.append({"start": start, "end": start + len(word), "label": "kind"})
            start += len(word) + 1
        rows.append({"text": text, "spans": found[1:] if number in wrong else found})
    file = tmp_path_factory.mktemp("spans") / "spans.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file, {f"spans.jsonl:{number + 1}" for number in wrong}


def annotated(tasks, change=lambda result: result):
    """Return an export of tasks, each annotated as it was suggested, but for a change."""
    return [
        {
            "id": n,
            "data": task["data"],
            "predictions": task["predictions"],
            "annotations": [{"id": n, "result": change(task["predictions"][0]["result"])}],
        }
        for n, task in enumerate(tasks)
    ]


def test_spans_that_are_missing_come_first_and_go_through_label_studio_and_back(
    spans, tiny_base, tmp_path
):
    file, wrong = spans
    output = tmp_path / "tasks.json"
    given = ("--as", "label-studio", "-n", "4", "-o", output, "--base", tiny_base)
    told = said("suspects", file, *given)
    assert "the labelling config that fits:" in told
    assert '<Label value="kind"/>' in told
    tasks = json.loads(output.read_text())
    assert {task["data"]["place"] for task in tasks} == wrong
    data = tasks[0]["data"]
    assert len(json.loads(data["suggested"])) == len(json.loads(data["given"])) + 1
    with pytest.raises(DataError, match="suggestions that nobody has checked"):
        textune.correct(file, output, tmp_path / "no.jsonl")
    export = tmp_path / "export.json"
    export.write_text(json.dumps(annotated(tasks)))
    done = textune.correct(file, export, tmp_path / "fixed.jsonl")
    assert (done.rows, done.changed, done.same) == (64, 4, 0)
    fixed = [json.loads(line) for line in (tmp_path / "fixed.jsonl").read_text().splitlines()]
    for row in fixed:
        marked = [row["text"][one["start"] : one["end"]] for one in row["spans"]]
        assert marked == [word for word in row["text"].split() if word in WORDS[:5]]


def test_tags_of_words_are_doubted_and_corrected(tagged, tiny_base, tmp_path):
    lines = tagged.read_text().splitlines()
    kinds = [n for n, line in enumerate(lines) if line.endswith("B-kind")]
    lines[kinds[30]] = lines[kinds[30]].replace("B-kind", "O")
    tagged.write_text("\n".join(lines))
    found = textune.suspects(tagged, base=tiny_base, n=1, output=tmp_path / "suspects.jsonl")
    assert (found.task, found.texts) == ("tags", 60)
    (row,) = found.rows
    given, suggested = json.loads(row["given"]), json.loads(row["suggested"])
    assert len(suggested) == len(given) + 1
    assert row["p given"] < row["p suggested"]
    filled = tmp_path / "filled.jsonl"
    filled.write_text(json.dumps(row | {"corrected": row["suggested"]}) + "\n")
    done = textune.correct(tagged, filled, tmp_path / "fixed.jsonl")
    assert (done.rows, done.changed) == (60, 1)
    fixed = [json.loads(line) for line in (tmp_path / "fixed.jsonl").read_text().splitlines()]
    words, tags = (list(row) for row in zip(*map(dict.values, fixed), strict=True))
    for mine, own in zip(words, tags, strict=True):
        assert own == ["B-kind" if word in WORDS[:5] else "O" for word in mine]
    filled.write_text(json.dumps(row | {"corrected": '[{"start": 900, "end": 904}]'}) + "\n")
    with pytest.raises(DataError, match="corrected to span 1: "):
        textune.correct(tagged, filled, tmp_path / "no.jsonl")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Return 160 reviews, of which eight have the other label, and their lines."""
    file = write_reviews(tmp_path_factory.mktemp("few") / "few.csv")
    rows = read(file)
    wrong = np.random.default_rng(1).choice(160, 8, replace=False).tolist()
    for place in wrong:
        rows[place]["label"] = {"bad": "good", "good": "bad"}[rows[place]["label"]]
    return write(file, rows), {f"few.csv:{place + 2}" for place in wrong}


def test_thorough_suspects_are_those_of_fine_tuned_folds(
    few, tiny_base, tmp_path, monkeypatch, auto_recipe
):
    monkeypatch.setattr("textune.recipes.held_out.REPEATS", 1)
    file, wrong = few
    output = tmp_path / "suspects.csv"
    told = said("suspects", file, "--base", tiny_base, "--effort", "thorough", "-o", output)
    assert told.count("fine-tuning without fold") == 5
    assert "of 160 texts" in told
    assert len({row["place"] for row in read(output)[:12]} & wrong) >= 6


def test_choices_of_label_studio_are_corrections(few, tiny_base, tmp_path):
    file, _ = few
    output = tmp_path / "tasks.json"
    found = textune.suspects(file, base=tiny_base, output=output, as_="label-studio", n=3)
    assert '<Choice value="bad"/>' in "\n".join(found.config)
    export = tmp_path / "export.json"
    export.write_text(json.dumps(annotated(json.loads(output.read_text()))))
    done = textune.correct(file, export, tmp_path / "fixed.csv")
    assert (done.rows, done.changed) == (160, 3)
    places = {row["place"]: row["suggested"] for row in found.rows}
    fixed = read(tmp_path / "fixed.csv")
    for place, label in places.items():
        assert fixed[int(place.rpartition(":")[2]) - 2]["label"] == label


def test_what_corrections_change_is_measured(few, tiny_base, tmp_path):
    file, wrong = few
    rows = read(file)
    other = {"bad": "good", "good": "bad"}
    filled = [
        {"place": place, "corrected": other[rows[int(place.rpartition(":")[2]) - 2]["label"]]}
        for place in sorted(wrong)
    ]
    corrections, fixed = write(tmp_path / "filled.csv", filled), tmp_path / "fixed.csv"
    given = ("--apply", corrections, "-o", fixed, "--base", tiny_base)
    told = json.loads(said("suspects", file, *given, "--measure", "--json"))
    worth = told["worth"]
    assert (told["changed"], worth["metric"], worth["texts"]) == (8, "mcc", 160)
    assert worth["before"] <= worth["after"]
    assert 0 <= worth["p"] <= 1
    text = " ".join(said("suspects", file, *given, "--measure", "--overwrite").split())
    assert "MCC of a linear head, by the corrected labels of 160 texts that it did not" in text


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"effort": "best"}, "--effort best: .*'quick', 'thorough'"),
        ({"effort": "quick", "run": "x"}, "--effort: --run has answers already"),
        ({"as_": "label-studio"}, "--as label-studio goes with --output FILE"),
        ({"as_": "nothing", "output": "x.json"}, "--as nothing: is no form"),
        ({"as_": "label-studio", "output": "x.csv"}, "--as label-studio writes files that end"),
    ],
    ids=["effort", "run", "no file", "form", "ending"],
)
def test_what_cannot_be_is_refused(few, tiny_base, options, why):
    base = {} if "run" in options else {"base": tiny_base}
    with pytest.raises(SettingsError, match=why):
        textune.suspects(few[0], **base, **options)
