"""Answers in passages, as data sets and programs write them, are read as they are meant."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from made_tables import count_tokens
from textune.records import Survey
from textune.survey import survey
from textune.tasks import examples

TEXTS = ("Ada Moss", "river Maun", "mill")
N = 12
PASSAGES = [f"Ada Moss built town {n} on the river Maun, when the mill was new." for n in range(N)]
QUESTIONS = [f"What is asked here of town {n}?" for n in range(N)]
ANSWERS = [TEXTS[n % 3] for n in range(N)]
STARTS = [passage.index(text) for passage, text in zip(PASSAGES, ANSWERS, strict=True)]
LISTS = [
    {"text": [text], "answer_start": [start]} for text, start in zip(ANSWERS, STARTS, strict=True)
]
NONE = {"text": [], "answer_start": []}
SOME = [NONE if n % 4 == 0 else held for n, held in enumerate(LISTS)]


def asked(n, **more):
    answer = {"text": ANSWERS[n], "answer_start": STARTS[n]}
    return {"id": f"q{n}", "question": QUESTIONS[n], "answers": [answer]} | more


def passages():
    return [{"context": PASSAGES[n], "qas": [asked(n)]} for n in range(N)]


def articles():
    return [{"title": "town", "paragraphs": [one]} for one in passages()]


def checked(file) -> Survey:
    return survey.check(file, count_tokens=count_tokens)


def read(found: Survey) -> list[list[tuple[str, int]]]:
    """Take the answers of each question, and make sure that they stand in their passages."""
    made = list(examples.read(found.table, found.contract))
    for example in made:
        for answer in example.answers:
            assert example.pair.startswith(answer.text, answer.start)
    assert [example.text for example in made] == QUESTIONS
    return [[(answer.text, answer.start) for answer in example.answers] for example in made]


def table(file, columns, *cells):
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([columns, *zip(*cells, strict=True)])
    return file


SHELLS = {
    "a list of articles": lambda: json.dumps(articles()),
    "an article a line": lambda: "\n".join(map(json.dumps, articles())),
    "passages in one object": lambda: json.dumps({"version": "1", "paragraphs": passages()}),
    "a list of passages": lambda: json.dumps(passages(), indent=1),
    "data as usual": lambda: json.dumps({"version": "1", "data": articles()}),
    "questions without ids": lambda: json.dumps(
        {
            "data": [
                {"paragraphs": [{"context": PASSAGES[n], "qas": [{**asked(n), "id": str(n)}]}]}
                for n in range(N)
            ]
        }
    ).replace('"id"', '"number"'),
    "flat": lambda: json.dumps([{"context": PASSAGES[n], **asked(n)} for n in range(N)]),
    "values and aliases": lambda: "\n".join(
        json.dumps(
            {
                "question": QUESTIONS[n],
                "context": PASSAGES[n],
                "answer": {"value": ANSWERS[n], "aliases": ["another"]},
            }
        )
        for n in range(N)
    ),
}


@pytest.mark.parametrize("name", SHELLS)
def test_shells_of_questions_are_read(tmp_path, name):
    file = tmp_path / "dev.json"
    file.write_text(SHELLS[name](), encoding="utf-8")
    assert read(checked(file)) == [[pair] for pair in zip(ANSWERS, STARTS, strict=True)]


def as_numpy(held):
    texts = np.array(held["text"], dtype=object)
    return repr({"text": texts, "answer_start": np.array(held["answer_start"], dtype=np.int32)})


@pytest.mark.parametrize("write", [json.dumps, repr, as_numpy], ids=["json", "python", "numpy"])
def test_cells_with_texts_and_starts_are_read(tmp_path, write):
    columns = ("id", "question", "context", "answers")
    cells = range(N), QUESTIONS, PASSAGES, [write(held) for held in SOME]
    found = read(checked(table(tmp_path / "dev.csv", columns, *cells)))
    wanted = [list(zip(held["text"], held["answer_start"], strict=True)) for held in SOME]
    assert found == wanted


def test_a_column_of_records_is_read(tmp_path):
    file = tmp_path / "dev.parquet"
    columns = {"question": QUESTIONS, "context": PASSAGES, "answers": SOME}
    pq.write_table(pa.table(columns), file)
    assert [len(found) for found in read(checked(file))] == [len(held["text"]) for held in SOME]


FLAGS = {  # columns beside question and passage; questions 0, 4 and 8 have no answer
    "impossible": (("answer", "answer_start", "is_impossible"), lambda n, a, s: (a, s, n % 4 == 0)),
    "answerable": (
        ("answer", "answer_start", "answerable"),
        lambda n, a, s: (a, s, int(n % 4 > 0)),
    ),
    "a word": (
        ("answer", "answer_start"),
        lambda n, a, s: (a, s) if n % 4 else ("no_answer", -1),
    ),
    "a word alone": (("answer",), lambda n, a, s: (a if n % 4 else "unanswerable",)),
    "blank": (("answer", "answer_start"), lambda n, a, s: (a, s) if n % 4 else ("", -1)),
    "ranges": (
        ("answer_char_ranges",),
        lambda n, a, s: (f"{s}:{s + len(a)}|None|{s}:{s + len(a)}" if n % 4 else "None|None",),
    ),
    "ends": (
        ("answer_start", "answer_end"),
        lambda n, a, s: (s, s + len(a)) if n % 4 else (-1, -1),
    ),
    "inclusive ends": (
        ("start", "end"),
        lambda n, a, s: (s, s + len(a) - 1) if n % 4 else (-1, -1),
    ),
}


@pytest.mark.parametrize("name", FLAGS)
def test_what_columns_say_of_answers_is_heeded(tmp_path, name):
    columns, make = FLAGS[name]
    cells = [make(n, ANSWERS[n], STARTS[n]) for n in range(N)]
    file = table(
        tmp_path / "dev.csv",
        ("question", "context", *columns),
        QUESTIONS,
        PASSAGES,
        *zip(*cells, strict=True),
    )
    found = read(checked(file))
    assert found == [[(ANSWERS[n], STARTS[n])] if n % 4 else [] for n in range(N)]


def test_answers_that_a_mark_denies_are_said(tmp_path):
    columns = ("question", "context", "answer", "is_impossible")
    marks = [n % 4 == 0 for n in range(N)]
    found = checked(table(tmp_path / "dev.csv", columns, QUESTIONS, PASSAGES, ANSWERS, marks))
    (said,) = (each.message for each in found.findings if each.kind == "mended")
    assert "3 places were mended" in said
    assert "dev.csv:2: is_impossible is True: read as having no answer" in said
    assert any("'is_impossible' says which questions" in each for each in found.table.reasons)


def test_starts_that_are_wrong_are_mended_and_said(tmp_path):
    columns = ("question", "context", "answer", "answer_start")
    wrong = [start + (n % 2) for n, start in enumerate(STARTS)]
    found = checked(table(tmp_path / "dev.csv", columns, QUESTIONS, PASSAGES, ANSWERS, wrong))
    assert read(found) == [[pair] for pair in zip(ANSWERS, STARTS, strict=True)]
    (said,) = (each.message for each in found.findings if each.kind == "mended")
    assert "6 places were mended" in said
    assert "'river Maun' is not at" in said


def test_several_answers_need_not_all_stand_in_the_passage(tmp_path):
    file = tmp_path / "dev.jsonl"
    rows = [
        {"question": QUESTIONS[n], "context": PASSAGES[n], "answers": ["Nobody", ANSWERS[n]]}
        for n in range(N)
    ]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = checked(file)
    assert read(found) == [[pair] for pair in zip(ANSWERS, STARTS, strict=True)]
    assert any("'Nobody' does not stand there: left out" in each.message for each in found.findings)


def test_answers_that_a_program_did_not_find_are_left_out_beside_others(tmp_path):
    file = tmp_path / "dev.json"
    held = [
        {"context": PASSAGES[n], **asked(n), "answers": [{"text": "Nobody", "answer_start": -1}]}
        for n in range(N)
    ]
    for n, row in enumerate(held):
        row["answers"].append({"text": ANSWERS[n], "answer_start": STARTS[n]})
    file.write_text(json.dumps(held), encoding="utf-8")
    assert read(checked(file)) == [[pair] for pair in zip(ANSWERS, STARTS, strict=True)]


def test_passages_of_cmrc_hold_texts_and_numbers(tmp_path):
    file = tmp_path / "dev.json"
    rows = [
        {"context_text": f"{p} In 1920.", "qas": [{"query_text": q, "answers": [a, 1920]}]}
        for p, q, a in zip(PASSAGES, QUESTIONS, ANSWERS, strict=True)
    ]
    file.write_text(json.dumps(rows), encoding="utf-8")
    found = read(checked(file))
    assert [[text for text, _ in pairs] for pairs in found] == [[a, "1920"] for a in ANSWERS]


def test_each_question_of_a_passage_has_a_place_of_its_own(tmp_path):
    file = tmp_path / "dev.json"
    several = [{"context": PASSAGES[0], "qas": [asked(0), asked(0, question="And who else?")]}] * 3
    file.write_text(json.dumps(several), encoding="utf-8")
    origins = [row.origin for row in checked(file).table.rows()]
    assert origins[:3] == [f"dev.json: row {n}" for n in ("1, part 1", "1, part 2", "2, part 1")]
