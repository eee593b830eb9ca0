"""DROP: a passage with questions, of which those that a stretch of it answers become rows.

Answers are {"number": "3", "date": {…}, "spans": []}: one span stands in the passage; numbers,
dates and several spans are found by counting and comparing, which no stretch of it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, LeftOut, Made, always, are_objects, member

PARTS = frozenset(["number", "date", "spans"])
COUNTED = "is answered by a number, a date or several stretches, and not by one of the passage"


def _recognise(values: Sequence[object]) -> bool:
    held = [found for value in values for found in _passages(value)]
    asked = [one for found in held for one in found["qa_pairs"]]
    return bool(asked) and are_objects(asked, "question") and any(map(_is_of_these, asked))


def _is_of_these(asked: Mapping[str, object]) -> bool:
    answer = asked.get("answer")
    return isinstance(answer, Mapping) and answer.keys() >= PARTS


def _passages(value: object) -> list[Mapping[str, Any]]:
    """Take the passages of a value: itself, or the members of an object by their names."""
    if _is_passage(value):
        return [value]  # type: ignore[list-item]  # it is a mapping, as was looked at
    held = list(value.values()) if isinstance(value, Mapping) else []
    return held if held and all(map(_is_passage, held)) else []


def _is_passage(value: object) -> bool:
    is_passage = isinstance(value, Mapping) and isinstance(value.get("passage"), str)
    return is_passage and isinstance(value.get("qa_pairs"), list)  # type: ignore[attr-defined]


def _convert(value: object) -> Iterator[Made]:
    if not (passages := _passages(value)):
        raise ValueError("expected a passage with its 'qa_pairs'")
    for found in passages:
        for asked in found["qa_pairs"]:
            yield _row(found["passage"], asked)


def _row(passage: str, asked: Mapping[str, Any]) -> Made:
    row = {
        "id": asked.get("query_id"),
        "question": member(asked, "question", str),
        "context": passage,
    }
    answer = asked.get("answer")
    if answer is None:
        return row
    spans = member(answer, "spans", list)
    if len(spans) != 1 or spans[0] not in passage:
        return LeftOut(COUNTED, row)
    return {**row, "answers": [spans[0]]}


FORM = Form("DROP", _recognise, always(_convert, "a row for each question that a span answers"))
