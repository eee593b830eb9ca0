"""Utterances of LUIS, with an intent and entities whose ends are inclusive."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, span


def _recognise(values: Sequence[Any]) -> bool:
    """Recognise utterances of LUIS, whose ends are inclusive."""
    return are_objects(values, "text", "intent", "entities") and any(
        isinstance(item, Mapping) and {"startPos", "endPos", "entity"} <= item.keys()
        for value in values
        for item in value["entities"] or ()
    )


def _utterance(value: Any) -> Iterator[Made]:
    found = []
    for item in member(value, "entities", list):
        last = member(item, "endPos", int)
        found.append(span(item.get("startPos"), last + 1, item.get("entity")))
    yield {**plain(value), "entities": found}


FORM = Form(
    "utterances of LUIS",
    _recognise,
    always(_utterance, "the ends of its entities are inclusive"),
)
