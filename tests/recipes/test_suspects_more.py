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
    tasks = tmp_path / "tasks.json"
    textune.suspects(tagged, base=tiny_base, n=1, output=tasks, as_="label-studio")
    tasks.write_text(json.dumps(annotated(json.loads(tasks.read_text()))))
    done = textune.correct(tagged, tasks, tmp_path / "by_tool.jsonl")
    assert (done.rows, done.changed) == (60, 1)
    assert (tmp_path / "by_tool.jsonl").read_bytes() == (tmp_path / "fixed.jsonl").read_bytes()
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


@pytest.mark.exhaustive
def test_thorough_suspects_are_those_of_fine_tuned_folds(
    few, tiny_base, tmp_path, monkeypatch, auto_recipe
):
    monkeypatch.setattr("textune.recipes.selection.held_out.REPEATS", 1)
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


def exported(tasks, said, *, short):
    """Return an export of tasks by Label Studio, JSON or JSON-MIN, of what was said of each.

    Names of labels are one annotation; "skipped" is one that was cancelled, "open" none at all.
    """
    found = []
    for n, (task, names) in enumerate(zip(tasks, said, strict=True), 1):
        suggested = {"id": "r1", "from_name": "label", "to_name": "text", "type": "choices"}
        is_open, is_skipped = names == "open", names == "skipped"
        named = [{**suggested, "value": {"choices": list(names)}}] if names else []
        own = {
            "id": n,
            "completed_by": 1,
            "result": task["predictions"][0]["result"] if is_skipped else named,
            "was_cancelled": is_skipped,
            "ground_truth": False,
            "created_at": "2026-11-29T01:00:00.000000Z",
            "lead_time": 3.5,
            "result_count": 1,
        }
        whole = {"id": n, "annotations": [] if is_open else [own], "predictions": []}
        about = {"total_annotations": 1, "cancelled_annotations": int(is_skipped), "project": 1}
        if not short:
            found.append({**whole, "drafts": [], "data": task["data"], "meta": {}, **about})
        elif not (is_open or is_skipped):
            held = names[0] if len(names) == 1 else {"choices": list(names)}
            times = {"annotation_id": n, "created_at": "2026", "updated_at": "2026"}
            label = {"label": held} if names else {}
            found.append(
                {**task["data"], "id": n, **label, "annotator": 1, **times, "lead_time": 1}
            )
    return found


@pytest.fixture
def listed(comments):
    """Return comments, six of them with a wrong label, which stand in columns, cells and lists."""
    rows = read(comments)
    names = ("warm", "cold", "film")
    for place in (5, 20, 44, 61, 90, 131):
        rows[place]["film"] = str(1 - int(rows[place]["film"]))
    write(comments, rows)
    held = [[name for name in names if row[name] == "1"] for row in rows]
    cells = [
        {"comment": row["comment"], "tags": ";".join(own)}
        for row, own in zip(rows, held, strict=True)
    ]
    lines = [
        json.dumps({"comment": row["comment"], "tags": own})
        for row, own in zip(rows, held, strict=True)
    ]
    file = comments.parent / "lists.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return {
        "columns": comments,
        "cells": write(comments.parent / "cells.csv", cells),
        "lists": file,
    }, held


def labels_of(file, form):
    """Return the names of the labels of each row of a file in one of these forms."""
    if form == "lists":
        return [json.loads(line)["tags"] for line in file.read_text().splitlines()]
    if form == "cells":
        return [[name for name in row["tags"].split(";") if name] for row in read(file)]
    return [[name for name in ("warm", "cold", "film") if row[name] == "1"] for row in read(file)]


@pytest.mark.parametrize("form", ["columns", "cells", "lists"])
def test_several_labels_go_through_label_studio_and_back(listed, tiny_base, tmp_path, form):
    files, held = listed
    file, tasks = files[form], tmp_path / "tasks.json"
    given = ("--as", "label-studio", "-o", tasks, "--base", tiny_base, "-n", "5")
    told = said("suspects", file, *given)
    assert 'choice="multiple">' in told
    made = json.loads(tasks.read_text())
    places = [int(task["data"]["place"].rpartition(":")[2]) - (form != "lists") for task in made]
    before = [held[place - 1] for place in places]
    other = next(name for name in ("film", "cold", "warm") if name not in before[1])
    added = [name for name in ("warm", "cold", "film") if name in (*before[1], other)]
    answers = [(), tuple(added), "skipped", "open", ("cold",)]
    meant = [[], added, before[2], before[3], ["cold"]]
    for short in (False, True):
        export, fixed = tmp_path / f"{short}.json", tmp_path / f"{short}{file.suffix}"
        export.write_text(json.dumps(exported(made, answers, short=short)))
        done = textune.correct(file, export, fixed)
        expected = dict(zip(places, meant, strict=True))
        found = labels_of(fixed, form)
        for place, (own, names) in enumerate(zip(held, found, strict=True), 1):
            assert sorted(names) == sorted(expected.get(place, own))
        assert done.changed == sum(a != b for a, b in zip(meant, before, strict=True))
    if form == "columns":
        given = ("--apply", export, "-o", fixed, "--overwrite", "--measure", "--base", tiny_base)
        worth = json.loads(said("suspects", file, *given, "--json"))["worth"]
        assert (worth["texts"], worth["p"]) == (160, None)
        assert 0 < worth["before"] <= 1
        assert 0 < worth["after"] <= 1


def test_an_export_in_which_all_labels_were_removed_is_read(listed, tiny_base, tmp_path):
    files, _ = listed
    tasks = tmp_path / "tasks.json"
    textune.suspects(files["cells"], base=tiny_base, output=tasks, as_="label-studio", n=2)
    made, export = json.loads(tasks.read_text()), tmp_path / "export.json"
    export.write_text(json.dumps(exported(made, [(), ()], short=False)))
    done = textune.correct(files["cells"], export, tmp_path / "fixed.csv")
    assert done.changed + done.same == 2
    places = [int(task["data"]["place"].rpartition(":")[2]) - 2 for task in made]
    rows = read(tmp_path / "fixed.csv")
    assert [rows[place]["tags"] for place in places] == ["", ""]
    for given in (["open", "open"], ["skipped", "open"]):
        export.write_text(json.dumps(exported(made, given, short=False)))
        with pytest.raises(DataError, match="left out, since each has no finished annotation"):
            textune.correct(files["cells"], export, tmp_path / "no.csv")
