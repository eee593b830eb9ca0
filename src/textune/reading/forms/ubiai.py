"""UBIAI's export: "document" is a text, "tokens" (once "annotation") its entities.

Classes of the whole document stand beside them, as names or as objects with one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    Made,
    Values,
    are_objects,
    left_out,
    member,
    plain,
    span,
)

CLASSES = ("classifications", "classification", "classes", "documentLabels")
NAMES = ("name", "label", "class")


def _is_ubiai(values: Sequence[Any]) -> bool:
    return are_objects(values, "document") and all(
        isinstance(value["document"], str) and _ubiai_items(value) is not None for value in values
    )


def _ubiai_items(value: Mapping[str, Any]) -> list[Any] | None:
    """List the entities: "tokens" with an "entityLabel", once "annotation" with a "label"."""
    for key, label in (("tokens", "entityLabel"), ("annotation", "label")):
        items = value.get(key)
        if isinstance(items, list) and all(
            isinstance(item, Mapping) and label in item for item in items
        ):
            return items
    return None


def _classes(value: Mapping[str, Any]) -> list[str]:
    """Name the classes of a document."""
    held = next((value[key] for key in CLASSES if value.get(key)), None)
    items = held if isinstance(held, list) else [held]
    names = [_name(item) if isinstance(item, Mapping) else item for item in items]
    return [name for name in names if isinstance(name, str)]


def _name(item: Mapping[str, Any]) -> object:
    """Name a class; one that is marked as not chosen has no name."""
    is_chosen = item.get("value") is not False
    return next((item[key] for key in NAMES if key in item), None) if is_chosen else None


def _ubiai(values: Values) -> Converter:
    relations, is_marked, most = 0, False, 0
    for value in values():
        if _is_ubiai([value]):
            relations += len(value.get("relations") or ())
            is_marked = is_marked or bool(_ubiai_items(value))
            most = max(most, len(_classes(value)))

    def convert(value: Any) -> Iterator[Made]:
        items = _ubiai_items(value)
        if items is None:
            raise ValueError("its entities ('tokens' or 'annotation') are missing")
        found = [
            span(
                item.get("start"),
                item.get("end"),
                item.get("entityLabel", item.get("label")),
                item.get("text"),
            )
            for item in items
        ]
        classes = _classes(value)
        row = {**plain(value, "document"), "text": member(value, "document", str)}
        row |= {"label": found} if is_marked or not most else {}
        said = classes if most > 1 else next(iter(classes), None)
        yield row | ({"class": said} if most else {})

    findings = left_out({"relations between entities": relations})
    return Converter(convert, ("'document' is the text",), findings)


FORM = Form("an export of UBIAI", _is_ubiai, _ubiai)
