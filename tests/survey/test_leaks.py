"""Texts of files that judge are looked for among those that are learned from."""

import json

import pytest
from typer.testing import CliRunner

import textune
from textune.doors.cli import app
from textune.records import Example
from textune.survey import audit, leaks

LONG = "the plot of this long film drags on until nobody in the hall is still awake"
LEARNED = [
    ("It was, in short, caf\u00e9 cinema!", "good"),
    (LONG, "bad"),
    ("a quiet little story about bees", "good"),
    ("nothing at all to laugh about here", "bad"),
    *((f"{word} and {word[::-1]} again", "good") for word in ("apple", "table", "river", "stone")),
    *((f"never {word} me {word[::-1]}", "bad") for word in ("cloud", "green", "house", "light")),
]
JUDGED = [
    ("a quiet little story about bees", "bad"),  # word for word, with another label
    ("it WAS  in short cafe\u0301 cinema", "good"),
    (LONG.replace("awake", "asleep"), "bad"),
    ("a text that only this file has", "good"),
    ("!!!", "bad"),
]
KINDS = ["leak", "normalised leak", "near leak"]


def made(rows, name="made.csv"):
    return [
        Example(text, f"{name}:{n}", label=label) for n, (text, label) in enumerate(rows, start=2)
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks")
    for name, rows in (("train", LEARNED), ("valid", JUDGED)):
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "train.jsonl", folder / "valid.jsonl"


def test_each_way_is_told_with_the_first_rows_of_both_files():
    found = leaks.between(made(LEARNED, "a.csv"), made(JUDGED, "b.csv"), "validation")
    assert [(one.kind, one.count, one.rows) for one in found] == [
        ("leak", 1, ("b.csv:2",)),
        ("normalised leak", 1, ("b.csv:3",)),
        ("near leak", 1, ("b.csv:4",)),
    ]
    assert "1 text of 5 in the validation data (20.0%) also stands in the training data, word" in (
        found[0].message
    )
    assert "1 with another label there; first: b.csv:2 repeats a.csv:4" in found[0].message
    assert "another label" not in found[1].message
    assert found[2].message.endswith("but for a few words, so scores would flatter; first: "
                                     "b.csv:4 repeats a.csv:3")  # fmt: skip


@pytest.mark.parametrize("rows", [[], [("new", "good")], [("", "good"), (" ", "bad")]])
def test_no_leak_is_no_finding(rows):
    assert leaks.between(made([*LEARNED, ("", "good")]), made(rows), "test") == []
    assert leaks.between([], made(rows), "test") == []


def test_other_signs_and_numbers_are_other_texts():
    learned = made([("C1 > C2", "good"), ("!!!", "bad"), ("seat 4", "good")])
    assert (
        leaks.between(learned, made([("C1 < C2", "bad"), ("?", "bad"), ("seat 5", "bad")]), "x")
        == []
    )


def test_both_texts_of_a_pair_must_be_there():
    rows = [
        Example("one?", "a:1", pair="Two!", label="x"),
        Example("one", "a:2", pair="b", label="x"),
    ]
    found = leaks.between(rows[:1], [Example("One", "b:1", pair="two", label="x"), rows[1]], "test")
    assert [(one.kind, one.rows) for one in found] == [("normalised leak", ("b:1",))]


def test_labels_that_differ_for_the_same_words_are_a_conflict():
    rows = made([*LEARNED, ("it was in short cafe\u0301 cinema", "bad")])
    (found,) = [one for one in audit.audit(rows) if one.kind == "conflict"]
    assert found.rows == ("made.csv:2", f"made.csv:{len(rows) + 1}")


def test_check_compares_files(files):
    train, valid = map(str, files)
    ran = CliRunner().invoke(app, ["check", train, "--valid", valid, "--test", valid, "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert [(one["kind"], one["count"]) for one in told["findings"] if "leak" in one["kind"]] == [
        (kind, 1) for _ in range(2) for kind in KINDS
    ]
    assert told["command"].endswith(f"--valid {valid} --test {valid}")
    shown = CliRunner().invoke(app, ["check", train, "--valid", valid])
    assert "also stands in the training data" in " ".join(shown.stdout.split())


def test_check_compares_the_parts_of_a_data_set(files):
    found = textune.check(files[0].parent)
    assert [one.kind for one in found.findings if "leak" in one.kind] == KINDS


def test_train_warns_and_the_data_card_tells(files, tiny_base, tmp_path):
    run = textune.train(files[0], valid=files[1], base=tiny_base, out=tmp_path / "run", epochs=0)
    card = json.loads((run.path / "data_card.json").read_text("utf-8"))
    assert [(one["kind"], one["count"]) for one in card["findings"]] == [(k, 1) for k in KINDS]


def test_groups_of_which_training_has_texts_are_told():
    def grouped(name, groups):
        return [
            Example(f"{name[0] * n} {name[0] * 2 * n}", f"{name}:{n}", group=group)
            for n, group in enumerate(groups, start=2)
        ]

    train = grouped("a.csv", ["ann", "bob", "ann", None])
    (found,) = leaks.between(train, grouped("b.csv", ["cid", "bob", None, "ann", "bob"]), "test")
    assert (found.kind, found.severity, found.count) == ("group leak", "warning", 3)
    assert found.rows == ("b.csv:3", "b.csv:5", "b.csv:6")
    assert "3 texts of 5 in the test data are of 2 groups that" in found.message
    assert found.message.endswith("first: b.csv:3 is of the group of a.csv:3")
    assert leaks.between(train, grouped("b.csv", ["cid", None]), "test") == []
    assert leaks.between([], grouped("b.csv", ["cid", None]), "test") == []


def test_check_compares_the_groups_of_files(tmp_path):
    for name, more in (("a.csv", 0), ("b.csv", 15)):
        rows = [f"{name} has {n} own words {n * 7},{'xy'[n % 2]},u{n + more}" for n in range(20)]
        (tmp_path / name).write_text("\n".join(["text,label,user", *rows]) + "\n")
    words = ["check", str(tmp_path / "a.csv"), "--group", "user", "--valid"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "b.csv"), "--json"])
    assert done.exit_code == 0, done.output
    found = {one["kind"]: one["count"] for one in json.loads(done.stdout)["findings"]}
    assert found["group leak"] == 5
