import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_tables import table
from textune.errors import DataError, SettingsError
from textune.reading import sources
from textune.records import Answer, Contract
from textune.tasks import examples
from textune.tasks.answers import passages
from textune.tasks.contract import understand

DATA = Path(__file__).resolve().parents[3] / "../shared/data"
WORDS = """ann bob eve met saw left paid oslo rome bonn monday noon late early red blue"""
WORDS = WORDS.split()
JSON = Contract("answers", ("question", "context"), ("answers",), "answers", "json")
FLAT = Contract("answers", ("question", "context"), ("answer", "start"), "answers")
ALONE = Contract("answers", ("question", "context"), ("answer",), "answers")


def passage(n):
    """Return a passage of twelve words in which the word "k{n}" stands once."""
    words = [WORDS[(n * 7 + k * k) % len(WORDS)] for k in range(11)]
    words.insert(n % 11, f"k{n}")
    return " ".join(words) + "."


def rows(write, count=40, **more):
    """Make rows of question, passage and what `write` makes of the answer and its place."""
    found = []
    for n in range(count):
        text = passage(n)
        found.append([f"What is number {n}?", text, *write(f"k{n}", text.index(f"k{n}"))])
    return found


def one(columns, *cells, contract=JSON):
    """Read a single row."""
    (example,) = examples.read(table(columns, [cells]), contract)
    return example


def fault(cell, text="Ann met Bob."):
    with pytest.raises(DataError) as caught:
        one(("question", "context", "answers"), "Who?", text, cell)
    return str(caught.value)


SHAPES = {
    "place and text": lambda text, start: [json.dumps([[start, text]])],
    "text and place": lambda text, start: [str([(text, start)])],
    "of hugging face": lambda text, start: [json.dumps({"text": [text], "answer_start": [start]})],
    "list of objects": lambda text, start: [json.dumps([{"text": text, "answer_start": start}])],
    "short keys": lambda text, start: [json.dumps([{"start": start, "text": text}])],
    "one object": lambda text, start: [json.dumps({"text": text, "answer_start": start})],
    "python": lambda text, start: [str({"text": [text], "answer_start": [start]})],
    "numpy": lambda text, start: [
        str({"text": np.array([text], dtype=object), "answer_start": np.array([start])})
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_answers_are_recognised_and_read_in_every_shape(shape):
    made = table(("question", "context", "answers"), rows(SHAPES[shape]))
    found = understand(made).contract
    assert (found.task, found.form, found.separator) == ("answers", "answers", "json")
    assert (found.text, found.label) == (("question", "context"), ("answers",))
    assert any("answers in passages" in reason for reason in found.reasons)
    for n, example in enumerate(examples.read(made, found)):
        assert example.answers == (Answer(f"k{n}", passage(n).index(f"k{n}")),)
        assert (example.text, example.pair) == (f"What is number {n}?", passage(n))
        assert example.label is None


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        (("question", "context", "answer_text", "answer_start"), ("answer_text", "answer_start")),
        (("Question", "passage", "answer", "start"), ("answer", "start")),
        (("query", "paragraph", "answers", "start_offset"), ("answers", "start_offset")),
        (("question", "context", "text", "answer_start"), ("text", "answer_start")),
    ],
)
def test_texts_and_starts_in_columns_of_their_own_are_recognised(columns, label):
    made = table(columns, rows(lambda text, start: [text, str(start)]))
    found = understand(made).contract
    assert (found.task, found.text, found.label) == ("answers", columns[:2], label)
    assert next(examples.read(made, found)).answers == (Answer("k0", 0),)


def test_answers_without_places_are_recognised_by_standing_in_the_passage():
    made = table(("question", "context", "answer"), rows(lambda text, _: [text]))
    found = understand(made).contract
    assert (found.task, found.label, found.separator) == ("answers", ("answer",), None)
    assert any("the first in the passage is taken" in reason for reason in found.reasons)


def test_names_may_be_of_any_kind_where_content_decides():
    columns = ("title", "doc", "q", "gold spans")
    made = table(
        columns, [["a title of it", c, q, a] for q, c, a in rows(SHAPES["list of objects"])]
    )
    found = understand(made).contract
    assert (found.task, found.text, found.label) == ("answers", ("q", "doc"), ("gold spans",))


def test_columns_without_names_are_named_by_the_user():
    made = table(4, rows(lambda text, start: [text, str(start)]))
    found = understand(made, task="answers", text=("1", "2"), label=("4", "3")).contract
    assert (found.text, found.label) == (("1", "2"), ("3", "4"))


def test_a_group_that_was_named_is_kept():
    made = table(
        ("question", "context", "answers", "book"),
        [[*row, "b"] for row in rows(SHAPES["one object"])],
    )
    found = understand(made, group="book").contract
    assert (found.task, found.group) == ("answers", "book")
    assert {example.group for example in examples.read(made, found)} == {"b"}


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (("question", "passage", "answer"), lambda n: ["yes" if n % 2 else "no"]),
        (("question", "context", "label"), lambda n: ["ABC"[n % 3]]),
        (("question", "context", "answer", "label"), lambda n: [f"k{n}", str(n % 2)]),
        (("question", "context", "answer"), lambda n: [f"It is {n} or so"]),
        (
            ("title", "text", "spans"),
            lambda n: [json.dumps([{"start": 0, "end": 2, "label": "X"}])],
        ),
        (("title", "text", "marked"), lambda n: [json.dumps([{"start": 0, "text": "k"}])]),
    ],
    ids=[
        "yes and no",
        "classes",
        "judged answers",
        "free answers",
        "spans with labels",
        "no questions",
    ],
)
def test_other_tables_are_not_taken_for_answers(columns, cells):
    made = [[f"Is it number {n}", passage(n), *cells(n)] for n in range(40)]
    assert understand(table(columns, made)).contract.task != "answers"


def test_another_task_may_be_asked_for():
    made = table(("question", "context", "answers"), rows(SHAPES["one object"]))
    assert understand(made, task="plain").contract.task == "plain"


def test_faulty_places_do_not_hide_what_a_table_is():
    wrong = rows(lambda text, start: [json.dumps({"text": [text], "answer_start": [start + 1]})])
    made = table(("question", "context", "answers"), wrong)
    found = list(examples.read(made, understand(made).contract))
    assert len(found) == 40
    assert all("which was taken" in " ".join(example.remarks) for example in found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ("context",)}, "task 'answers' takes two columns of text, not 'context'"),
        ({"label": ("answers", "a", "b")}, "takes one or two label columns"),
    ],
)
def test_refuses_options_that_do_not_fit(options, message):
    made = table(("question", "context", "answers", "a", "b"), [["q?", "c", "[]", "1", "2"]])
    with pytest.raises(SettingsError, match=message):
        understand(made, task="answers", **options)


def test_refuses_a_table_in_which_there_are_no_answers():
    made = table(("text", "label"), [[f"a good film {n}", str(n % 2)] for n in range(20)])
    with pytest.raises(DataError, match=r"no columns hold questions, passages and answers.*--text"):
        understand(made, task="answers")


def test_the_questions_of_a_passage_are_one_group():
    columns = ("question", "context", "answers")
    made = [["Who?", "Ann met Bob.", "[]"], ["Whom?", "Ann met Bob.", "[]"], ["Who?", "No.", "[]"]]
    first, second, third = examples.read(table(columns, made), JSON)
    assert first.group == second.group != third.group
    assert first.group


def test_prediction_needs_no_answers():
    contract = Contract(**{**_fields(JSON), "group": "book"})
    made = table(("question", "context"), [["Who?", "Ann met Bob."]])
    (example,) = examples.read(made, contract, labelled=False)
    assert (example.answers, example.group, example.pair) == (None, None, "Ann met Bob.")


def _fields(contract):
    return {name: getattr(contract, name) for name in contract.__dataclass_fields__}


@pytest.mark.parametrize("cell", ["[]", '{"text": [], "answer_start": []}', "{'text': []}"])
def test_a_passage_may_have_no_answer(cell):
    assert one(("question", "context", "answers"), "Who?", "Ann met Bob.", cell).answers == ()


@pytest.mark.parametrize("start", ["", "-1", "-1.0"])
def test_blank_cells_say_that_a_passage_has_no_answer(start):
    columns = ("question", "context", "answer", "start")
    assert one(columns, "Who?", "Ann.", " ", start, contract=FLAT).answers == ()
    assert one(columns[:3], "Who?", "Ann.", "", contract=ALONE).answers == ()


def test_blank_answers_are_told():
    made = rows(lambda text, start: [text, str(start)] if start else ["", ""])
    reasons = understand(table(("question", "context", "answer", "start"), made)).contract.reasons
    assert any("are blank → passages without an answer" in reason for reason in reasons)


def test_space_at_the_ends_of_an_answer_is_kept():
    cell = json.dumps([{"text": " met ", "start": 3}])
    found = one(("question", "context", "answers"), "Who?", "Ann met Bob.", cell)
    assert found.answers == (Answer(" met ", 3),)
    flat = one(
        ("question", "context", "answer", "start"),
        "?",
        "Ann met Bob.",
        " met",
        "3.0",
        contract=FLAT,
    )
    assert flat.answers == (Answer(" met", 3),)


def test_places_are_characters_not_bytes():
    cell = json.dumps([{"text": "Ann", "start": 4}])
    found = one(("question", "context", "answers"), "Who?", "é😀é Ann", cell)
    assert found.answers == (Answer("Ann", 4),)


@pytest.mark.parametrize("start", ["0", "-1", "null"])
def test_an_empty_answer_that_stands_nowhere_is_no_answer(start):
    for cell in (
        f'[{{"text": "", "answer_start": {start}}}]',
        f'{{"text": [""], "answer_start": [{start}]}}',
    ):
        found = one(("question", "context", "answers"), "?", "aXbXcX", cell)
        assert found.answers == ()


def test_the_first_of_several_places_is_taken_and_told():
    found = one(("question", "context", "answer"), "?", "aXbXcX", "X", contract=ALONE)
    assert found.answers == (Answer("X", 1),)
    (remark,) = found.remarks
    assert remark == (
        "made.csv:2: the answer 'X' stands 3 times in the passage; the first, at 1, was taken"
    )
    lists = one(("question", "context", "answers"), "?", "aXbXcY", '["X", "Y"]')
    assert lists.answers == (Answer("X", 1), Answer("Y", 5))
    assert len(lists.remarks) == 1


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("x", "column 'answers' holds 'x'; allowed: "),
        ("", r"made.csv:2: column 'answers' is blank; allowed: \{\"text\""),
        ("[1, 2]", "allowed: "),
        ("[[[", "allowed: "),
        ('{"text": ["Ann", "Bob"], "answer_start": [0]}', "holds 2 texts of answers but 1 starts"),
        ('{"text": ["Ann"], "answer_start": 0}', "allowed: "),
        ('[{"text": "", "start": 2}]', "an answer has an empty text; .* write \\[\\]"),
        ('[{"text": " ", "start": 3}]', "an answer has an empty text"),
        ('[{"text": 5, "start": 3}]', "an answer holds 5; allowed: a text"),
        ('[{"text": null, "start": 3}]', "an answer holds null; allowed: a text"),
        (
            '[{"text": "Ann", "start": "0"}]',
            "'Ann' has the text '0' as its start; allowed: a whole",
        ),
        ('[{"text": "Ann", "start": 0.5}]', "'Ann' has 0.5 as its start"),
        ('[{"text": "Ann", "start": true}]', "'Ann' has true as its start"),
        ('[{"text": "Ann", "start": NaN}]', "'Ann' has NaN as its start"),
        ('[{"text": "Eve", "start": 8}]', "'Eve' is not at 8, where 'Bob' .* nor anywhere in the"),
        ('[{"text": "bob", "start": 8}]', "nor anywhere .*; in other case it is at 8: 'Bob'"),
        ('["Eve"]', "the answer 'Eve' does not stand in the passage"),
        ('[{"text": "X", "start": 5}, {"text": "Z", "start": 9}]', "and 1 more of its 2 answers"),
    ],
)
def test_an_answer_that_does_not_stand_there_is_named(cell, message):
    with pytest.raises(DataError, match=f"made.csv:2: .*{message}|^{message}") as caught:
        one(("question", "context", "answers"), "Who?", "Ann met Bob.", cell)
    assert "correct these rows or take them out of the file" in str(caught.value)


@pytest.mark.parametrize("cell", ["\\d", "{'text': ['\\d'], 'answer_start': [0]}"])
def test_a_backslash_is_a_character(cell):
    text = "\\d is a digit"
    if cell.startswith("{"):
        assert one(("question", "context", "answers"), "?", text, cell).answers == (
            Answer("\\d", 0),
        )
    else:
        assert "allowed" in fault(cell, text)


@pytest.mark.parametrize(
    ("start", "unit"), [(9, "bytes of UTF-8"), (5, "units of UTF-16, as JavaScript"), (6, None)]
)
def test_places_counted_in_other_units_are_told(start, unit):
    cell = json.dumps([{"text": "Ann", "start": start}])
    found = one(("question", "context", "answers"), "Who?", "é😀é Ann met Bob.", cell)
    assert found.answers == (Answer("Ann", 4),)
    (message,) = found.remarks
    counted = f"; {start} is its place counted in {unit}"
    assert "it is at 4" in message
    assert (counted in message) if unit else ("counted in" not in message)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((" ", "Ann."), "made.csv:2: column 'question' is blank"),
        (
            ("Who?", "\n"),
            "made.csv:2: column 'context' is blank; allowed: a question and a passage",
        ),
    ],
)
@pytest.mark.parametrize("labelled", [True, False])
def test_questions_and_passages_may_not_be_empty(cells, message, labelled):
    made = table(("question", "context", "answers"), [[*cells, "[]"]])
    with pytest.raises(DataError, match=message):
        list(examples.read(made, JSON, labelled=labelled))


@pytest.mark.parametrize(("text", "start"), [("Ann", ""), ("", "0")])
def test_an_answer_and_its_place_are_both_there_or_neither(text, start):
    columns = ("question", "context", "answer", "start")
    blank, filled = ("start", "answer") if text else ("answer", "start")
    with pytest.raises(DataError, match=f"column '{blank}' is blank, but '{filled}' is not"):
        one(columns, "Who?", "Ann.", text, start, contract=FLAT)


@given(
    st.text(min_size=1, max_size=30).filter(str.strip),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=4),
)
def test_every_stretch_of_a_passage_comes_back_as_it_was(text, stretches):
    cut = [(at, text[at : at + size]) for at, size in stretches if text[at : at + size].strip()]
    texts, starts = [part for _, part in cut], [at for at, _ in cut]
    cells = (
        json.dumps({"text": texts, "answer_start": starts}),
        repr({"text": texts, "answer_start": starts}),
        json.dumps([{"text": part, "start": at} for at, part in cut]),
    )
    for cell in cells:
        found = one(("question", "context", "answers"), "Who?", text, cell)
        assert found.answers == tuple(Answer(part, at) for at, part in cut)


@given(st.text(max_size=40))
def test_any_cell_is_read_or_refused(cell):
    try:
        given = passages.parse(cell)
    except ValueError:
        return
    assert given is None or all(len(pair) == 2 for pair in given)


def test_the_outputs_are_the_two_ends_of_an_answer():
    assert examples.label_names(JSON, ()) == ("start", "end")


@pytest.mark.parametrize(
    ("name", "questions", "groups"),
    [
        ("squad/dev-v1.1", 10_570, 2_067),
        pytest.param("squadshifts/new_wiki_v1.0", 7_938, None, marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
@pytest.mark.exhaustive
def test_reads_every_answer_of_public_files(name, questions, groups):
    source = sources.read(DATA / f"{name}.json.gz")
    contract = understand(source).contract
    assert (contract.task, contract.text) == ("answers", ("question", "context"))
    found = list(examples.read(source, contract))
    assert len(found) == questions
    assert groups in (None, len({example.group for example in found}))
    assert not any(example.remarks for example in found)
    for example in found:
        assert example.answers
        for answer in example.answers:
            assert example.pair[answer.start : answer.start + len(answer.text)] == answer.text
