"""Rows of one text by several annotators become one row, in every door that reads labels."""

import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import textune
from textune.doors.cli import app
from textune.errors import DataError, SettingsError
from textune.records import Batch
from textune.survey import survey
from textune.tasks import annotated, examples, losses

LABELS = ("good", "bad")


def rows_of(texts, people=3, torn=4):
    """Make rows in which one of the people differs in every `torn`th text."""
    for text in range(texts):
        for person in range(people):
            differs = person == 1 and text % torn == 0
            yield f"the film number {text} was fine", LABELS[(text + differs) % 2], f"p{person}"


def written(path, rows, header=("text", "label", "annotator")):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def checked(file, **options):
    return survey.check(file, count_tokens=lambda texts: [9] * len(texts), **options)


def labels_of(found):
    return [example.label for example in examples.read(found.table, found.contract)]


@pytest.mark.parametrize(
    "name",
    ["annotator", "WorkerId", "rater_id", "_worker_id", "labeled_by", "ASSIGNMENT:worker_id"],
)
def test_each_text_has_the_label_of_most(tmp_path, name):
    found = checked(written(tmp_path / "long.csv", rows_of(24), ("text", "label", name)))
    assert found.rows == 24
    assert labels_of(found) == [LABELS[text % 2] for text in range(24)]
    assert found.contract.annotators == (name, "majority")
    (said,) = (one for one in found.findings if one.kind == "annotators")
    assert said.message.startswith("annotators differ in 6 of 24 texts that several of them")
    assert "(Krippendorff's alpha 0.66" in said.message
    assert "first: long.csv:2, long.csv:14, long.csv:26" in said.message
    assert name not in found.left_out


def test_ties_are_left_out_and_the_first_can_be_taken(tmp_path):
    file = written(tmp_path / "long.csv", rows_of(24, people=2))
    found = checked(file)
    assert (found.rows, len(labels_of(found))) == (18, 18)
    (left_out,) = (one for one in found.findings if one.kind == "left out")
    assert left_out.message == (
        "6 texts are left out, since each has as many annotators for one label as for another; "
        "first: long.csv:2"
    )
    first = checked(file, annotators="first")
    assert labels_of(first) == [LABELS[text % 2] for text in range(24)]
    assert "--annotators first" in first.command
    with pytest.raises(DataError, match="annotators differ in 6 of 24 texts"):
        checked(file, annotators="refuse")


def test_columns_of_0_and_1_apply_by_more_than_half(tmp_path):
    emotions = ("joy", "fear", "calm")
    flags = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    rows = [
        (f"the film number {text} was fine", person, *flags[(text + (person == 2)) % 3])
        for text in range(20)
        for person in range(2 + text % 2)
    ]
    found = checked(written(tmp_path / "long.csv", rows, ("text", "rater_id", *emotions)))
    assert (found.contract.task, found.rows) == ("multi", 20)
    assert labels_of(found) == [(emotions[text % 3],) for text in range(20)]


@pytest.mark.parametrize(
    ("said", "other", "task", "expected"),
    [
        (("1.0", "2.0", "6.0"), "4.5", "number", "3"),
        (("a;b", "a;c", "a"), "b;c", "multi", ("a",)),
        (('["a", "b"]', '["a"]', '["b", "a"]'), '["b"]', "multi", ("a", "b")),
    ],
)
def test_numbers_are_their_mean_and_lists_have_what_most_have(
    tmp_path, said, other, task, expected
):
    shared = [(f"shared film {n}", cell, who) for n in range(9) for who, cell in enumerate(said)]
    single = [(f"the film number {n} was fine", (said[0], other)[n % 2], 1) for n in range(40)]
    found = checked(written(tmp_path / "long.csv", [*shared, *single]), task=task)
    assert labels_of(found)[:9] == [expected] * 9


def test_spans_are_those_of_more_than_half(tmp_path):
    whole = [[0, 3, "PER"], [8, 16, "PER"]]
    lines = [
        {
            "text": f"Dan met Eve Moss {n}",
            "label": whole if person else whole[:1],
            "annotator": person,
        }
        for n in range(12)
        for person in range(3)
    ]
    file = tmp_path / "long.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    found = checked(file)
    assert (found.rows, dict(found.labels)) == (12, {"PER": 24})
    (said,) = (one for one in found.findings if one.kind == "annotators")
    assert "annotators differ in 12 of 12 texts" in said.message
    assert "(Krippendorff's alpha 0.47" in said.message


def test_nobody_is_merged_where_texts_are_not_shared(tmp_path):
    rows = [(f"the film number {n} was fine", LABELS[n % 2], n % 3) for n in range(24)]
    found = checked(written(tmp_path / "long.csv", rows))
    assert (found.rows, found.contract.annotators) == (24, ())
    file = written(tmp_path / "none.csv", rows, ("text", "label", "stars"))
    with pytest.raises(
        SettingsError,
        match=r"--annotators first: no column says who labelled.*annotator1, annotator2",
    ):
        checked(file, annotators="first")


def test_training_and_evaluation_read_a_text_once(tmp_path, tiny_base):
    file = written(tmp_path / "long.csv", rows_of(40))
    run = textune.train(
        str(file), base=tiny_base, out=tmp_path / "run", epochs=1, device="cpu", valid=str(file)
    )
    assert textune.evaluate(run, str(file))["n"] == 40
    done = CliRunner().invoke(app, ["predict", str(run.path), "--input", str(file), "--json"])
    assert len(done.stdout.splitlines()) == 120  # each row of the file has its answer


def test_short_exports_of_label_studio(tmp_path):
    header = (
        *("text", "id", "mood", "kinds", "stars", "topic", "annotator", "annotation_id"),
        *("created_at", "updated_at", "lead_time"),
    )
    several, stars = '{"choices": ["a", "b"]}', '[{"rating": 4}]'
    topic = '[{"taxonomy": [["Food", "Fish"], ["Place"]]}]'
    rows = [
        (
            *(f"the film {text} was fine", text, LABELS[text % 2], several if text % 2 else "a"),
            *(stars, topic, person, 2 * text + person, "2026-01-01", "2026-01-01", 3.5),
        )
        for text in range(20)
        for person in range(2)
    ]
    found = checked(written(tmp_path / "export.csv", rows, header), label="mood")
    assert next(found.table.rows()).cells == (
        *("the film 0 was fine", "0", "good", "a", "4", '["Food / Fish", "Place"]', "0"),
    )
    assert (found.rows, dict(found.labels)) == (20, {"good": 10, "bad": 10})
    assert "several people annotated 20 texts, and agree on all of them" in {
        finding.message for finding in found.findings
    }
    file = tmp_path / "export.json"
    file.write_text(json.dumps([dict(zip(header, row, strict=True)) for row in rows]))
    assert checked(file, label="mood").rows == 20


def test_sessions_of_prodigy_are_annotators(tmp_path):
    lines = [
        {
            "text": f"the film {text} was fine",
            "accept": [LABELS[(text + (person == 2)) % 2]],
            "options": [{"id": name, "text": name} for name in LABELS],
            "answer": "accept",
            "_session_id": f"db-{person}",
        }
        for text in range(12)
        for person in range(3)
    ]
    file = tmp_path / "choice.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    found = checked(file)
    assert (found.rows, found.contract.annotators) == (12, ("annotator", "majority"))
    assert labels_of(found) == [LABELS[text % 2] for text in range(12)]


def test_soft_labels_keep_what_each_said(tmp_path):
    found = checked(written(tmp_path / "long.csv", rows_of(24)), annotators="soft")
    read = list(examples.read(found.table, found.contract))
    assert (found.rows, len(read)) == (24, 24)
    assert read[0].shares == (("good", 2 / 3), ("bad", 1 / 3))
    assert (read[0].label, read[1].shares) == ("good", ())
    assert "each of their labels counts by its share" in found.findings[0].message
    shares = annotated.shares_of(read, ("bad", "good"))
    assert shares[:2].tolist() == pytest.approx(np.array([[1 / 3, 2 / 3], [1, 0]]))
    assert annotated.shares_of(read[1:3], ("bad", "good")) is None
    tied = checked(written(tmp_path / "two.csv", rows_of(24, people=2)), annotators="soft")
    assert tied.rows == 24  # what is tied counts half for each


def test_soft_labels_are_for_one_label_a_text(tmp_path):
    rows = [(f"shared film {n // 2}", float(n % 5), n % 2) for n in range(60)]
    with pytest.raises(SettingsError, match=r"--annotators soft .* here it is task number"):
        checked(written(tmp_path / "long.csv", rows), annotators="soft", task="number")


def test_the_loss_of_soft_labels_is_the_mean_of_those_of_each():
    logits = torch.tensor([[1.0, -0.5, 0.2], [0.3, 0.1, -2.0]])
    shares = torch.tensor([[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]])
    whole = batch_of(torch.tensor([0, 2]))
    for criterion in ("cross-entropy", "focal"):
        for weights in (None, (1.0, 2.0, 0.5)):
            options = {"weights": weights, "smoothing": 0.1, "criterion": criterion}
            one, two = (
                losses.classes(logits[:1], batch_of(torch.tensor([label])), **options)
                for label in (0, 1)
            )
            last = losses.classes(logits[1:], batch_of(torch.tensor([2])), **options)
            found = losses.classes(logits, replace(whole, shares=shares), **options)
            assert found.item() == pytest.approx((0.75 * one + 0.25 * two + last).item(), rel=1e-5)


def batch_of(targets):
    empty = torch.zeros(0, dtype=torch.int64)
    lengths = (0,) * len(targets)
    return Batch(empty, empty, empty, torch.zeros(len(targets) + 1), lengths, targets=targets)


@pytest.mark.parametrize("probe", [False, True])
@pytest.mark.first(1)
def test_training_with_soft_labels_is_another_than_with_those_of_most(tmp_path, tiny_base, probe):
    file = written(tmp_path / "long.csv", rows_of(40, torn=2))
    judged = written(tmp_path / "judged.csv", rows_of(12), ("text", "label", "nobody"))
    losses_of = {}
    for rule in ("majority", "soft"):
        run = textune.train(
            str(file),
            valid=str(judged),
            annotators=rule,
            base=tiny_base,
            out=tmp_path / rule,
            epochs=0 if probe else 2,  # then of the frozen head alone
            settings=f"train.probe={str(probe).lower()}",
            device="cpu",
        )
        losses_of[rule] = run.metrics["valid"]["log_loss"]
        assert textune.evaluate(run, str(file))["n"] == 40
    assert losses_of["soft"] != losses_of["majority"]


def test_a_column_for_each_annotator_becomes_one_where_asked(tmp_path, tiny_base):
    rows = [
        (
            f"the film number {n} was fine",
            LABELS[n % 2],
            LABELS[(n + (n % 4 == 0)) % 2],
            LABELS[n % 2],
        )
        for n in range(40)
    ]
    header = ("text", "annotator_1", "annotator_2", "annotator_3")
    file = written(tmp_path / "wide.csv", rows, header)
    assert checked(file).contract.task == "aspects"
    found = checked(file, annotators="majority")
    assert found.contract.label == ("label of the annotators",)
    assert labels_of(found) == [LABELS[n % 2] for n in range(40)]
    (said,) = (one for one in found.findings if one.kind == "annotators")
    assert said.message.startswith("annotators differ in 10 of 40 texts")
    two = checked(
        written(tmp_path / "two.csv", [row[:3] for row in rows], header[:3]), annotators="majority"
    )
    assert (two.rows, len(labels_of(two))) == (30, 30)
    soft = checked(file, annotators="soft")
    assert next(examples.read(soft.table, soft.contract)).shares == (
        ("good", 2 / 3),
        ("bad", 1 / 3),
    )
    run = textune.train(
        str(file),
        valid=str(file),
        annotators="majority",
        base=tiny_base,
        out=tmp_path / "run",
        epochs=1,
        device="cpu",
    )
    assert textune.evaluate(run, str(file))["n"] == 40
    done = CliRunner().invoke(
        app, ["predict", str(run.path), "--input", str(tmp_path / "two.csv"), "--json"]
    )
    assert len(done.stdout.splitlines()) == 40


@pytest.mark.parametrize(
    "said",
    [
        ("A", "a", "b", "b", "a"),
        tuple(json.dumps([{"start": 0, "end": 3, "label": name}]) for name in ("A", "a", "b")),
        tuple(json.dumps([[0, 3, name]]) for name in ("A", "a", "b")),
    ],
    ids=["names", "objects", "triples"],
)
def test_labels_that_are_merged_are_one_vote(tmp_path, said):
    rows = [
        (f"the film number {text} was fine", label, f"p{person}")
        for text in range(20)
        for person, label in enumerate(said)
    ]
    file = written(tmp_path / "a.csv", rows)
    found = checked(file, merge_labels="A=a", annotators="majority")
    assert found.rows == 20
    assert found.labels == {"a": 20}


def test_the_call_for_a_frame_says_whose_label_is_taken():
    frame = pd.DataFrame(list(rows_of(24)), columns=["text", "label", "annotator"])
    assert "annotators='majority'" in checked(frame, annotators="majority").command
