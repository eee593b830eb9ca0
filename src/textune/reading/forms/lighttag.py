"""LightTag's examples: "content" is a text, with its "annotations" and "classifications"."""

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


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "content", "annotations"):
        return False
    spans = [item for value in values for item in value["annotations"] or []]
    classes = [item for value in values for item in value.get("classifications") or []]
    are_ours = not spans or are_objects(spans, "tag")
    return bool(spans or classes) and are_ours and all("classname" in one for one in classes)


def _converter(values: Values) -> Converter:
    is_marked, most, relations = False, 0, 0
    for value in values():
        if _recognise([value]):
            is_marked = is_marked or bool(value["annotations"])
            most = max(most, len(_classes(value)))
            relations += len(value.get("relations") or ())

    def convert(value: Any) -> Iterator[Made]:
        text = member(value, "content", str)
        spans = [
            span(item.get("start"), item.get("end"), item.get("tag"), item.get("value"))
            for item in member(value, "annotations", (list, type(None))) or []
            if item.get("correct") is not False
        ]
        row = {**plain(value, "content"), "text": text}
        classes = _classes(value)
        said = classes if most > 1 else next(iter(classes), None)
        row |= {"label": spans} if is_marked else {}
        yield row | ({"class": said} if most else {})

    reason = "'content' is the text; annotations rejected in review are left out"
    return Converter(convert, (reason,), left_out({"relations between spans": relations}))


def _classes(value: Mapping[str, Any]) -> list[Any]:
    """Name the classes of a text, but those that were rejected in review."""
    return [
        item.get("classname")
        for item in value.get("classifications") or ()
        if item.get("correct") is not False
    ]


FORM = Form("an export of LightTag", _recognise, _converter)
