"""What is judged is told from what only looks so: parts of it, names of rows, a stance's topic."""

import csv

import pytest

from made_tables import checked
from textune.errors import DataError

MANNERS = ["fluency", "meaning", "simplicity"]


def written(folder, head, rows):
    file = folder / "rows.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([head.split(","), *rows])
    return file


def ratings():
    for n in range(10):
        for version in range(2):
            for worker in range(3):
                for manner in MANNERS:
                    score = (n * 7 + version * 13 + worker * 29 + len(manner)) % 101
                    yield (
                        f"the mayor of {n} was elected",
                        f"{n} has by now a mayor of the {version} kind",
                        manner,
                        f"w{worker}",
                        score,
                    )


def test_rows_of_a_person_who_judged_a_text_again_are_not_made_one(tmp_path):
    file = written(tmp_path, "sentence,other,aspect,worker_id,rating", ratings())
    found = checked(file, text="sentence", task="number", label="rating")
    assert (found.rows, found.contract.annotators) == (180, ())
    (said,) = [item.message for item in found.findings if item.kind == "annotators"]
    assert "did so again for 150 texts, in rows that differ in 'aspect', 'other'" in said
    merged = checked(file, text="sentence", label="rating", annotators="majority", task="number")
    assert merged.contract.annotators == ("worker_id", "majority")


def test_rows_of_several_people_are_made_one_as_before(tmp_path):
    rows = [
        (f"the bus was late {n}", f"w{w}", "ab"[(n + w) % 2]) for n in range(20) for w in (0, 1, 2)
    ]
    found = checked(written(tmp_path, "text,worker,label", rows))
    assert found.rows == 20


def test_a_sentence_and_its_simplification_are_a_pair(tmp_path):
    file = written(tmp_path, "original,simplification,aspect,worker_id,rating", ratings())
    assert checked(file).contract.text == ("original", "simplification")


def test_the_topic_of_a_stance_is_no_label(tmp_path):
    topics = ["We should ban school uniforms", "We should keep the old bridge", "Tax is theft"]
    rows = [
        (f"a{n}", f"because {n} people like it so", topics[n % 3], (-1, 1)[n % 2])
        for n in range(60)
    ]
    found = checked(written(tmp_path, "arg_id,argument,topic,stance", rows))
    assert found.contract.text == ("argument", "topic")
    assert found.contract.label == ("stance",)
    rows = [(argument, topic) for _, argument, topic, _ in rows]
    assert checked(written(tmp_path, "argument,topic", rows)).contract.label == ("topic",)


def test_ids_of_texts_that_stand_elsewhere_are_no_texts(tmp_path):
    rows = [(f"arg_{n % 30}_{n % 7}", f"kp_{n % 5}", n % 2) for n in range(90)]
    with pytest.raises(DataError, match=r"no column looks like text \('arg_id' is"):
        checked(written(tmp_path, "arg_id,key_point_id,label", rows))


def test_names_of_rows_are_no_classes(tmp_path):
    """As in tables of the comments of programs, where `class` names a class of a program."""
    rows = [(f"Visitor{n}Of{n % 7}", f"I am a visitor of books {n}") for n in range(60)]
    found = checked(written(tmp_path, "class,comment", rows))
    assert found.contract.task == "plain"


@pytest.mark.parametrize("stance", ["", "unknown"])
def test_the_topic_of_no_stance_is_the_label(tmp_path, stance):
    rows = [(f"because {n} people like it so", "abcd"[n % 4] * 3, stance) for n in range(60)]
    found = checked(written(tmp_path, "text,topic,stance", rows)).contract
    assert (found.text, found.label) == (("text",), ("topic",))


@pytest.mark.parametrize(
    ("head", "text", "label"),
    [
        ("text,topic,user_stance,label", ("text",), "label"),
        ("text,topic,stance,target", ("text", "target"), "stance"),
    ],
)
def test_a_topic_beside_what_is_named_surer_is_nothing_that_is_judged(tmp_path, head, text, label):
    rows = [
        (
            f"because {n} people like it so",
            "abcd"[n % 4] * 3,
            "xy"[n % 2],
            ("bus", "car")[n // 3 % 2],
        )
        for n in range(60)
    ]
    found = checked(written(tmp_path, head, rows)).contract
    assert (found.text, found.label) == (text, (label,))


@pytest.mark.parametrize("head", ["text,worker,label", "text,worker,label,time"])
def test_rows_that_stand_twice_in_a_file_are_made_one_as_before(tmp_path, head):
    rows = [
        (f"the bus was late {n}", f"w{w}", "ab"[(n + w) % 2]) for n in range(20) for w in (0, 1, 2)
    ] * 2
    rows = [(*row, n)[: len(head.split(","))] for n, row in enumerate(rows)]
    assert checked(written(tmp_path, head, rows)).rows == 20
