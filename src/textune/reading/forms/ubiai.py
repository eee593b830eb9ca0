"""UBIAI's export: "document" is a text, "tokens" (once "annotation") its entities."""

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


def _ubiai(values: Values) -> Converter:
    relations = 0
    for value in values():
        relations += len(value.get("relations") or ()) if _is_ubiai([value]) else 0

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
        text = member(value, "document", str)
        yield {**plain(value, "document"), "text": text, "label": found}

    findings = left_out({"relations between entities": relations})
    return Converter(convert, ("'document' is the text",), findings)


FORM = Form("an export of UBIAI", _is_ubiai, _ubiai)
