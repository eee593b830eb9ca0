"""Answers to choose from are refused, however their columns are called; look-alikes are read."""

import json

import pytest

from made_tables import WORDS, checked, made, one_of, prose
from textune.errors import DataError
from textune.tasks.contract import understand

SAID = "look like answers to choose"


def said(n, count=6):
    return " ".join(WORDS[(n * k + k) % len(WORDS)] for k in range(1, count + 1)) + f" {n}"


def rows_of(form):
    makers = {
        "lettered": lambda n: {
            "context": said(n, 12),
            "question": said(n),
            **{f"answer{letter}": said(n + at, 4) for at, letter in enumerate("ABC", start=1)},
            "correct": "ABC"[n % 3],
        },
        "counted": lambda n: {
            "context": said(n, 12),
            "question": said(n),
            **{f"answer{letter}": said(n + at, 4) for at, letter in enumerate("ABC", start=1)},
            "label": n % 3 + 1,
        },
        "nested": lambda n: {
            "question": said(n),
            "choices": {"label": [*"ABC"], "text": [said(n + at, 3) for at in range(3)]},
            "answerKey": "ABC"[n % 3],
        },
        "endings": lambda n: {
            "ctx": said(n, 12),
            "endings": [said(n + at) for at in range(4)],
            "label": n % 4,
        },
        "several": lambda n: {
            "article": said(n, 30),
            "questions": [said(n), said(n + 1)],
            "options": [[said(n + at, 3) for at in range(4)] for _ in range(2)],
            "answers": ["ABCD"[n % 4], "A"],
        },
        "right and wrong": lambda n: {
            "conversation": [said(n), f"{said(n + 1)} <MASK>"],
            "correct1": said(n, 2),
            "correct2": said(n + 2, 2),
            "incorrect1": said(n + 3, 2),
            "incorrect1_rule": f"Rule {n % 3}",
            "incorrect2": said(n + 4, 2),
            "incorrect2_rule": f"Rule {n % 2}",
        },
    }
    return [makers[form](n) for n in range(40)]


FORMS = ["lettered", "counted", "nested", "endings", "several", "right and wrong"]


@pytest.mark.parametrize("form", FORMS)
def test_answers_to_choose_from_are_refused(tmp_path, form):
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, rows_of(form))))
    with pytest.raises(DataError, match=f"{SAID} from .* a row for each answer, as the other text"):
        checked(file)


def test_answers_without_names_are_known_by_the_letter_of_the_right_one():
    columns = {"asked": prose(12, 20)} | {f"c{n}": prose(2, 4) for n in range(4)}
    with pytest.raises(DataError, match=f"'2', '3', '4', '5' {SAID}"):
        understand(made(6, **columns, right=one_of(*"ABCD")))


def test_grades_beside_a_text_and_classes_are_labels():
    columns = {"id": prose(9, 12), "two": one_of("x", "y"), "three": one_of("v", "w")}
    found = understand(made(5, **columns, four=one_of("m", "n"), grade=one_of(*"ABC"))).contract
    assert found.label


def test_a_text_and_its_correction_are_no_answers():
    columns = {"incorrect": prose(), "correct": prose(), "note": prose(3, 5)}
    names = (*columns, "type")
    found = understand(made(names, **columns, type=one_of("verb", "noun"))).contract
    assert found.label == ("type",)
