"""Entities by type and surface, ends inclusive: {"label": {"PER": {"Dan": [[0, 2]]}}}."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, whole


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "text", "label"):
        return False
    kinds = [held for value in values for held in _types(value["label"])]
    return bool(kinds) and all(map(_is_by_surface, kinds))


def _types(label: Any) -> list[Any]:
    return list(label.values()) if isinstance(label, Mapping) else [label]


def _is_by_surface(held: Any) -> bool:
    return isinstance(held, Mapping) and all(
        isinstance(places, list) and all(isinstance(place, list) for place in places)
        for places in held.values()
    )


def _convert(value: Any) -> Iterator[Made]:
    text = member(value, "text", str)
    found = []
    for kind, surfaces in member(value, "label", Mapping).items():
        for surface, places in surfaces.items():
            for start, last in places:
                span = {"start": whole(start), "end": whole(last) + 1, "label": kind}
                found.append(span | {"text": surface})
    yield {**plain(value, "label"), "text": text, "label": found}


FORM = Form(
    "entities by type and surface (CLUENER)",
    _recognise,
    always(_convert, "'label' holds the entities by type and surface; their ends are inclusive"),
)
