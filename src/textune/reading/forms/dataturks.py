"""Dataturks: "content" and "annotation", a list of labels with points whose ends are inclusive."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    plain,
    whole,
)


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "content", "annotation"):
        return False
    return all(map(_is_annotation, (value["annotation"] for value in values)))


def _is_annotation(held: Any) -> bool:
    if isinstance(held, Mapping):
        return "labels" in held
    return held is None or (
        isinstance(held, list)
        and all(isinstance(item, Mapping) and "points" in item for item in held)
    )


def _converter(values: Values) -> Converter:
    is_class = any(
        isinstance(value.get("annotation"), Mapping)
        for value in values()
        if isinstance(value, Mapping)
    )

    def convert(value: Any) -> Iterator[Made]:
        held = value.get("annotation")
        if held is None:
            yield LeftOut("has no annotation")
            return
        row = {**plain(value, "annotation", "extras"), "text": value.get("content")}
        row.pop("content", None)
        if is_class:
            yield row | {"label": list((held or {}).get("labels") or [])}
        else:
            yield row | {"label": list(_spans(held or []))}

    return Converter(convert, ("'content' is the text; the ends of its points are inclusive",))


def _spans(items: list[Any]) -> Iterator[dict[str, Any]]:
    for item in items:
        label = item.get("label")
        kinds = label if isinstance(label, list) else [label]
        for point in item["points"]:
            start, last = whole(point.get("start")), whole(point.get("end"))
            surface = point.get("text")
            is_inclusive = not isinstance(surface, str) or len(surface) != last - start
            for kind in kinds:
                span = {"start": start, "end": last + is_inclusive, "label": kind}
                yield span | ({"text": surface} if isinstance(surface, str) else {})


FORM = Form("an export of Dataturks", _recognise, _converter)
