"""Sentences with structured opinions (NoReC-fine, MultiBooked, SemEval 2022) become rows of spans.

{"text": "…", "opinions": [{"Source": [["we"], ["0:2"]], "Target": [["the pool"], ["9:17"]],
"Polar_expression": [["loved"], ["3:8"]], "Polarity": "Positive"}]}: what expresses an opinion, what
it is about and who holds it are spans in a column each, called by the polarity.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, span

COLUMNS = {"expressions": "Polar_expression", "targets": "Target", "holders": "Source"}
UNSAID = "opinion"  # the type of an opinion without a polarity
_PLACE = re.compile(r"(\d+):(\d+)")


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "text", "opinions"):
        return False
    held = [value["opinions"] for value in values]
    if not all(isinstance(one, list) for one in held):
        return False
    return are_objects([opinion for one in held for opinion in one], *COLUMNS.values(), "Polarity")


def _convert(value: Any) -> Iterator[Made]:
    found: dict[str, list[dict[str, object]]] = {name: [] for name in COLUMNS}
    for opinion in member(value, "opinions", list):
        kind = opinion.get("Polarity") or UNSAID
        for name, key in COLUMNS.items():
            for one in _spans(member(opinion, key, list), str(kind)):
                if one not in found[name]:  # several opinions may be of one target
                    found[name].append(one)
    yield {"text": member(value, "text", str), **found, **plain(value, "text")}


def _spans(held: Sequence[Any], kind: str) -> Iterator[dict[str, object]]:
    """Read the words and the places of a part of an opinion; both are empty where it has none.

    Raises:
        ValueError: They are written otherwise.
    """
    match held:
        case [[*words], [*places]] if len(words) == len(places):
            for surface, place in zip(words, places, strict=True):
                ends = _PLACE.fullmatch(str(place))
                if ends is None:
                    raise ValueError(f"a place is {place!r:.40}; allowed: start:end")
                yield span(int(ends[1]), int(ends[2]), kind, surface)
        case _:
            raise ValueError(f"a part of an opinion is {held!r:.60}; allowed: [[words], [places]]")


FORM = Form(
    "sentences with opinions",
    _recognise,
    always(
        _convert,
        "what expresses an opinion is a span, called by its polarity; what it is about ('targets') "
        "and who holds it ('holders') stand in columns beside it",
    ),
)
