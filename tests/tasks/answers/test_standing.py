"""An answer is taken where it stands in its passage; what was chosen or mended is said."""

import json
import re
from dataclasses import replace

import pytest

from made_tables import table
from textune.records import Answer, Contract
from textune.tasks import examples

COLUMNS = ("question", "context", "answers")
CONTRACT = Contract("answers", COLUMNS[:2], COLUMNS[2:], "answers", "json")


def one(cell):
    made = table(COLUMNS, [("Who?", "Ann met Bob.", cell)])
    (example,) = examples.read(made, CONTRACT)
    return example


@pytest.mark.parametrize(
    ("cell", "answer", "remark"),
    [
        ('[{"text": "Bob", "start": 7}]', "Bob", "is not at 7, where ' Bo' stands; it is at 8, wh"),
        ('[{"text": "Bob", "start": 99}]', "Bob", "cannot begin at 99: its passage has 12 char"),
        ('[{"text": "Bob", "start": -4}]', "Bob", "cannot begin at -4: .*; it is at 8"),
        ('[{"text": "Bob ", "start": 8}]', "Bob", "the space around the answer 'Bob' was left out"),
        ('["Bob "]', "Bob", "the space around the answer 'Bob' was left out"),
        ('["Bob", "Robert"]', "Bob", "'Robert' does not stand there: left out"),
        ('{"value": "Bob", "aliases": ["Robert"]}', "Bob", ""),
        ('[{"text": "Bob", "start": null}]', "Bob", ""),
        ('[{"text": "no_answer", "start": -1}]', "", "'no_answer' is read as no answer"),
        ('["CANNOTANSWER"]', "", "'CANNOTANSWER' is read as no answer"),
    ],
)
def test_an_answer_is_taken_where_it_stands_and_said(cell, answer, remark):
    found = one(cell)
    assert found.answers == ((Answer(answer, 8),) if answer else ())
    assert re.search(remark, " ".join(found.remarks))
    assert bool(found.remarks) == bool(remark)


@pytest.mark.parametrize(
    ("said", "passage"),
    [
        ("nan", "Ann works in finance."),
        ("none", "It is nonetheless so."),
        ("-1", "From 2010-12 on."),
    ],
)
def test_words_for_no_answer_do_not_stand_within_other_words(said, passage):
    """They are an answer where they stand as words, or where a start points into a word."""
    plain = replace(CONTRACT, separator=None)

    def answers(cell, contract, passage):
        (example,) = examples.read(table(COLUMNS, [("Who?", passage, cell)]), contract)
        return example.answers

    assert answers(said, plain, passage) == ()
    assert answers(said, plain, f"{passage} ({said})")[0].text == said
    placed = Answer(said, passage.index(said))
    assert answers(json.dumps([{"text": said, "start": placed.start}]), CONTRACT, passage) == (
        placed,
    )
