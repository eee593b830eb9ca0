"""Potato's annotated instances: a line for what one person said of a text, by its schemes.

Each holds {"displayed_text": …, "label_annotations": {scheme: {name: value}}, "span_annotations":
[{"start", "end", "span", "annotation"}]}; later ones hold spans by their scheme.
"""

import re
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

TEXT, LABELS, SPANS = "displayed_text", "label_annotations", "span_annotations"
_SCALE = re.compile(r"scale_(\d+)")  # a point of a scale of Likert's


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, TEXT, LABELS, SPANS) and all(
        isinstance(value[LABELS], Mapping) for value in values
    )


def _converter(values: Values) -> Converter:
    """Find the schemes of the whole file, and what each holds."""
    names: dict[str, dict[str, None]] = {}
    several: set[str] = set()
    said: dict[str, set[str]] = {}
    has_spans = False
    for value in values():
        if not _recognise([value]):
            continue
        has_spans = has_spans or any(True for _ in _spans(value))
        for scheme, held in value[LABELS].items():
            chosen = _chosen(held)
            names.setdefault(scheme, {}).update(dict.fromkeys(chosen))
            said.setdefault(scheme, set()).update(map(str, chosen.values()))
            several |= {scheme} if len(chosen) > 1 else set()
    written = {scheme for scheme in names if len(names[scheme]) == 1 and len(said[scheme]) > 1}

    def convert(value: Any) -> Iterator[Made]:
        row = {"text": member(value, TEXT, str), **plain(value, TEXT)}
        for scheme in names:
            held = _chosen(member(value, LABELS, Mapping).get(scheme) or {})
            row[scheme] = _label(held, is_list=scheme in several, is_written=scheme in written)
        yield row | ({"spans": list(_spans(value))} if has_spans else {})

    listed = ", ".join(map(repr, names)) or "none"
    return Converter(convert, (f"schemes: {listed}",))


def _chosen(held: Any) -> dict[str, Any]:
    """Take the names of a scheme that somebody chose, and what stands there.

    Raises:
        ValueError: They are written otherwise.
    """
    if isinstance(held, str):
        return {held: True}
    if not isinstance(held, Mapping):
        raise ValueError(f"a scheme holds {held!r:.60}; expected its names with their values")
    held = held.get("labels", held)
    unchosen = (None, "", False, "false")
    return {str(name): value for name, value in held.items() if value not in unchosen}


def _label(chosen: Mapping[str, Any], *, is_list: bool, is_written: bool) -> object:
    """Write what was chosen: a point of a scale as its number, what was typed as it is."""
    if is_written:
        return next(iter(chosen.values()), None)
    found = [match[1] if (match := _SCALE.fullmatch(name)) else name for name in chosen]
    return found if is_list else next(iter(found), None)


def _spans(value: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    held = value[SPANS]
    lists = held.values() if isinstance(held, Mapping) else [held]
    for items in lists:
        for item in items or ():
            kind = item.get("annotation", item.get("label", item.get("name")))
            surface = item.get("span", item.get("text"))
            yield span(item["start"], item["end"], kind, surface)


FORM = Form("annotated instances of Potato", _recognise, _converter)
