"""Utterances with slots, as restaurant8k and DialoGLUE have them, become texts with spans.

{"userInput": {"text": "…"}, "labels": [{"slot": "time", "valueSpan": {"startIndex": 3, "endIndex":
6}}]}: a start that is left out is 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, span


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "userInput") and all(
        isinstance(value["userInput"], Mapping)
        and isinstance(value["userInput"].get("text"), str)
        and isinstance(value.get("labels", []), list)
        and all(isinstance(item, Mapping) and "slot" in item for item in value.get("labels", []))
        for value in values
    )


def _convert(value: Any) -> Iterator[Made]:
    found = []
    for item in value.get("labels") or ():
        place = member(item, "valueSpan", Mapping)
        found.append(
            span(
                place.get("startIndex", 0),
                member(place, "endIndex", int),
                member(item, "slot", str),
            )
        )
    context = value.get("context")
    asked = context.get("requestedSlots") if isinstance(context, Mapping) else None
    beside = {"requested": asked} if asked else {}
    text = member(member(value, "userInput", Mapping), "text", str)
    yield {"text": text, "label": found, **beside, **plain(value, "text", "label")}


FORM = Form(
    "utterances with slots", _recognise, always(_convert, "each slot with its place is a span")
)
