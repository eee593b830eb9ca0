"""Records of Oracle's data labelling: "content" is a text, "annotations" hold entities of it.

An entity with a place is a span; one without is said of the whole text.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    Made,
    Values,
    are_objects,
    member,
    plain,
    span,
)

NAME, PLACE = "label_name", "textSpan"


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "content", "annotations"):
        return False
    held = [one for value in values for one in value["annotations"] or ()]
    are_texts = all(isinstance(value["content"], str) for value in values)
    if not are_texts or not are_objects(held, "entities"):
        return False
    entities = [item for value in values for item in _entities(value)]
    labels = [one for item in entities for one in item["labels"]]
    return are_objects(entities, "labels") and are_objects(labels, NAME)


def _entities(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for one in value.get("annotations") or () for item in one.get("entities") or ()]


def _converter(values: Values) -> Converter:
    is_marked, most = False, 0
    for value in values():
        if isinstance(value, Mapping):
            is_marked = is_marked or any(PLACE in item for item in _entities(value))
            most = max(most, len(_classes(value)))

    def convert(value: Any) -> Iterator[Made]:
        row = {**plain(value, "content"), "text": member(value, "content", str)}
        classes = _classes(value)
        row |= {"label": _spans(value)} if is_marked else {}
        said = classes if most > 1 else next(iter(classes), None)
        yield row | ({"class": said} if most else {})

    return Converter(convert, ("'content' is the text",))


def _names(item: Mapping[str, Any]) -> list[Any]:
    return [one.get(NAME) for one in item.get("labels") or ()]


def _classes(value: Mapping[str, Any]) -> list[Any]:
    return [name for item in _entities(value) if PLACE not in item for name in _names(item)]


def _spans(value: Mapping[str, Any]) -> list[dict[str, object]]:
    found = []
    for item in _entities(value):
        if PLACE in item:
            place = member(item, PLACE, Mapping)
            start, length = int(place.get("offset") or 0), int(place.get("length") or 0)
            found += [span(start, start + length, name) for name in _names(item)]
    return found


FORM = Form("records of Oracle's data labelling", _recognise, _converter)
