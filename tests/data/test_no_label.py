"""Cells that mean "no label": left out and said, asked about, or a label like the others."""

import csv
import json
import random
import re

import pytest
from typer.testing import CliRunner

import textune
from made_tables import WORDS
from textune.data import missing
from textune.doors.cli import app
from textune.errors import SettingsError
from textune.survey import survey


def prose(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=9)) + f" {draw.random():.6f}"


@pytest.fixture
def labelled(tmp_path):
    def write(labels, columns=("text", "label"), more=()):
        draw = random.Random(0)
        file = tmp_path / "data.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            rows = [[prose(draw), label, *more[n : n + 1]] for n, label in enumerate(labels)]
            csv.writer(opened).writerows([columns, *rows])
        return file

    return write


def checked(file, **options):
    return survey.check(file, count_tokens=lambda texts: [len(t.split()) for t in texts], **options)


def messages(found) -> str:
    return " ".join(finding.message for finding in found.findings)


def often(*labels, rare):
    """Give a hundred labels, of which five are another."""
    return [rare if n % 20 == 7 else labels[n % len(labels)] for n in range(100)]


@pytest.mark.parametrize("value", ["nan", "NaN", "<NA>", "#N/A", "NULL", "null", "unlabeled"])
def test_what_programs_write_for_nothing_is_no_class(labelled, value):
    file = labelled(often("pos", "neg", "neutral", rare=value))
    found = checked(file)
    assert (found.contract.task, found.rows) == ("single", 95)
    assert set(found.labels) == {"pos", "neg", "neutral"}
    assert f"5 rows are left out, since 'label' is {value!r} there" in messages(found)
    kept = checked(file, no_skip=f"label={value}")
    assert (kept.rows, kept.labels[value]) == (100, 5)
    assert "left out" not in messages(kept)


@pytest.mark.parametrize("value", ["NA", "?", "None", "unknown", "-1"])
def test_among_numbers_that_are_classes_other_signs_mean_the_same(labelled, value):
    labels = ("0", "1", "2") if value == "-1" else ("1", "2", "3", "4", "5")
    found = checked(labelled(often(*labels, rare=value)))
    assert set(found.labels) == set(labels)
    assert f"5 rows are left out, since 'label' is {value!r} there" in messages(found)


@pytest.mark.parametrize("value", ["NA", "?", "None", "unknown", "n/a"])
def test_among_names_they_are_classes_and_asked_about(labelled, value):
    file = labelled(often("Positive", "Negative", rare=value), more=["x"] * 0)
    found = checked(file)
    assert found.labels[value] == 5
    assert f"'label' is {value!r} in 5 of 100 rows" in messages(found)
    assert f"--skip 'label={value}'" in messages(found) or f"--skip label={value}" in messages(
        found
    )
    assert value not in checked(file, skip=f"label={value}").labels
    assert f"is {value!r} in 5" not in messages(checked(file, no_skip=f"label={value}"))


def test_none_is_a_stance(labelled):
    found = checked(labelled(often("FAVOR", "AGAINST", rare="NONE"), columns=("tweet", "stance")))
    assert found.labels["NONE"] == 5
    asked = [item for item in found.findings if item.kind == "unlabelled"]
    assert [item.severity for item in asked] == ["note"]


@pytest.mark.parametrize("labels", [("-1", "0", "1"), ("-1", "1"), ("-2", "-1", "0", "1", "2")])
def test_a_frequent_minus_one_is_a_class(labelled, labels):
    found = checked(labelled([labels[n % len(labels)] for n in range(90)]))
    assert set(found.labels) == set(labels)
    assert found.rows == 90


def test_minus_one_beside_0_and_1_is_left_out_where_it_is_rare(labelled):
    file = labelled(often("0", "1", rare="-1"))
    found = checked(file)
    assert set(found.labels) == {"0", "1"}
    assert "--no-skip label=-1" in messages(found)
    assert set(checked(file, no_skip="label=-1").labels) == {"-1", "0", "1"}


def test_rows_that_an_annotator_rejected_are_left_out(labelled):
    answers = [("accept", "accept", "reject", "ignore")[n % 4] for n in range(80)]
    labels = [("pos", "neg")[n // 4 % 2] for n in range(80)]
    found = checked(labelled(labels, columns=("text", "label", "answer"), more=answers))
    assert (found.contract.label, found.rows) == (("label",), 40)
    assert found.contract.skip == ("answer=reject", "answer=ignore")
    assert "20 rows are left out, since 'answer' is 'reject' there" in messages(found)


def test_texts_that_are_nan_are_left_out_once_with_their_labels(tmp_path):
    draw = random.Random(0)
    rows = [{"review": prose(draw), "label": "ab"[n % 2]} for n in range(100)]
    rows[::5] = [{"review": "nan", "label": "nan"}] * 20
    rows[7]["label"] = "nan"
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    found = checked(file)
    assert (found.contract.text, found.rows, sum(found.labels.values())) == (("review",), 79, 79)


def test_the_option_travels_from_the_command_line_into_the_run(labelled, tiny_base, tmp_path):
    file = labelled(often("0", "1", rare="-1"))
    done = CliRunner().invoke(app, ["check", str(file), "--no-skip", "label=-1", "--json"])
    assert "--no-skip label=-1" in json.loads(done.stdout)["command"]
    run = textune.train(
        str(file), base=tiny_base, out=tmp_path / "run", epochs=1, device="cpu", no_skip="label=-1"
    )
    card = json.loads((run.path / "data_card.json").read_text())
    assert card["labels"] == {"-1": 5, "0": 50, "1": 45}
    with pytest.raises(SettingsError, match=r"--no-skip 'lable=-1': 'lable' is not a column"):
        checked(file, no_skip="lable=-1")


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"a": 1, "b": 1, "nan": 2}, ["nan"]),
        ({"a": 1, "nan": 2}, []),
        ({"Nan": 1, "Ann": 1, "Ben": 1}, []),
        ({"1": 1, "2": 1, "?": 1, "NA": 1}, ["?", "NA"]),
        ({"1": 1, "2": 1, "x": 1, "NA": 1}, []),
    ],
)
def test_which_cells_stand_for_no_value(counts, found):
    assert list(missing.of(counts)) == found


def test_nan_among_several_columns_of_classes_is_no_class_of_any(tmp_path):
    draw = random.Random(0)
    names = ("positive", "negative", "neutral", "nan")
    rows = [[prose(draw), *draw.choices(names, k=3)] for _ in range(90)]
    file = tmp_path / "data.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["text", "food", "service", "price"], *rows])
    found = checked(file)
    assert (found.contract.task, len(found.labels)) == ("aspects", 9)
    assert not [label for label in found.labels if label.endswith("nan")]
    assert "blank cells among the labels: 'food' in" in messages(found)


def test_a_cell_kept_of_another_column_is_asked_about_still(labelled):
    labels = often("Positive", "Negative", rare="NA")
    file = labelled(
        labels, ("text", "label", "note"), more=["NA" if n % 2 else "b" for n in range(100)]
    )
    assert "'label' is 'NA' in 5 of 100 rows" in messages(checked(file, no_skip="note=NA"))


@pytest.mark.parametrize("labels", [("Positive", "Negative"), ("Positive",)])
def test_a_label_that_may_be_none_is_asked_about_once_and_not_after_an_answer(labelled, labels):
    file = labelled(often(*labels, rare="NA"))
    asked = [finding for finding in checked(file).findings if "'NA'" in finding.message]
    assert [finding.kind in ("missing", "unlabelled") for finding in asked].count(True) == 1
    answered = checked(file, no_skip="label=NA")
    assert not {finding.kind for finding in answered.findings} & {"missing", "unlabelled"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"skip": "label=pso"}, "no cell of 'label' is 'pso'.*did you mean 'pos'"),
        ({"skip": "label="}, "no cell of 'label' is blank, so that it changes nothing$"),
        ({"no_skip": "label=x"}, "--no-skip label=x: no cell of 'label' is 'x'"),
    ],
)
def test_a_cell_to_be_skipped_that_is_in_no_row_is_told(tmp_path, options, said):
    rows = [f"a fine day {n},{'pos' if n % 2 else 'neg'}" for n in range(40)]
    file = tmp_path / "days.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    found = checked(file, **options)
    (finding,) = (finding for finding in found.findings if finding.kind == "skip")
    assert re.search(said, finding.message)
    found = checked(file, skip="label=neg", no_skip="label=pos")
    assert not [finding for finding in found.findings if finding.kind == "skip"]


@pytest.mark.parametrize(
    ("column", "cell"), [("AssignmentStatus", "Rejected"), ("ASSIGNMENT:status", "REJECTED")]
)
def test_what_was_refused_of_crowd_workers_is_left_out(labelled, column, cell):
    states = [cell if n % 20 == 7 else "Approved" for n in range(100)]
    file = labelled(often("pos", "neg", rare="pos"), ("text", "label", column), states)
    found = checked(file)
    assert (found.contract.label, found.rows) == (("label",), 95)
    assert f"5 rows are left out, since '{column}' is '{cell}' there" in messages(found)
    assert checked(file, no_skip=f"{column}={cell}").rows == 100


def test_a_state_that_is_no_assignments_says_nothing_of_labels(labelled):
    states = ["Rejected" if n % 20 == 7 else "Approved" for n in range(100)]
    file = labelled(often("pos", "neg", rare="pos"), ("text", "label", "loan_status"), states)
    assert checked(file).rows == 100


@pytest.mark.parametrize("column", ["Assignment Group", "assignment", "assigned_group"])
def test_whom_a_text_is_assigned_to_is_a_label(labelled, column):
    file = labelled(often("network", "access", rare="access"), ("text", column))
    assert checked(file).contract.label == (column,)


@pytest.mark.parametrize(
    ("column", "cell", "usual"),
    [
        ("status", "skipped", "done"),
        ("annotation_state", "Draft", "x"),
        ("skipped", "True", "False"),
    ],
)
def test_labels_of_unfinished_work_are_asked_about(labelled, column, cell, usual):
    states = [cell if n % 20 == 7 else usual for n in range(100)]
    file = labelled(often("pos", "neg", rare="pos"), ("text", "label", column), states)
    found = checked(file)
    assert (found.contract.label, found.rows) == (("label",), 100)
    assert f"tells of 5 rows whose work is not finished, or not accepted ({cell} 5)" in messages(
        found
    )
    assert "not finished" not in messages(checked(file, skip=f"{column}={cell}"))
    assert "not finished" not in messages(checked(file, no_skip=f"{column}={cell}"))


def test_the_state_of_a_ticket_says_nothing_of_its_label(labelled):
    states = [("open", "closed", "pending", "cancelled")[n % 4] for n in range(100)]
    file = labelled(often("pos", "neg", rare="pos"), ("text", "label", "status"), states)
    assert "not finished" not in messages(checked(file))
