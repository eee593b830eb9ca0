"""Dialogues whose turns have slots with places become texts with spans, a row for each turn.

Schema-guided dialogues, and MultiWOZ 2.2, have {"turns": [{"utterance": "…", "frames": [{"slots":
[{"slot": "time", "start": 3, "exclusive_end": 6}]}]}]}; Taskmaster has {"utterances": [{"text":
"…", "segments": [{"start_index": 3, "end_index": 6, "annotations": [{"name": "time"}]}]}]}.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, span

_REASON = "a row for each turn of a dialogue; each slot with its place is a span"


def _are_guided(values: Sequence[Any]) -> bool:
    turns = _listed(values, "turns")
    frames = _listed(turns, "frames")
    slots = _listed(frames, "slots")
    return are_objects(turns, "utterance") and are_objects(slots, "slot")


def _guided(value: Any) -> Iterator[Made]:
    beside = plain(value, "text", "label")
    for turn in member(value, "turns", list):
        found = [
            span(item.get("start"), item.get("exclusive_end"), member(item, "slot", str))
            for frame in member(turn, "frames", list)
            for item in member(frame, "slots", list)
            if "start" in item  # others are told without a place
        ]
        said = plain(turn, "utterance", "text", "label")
        yield {"text": member(turn, "utterance", str), "label": found, **beside, **said}


def _are_segmented(values: Sequence[Any]) -> bool:
    turns = _listed(values, "utterances")
    segments = _listed(turns, "segments")
    return are_objects(turns, "text") and are_objects(segments, "start_index", "annotations")


def _segmented(value: Any) -> Iterator[Made]:
    beside = plain(value, "text", "label")
    for turn in member(value, "utterances", list):
        found = [
            span(item.get("start_index"), item.get("end_index"), member(one, "name", str))
            for item in turn.get("segments") or ()
            for one in member(item, "annotations", list)
        ]
        said = plain(turn, "text", "label")
        yield {"text": member(turn, "text", str), "label": found, **beside, **said}


def _listed(values: Sequence[Any], key: str) -> list[Any]:
    """Put together the lists that objects have under a key."""
    held = [value.get(key) for value in values if isinstance(value, Mapping)]
    return [item for one in held if isinstance(one, list) for item in one]


FORMS = (
    Form("dialogues with slots", _are_guided, always(_guided, _REASON)),
    Form("dialogues with segments", _are_segmented, always(_segmented, _REASON)),
)
