"""Utterances of LUIS, with an intent and entities whose ends are inclusive.

An app has {"text", "intent", "entities": [{"startPos", …}]}; what is uploaded as a batch has
{"text", "intentName", "entityLabels": [{"startCharIndex", …}]}.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, span

APP = ("intent", "entities", "entity", "startPos", "endPos")
BATCH = ("intentName", "entityLabels", "entityName", "startCharIndex", "endCharIndex")


def _recognise(values: Sequence[Any]) -> bool:
    """Recognise utterances of LUIS, whose ends are inclusive."""
    return any(_are(values, keys) for keys in (APP, BATCH))


def _are(values: Sequence[Any], keys: Sequence[str]) -> bool:
    intent, entities, *own = keys
    return are_objects(values, "text", intent, entities) and any(
        isinstance(item, Mapping) and {*own} <= item.keys()
        for value in values
        for item in value[entities] or ()
    )


def _utterance(value: Any) -> Iterator[Made]:
    keys = BATCH if isinstance(value, Mapping) and BATCH[1] in value else APP
    intent, entities, kind, start, end = keys
    found = []
    for item in member(value, entities, list):
        last = member(item, end, int)
        found.append(span(item.get(start), last + 1, item.get(kind)))
    yield {**plain(value, intent), "intent": value.get(intent), "entities": found}


FORM = Form(
    "utterances of LUIS",
    _recognise,
    always(_utterance, "the ends of its entities are inclusive"),
)
