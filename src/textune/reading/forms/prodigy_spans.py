"""Prodigy's tasks of one span each become one for each text: what a person accepted in any of them.

Its recipes that ask whether a span is right (`ner.teach`) write a task for each span, with the same
number of the text. What stands in one task alone says nothing of the other words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textune.reading.forms.interface import Values

INTERFACES = ("ner", "spans")  # that ask of one span after the other
TEXT, TASK = "_input_hash", "_task_hash"
JOINED = "has a span that is joined to those of the first task of its text"


@dataclass(slots=True)
class _Held:
    """What a person accepted of a text."""

    first: object  # number of the first task
    tasks: int = 0
    by_key: dict[str, Any] = field(default_factory=dict)  # spans, each once

    @property
    def spans(self) -> list[Any]:
        """List the spans in their order."""
        return [*self.by_key.values()]


Key = tuple[object, object]
Accepted = Mapping[Key, _Held]


def accepted(values: Values) -> Accepted:
    """Collect what each person accepted of each text that has several such tasks."""
    found: dict[Key, _Held] = {}
    for value in values():
        if not isinstance(value, Mapping) or not _is_one(value):
            continue
        held = found.setdefault(_key(value), _Held(value[TASK]))
        held.tasks += 1
        for one in value["spans"]:
            held.by_key.setdefault(json.dumps(one, sort_keys=True), one)
    return {key: held for key, held in found.items() if held.tasks > 1}


def spans_of(value: Mapping[str, Any], found: Accepted) -> list[Any] | None:
    """Take the spans of a task, with those that are joined to it; None where it is joined."""
    held = found.get(_key(value)) if _is_one(value) else None
    if held is None:
        return value.get("spans") or []
    return held.spans if held.first == value[TASK] else None


def _is_one(value: Mapping[str, Any]) -> bool:
    """Tell a task that was accepted, whose text and itself have numbers."""
    is_asked = value.get("_view_id") in INTERFACES and value.get("answer") == "accept"
    has_numbers = all(isinstance(value.get(name), int) for name in (TEXT, TASK))
    return is_asked and has_numbers and isinstance(value.get("spans"), list)


def _key(value: Mapping[str, Any]) -> Key:
    return value.get(TEXT), value.get("_annotator_id") or value.get("_session_id")
