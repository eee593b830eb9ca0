"""LightTag: examples with "content" and "annotations" of start, end and tag."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "content", "annotations"):
        return False
    held = [item for value in values for item in value["annotations"] or []]
    return bool(held) and all(isinstance(item, Mapping) and "tag" in item for item in held)


def _convert(value: Any) -> Iterator[Made]:
    found = []
    for item in member(value, "annotations", (list, type(None))) or []:
        if item.get("correct") is False:
            continue
        span = {key: item.get(key) for key in ("start", "end")} | {"label": item.get("tag")}
        found.append(span | ({"text": item["value"]} if isinstance(item.get("value"), str) else {}))
    text = member(value, "content", str)
    yield {**plain(value, "content", "annotations"), "text": text, "label": found}


FORM = Form(
    "an export of LightTag",
    _recognise,
    always(_convert, "'content' is the text; annotations that a reviewer rejected are left out"),
)
