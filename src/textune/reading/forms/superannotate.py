"""SuperAnnotate's annotations of texts: "instances" are entities with the names of their classes.

Its export holds no texts, which stand in files of their own; lists of both are made by its users.
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

TEXTS = ("text", "content", "freeText")


def _recognise(values: Sequence[Any]) -> bool:
    items = [item for value in values for item in _instances(value)]
    return are_objects(values, "metadata", "instances", "tags") and all(
        isinstance(item, Mapping) and {"type", "className"} <= item.keys() for item in items
    )


def _instances(value: Any) -> list[Any]:
    held = value.get("instances") if isinstance(value, Mapping) else None
    return held if isinstance(held, list) else []


def _text(value: Mapping[str, Any]) -> str:
    """Name the key under which a text stands; "" where none does."""
    return next((key for key in TEXTS if str(value.get(key) or "").strip()), "")


def _converter(values: Values) -> Converter:
    held = [value for value in values() if isinstance(value, Mapping)]
    if not any(map(_text, held)):
        raise ValueError(
            "annotations of SuperAnnotate, of texts that stand in other files (metadata.name and "
            "metadata.url say which); write a row for each text, with a list of its spans: "
            '{"text": "…", "label": [[start, end, "type"], …]}'
        )
    is_marked = any(_is_entity(item) for value in held for item in _instances(value))

    def convert(value: Any) -> Iterator[Made]:
        text = member(value, _text(value) or "text", str)
        items = member(value, "instances", list)
        spans = [
            span(item.get("start"), item.get("end"), item.get("className"))
            for item in items
            if _is_entity(item)
        ]
        tags = [item.get("className") for item in items if item.get("type") == "tag"]
        tags += [tag for tag in value.get("tags") or () if isinstance(tag, str)]
        yield {**plain(value, *TEXTS), "text": text, "label": spans if is_marked else tags}

    return Converter(convert, ("'className' is the label of an instance",))


def _is_entity(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "entity"


FORM = Form("annotations of SuperAnnotate", _recognise, _converter)
