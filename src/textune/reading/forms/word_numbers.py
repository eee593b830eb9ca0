"""Intents and entities whose places are numbers of words (NLU-Evaluation-Corpora) become spans.

An entity is {"entity": "City", "start": 3, "stop": 4, "text": "Neue Messe"}: its first and its last
word, of words and signs. Its text is looked for in the sentence, as near to these as it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, span

_WORD = re.compile(r"\w+|[^\w\s]")
_KEYS = {"entity", "start", "stop", "text"}


def _recognise(values: Sequence[Any]) -> bool:
    items = [item for value in values for item in _items(value)]
    return (
        are_objects(values, "text", "intent", "entities")
        and bool(items)
        and all(isinstance(item, Mapping) and item.keys() >= _KEYS for item in items)
        and all(isinstance(value["text"], str) for value in values)
        and any(item["stop"] - item["start"] + 1 < len(item["text"]) for item in items)
        and all(item["stop"] - item["start"] < len(item["text"].split()) + 8 for item in items)
    )


def _items(value: Any) -> list[Any]:
    held = value.get("entities") if isinstance(value, Mapping) else None
    return held if isinstance(held, list) else []


def _utterance(value: Any) -> Iterator[Made]:
    text = member(value, "text", str)
    starts = [match.start() for match in _WORD.finditer(text)]
    found = []
    for item in _items(value):
        surface, first = member(item, "text", str), member(item, "start", int)
        near = starts[min(max(first, 0), len(starts) - 1)] if starts else 0
        parts = [re.escape(part) for part in _WORD.findall(surface)]
        places = [match.span() for match in re.finditer(r"\s*".join(parts), text)] if parts else []
        if not places:
            raise ValueError(f"the entity {surface!r:.60} does not stand in the text")
        start, end = min(places, key=lambda place: abs(place[0] - near))
        found.append(span(start, end, member(item, "entity", str), text[start:end]))
    yield {**plain(value), "entities": found}


FORM = Form(
    "intents and entities by the numbers of their words",
    _recognise,
    always(_utterance, "'start' and 'stop' count words; entities are found by their text"),
)
