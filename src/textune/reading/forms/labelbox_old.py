"""Labelbox's export before version 2: "Labeled Data" is a text, each row is one label of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    member,
    span,
)

TEXT, LABEL, WHO = "Labeled Data", "Label", "Created By"


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, TEXT, LABEL) and all(
        isinstance(value[TEXT], str) and _is_label(value[LABEL]) for value in values
    )


def _is_label(held: object) -> bool:
    return held in ({}, "Skip", None) or (
        isinstance(held, Mapping) and bool({"objects", "classifications"} & held.keys())
    )


def _converter(values: Values) -> Converter:
    spans = False
    several: dict[str, bool] = {}  # questions → whether several answers are allowed
    people: set[object] = set()
    for value in values():
        if not _recognise([value]):
            continue
        said = value[LABEL] if isinstance(value[LABEL], Mapping) else {}
        spans = spans or bool(said.get("objects"))
        people.add(value.get(WHO))
        for item in said.get("classifications") or ():
            several[_name(item)] = isinstance(_answer(item), list)

    def convert(value: Any) -> Iterator[Made]:
        row: dict[str, Any] = {"text": member(value, TEXT, str)}
        said = value.get(LABEL)
        if value.get("Skipped") is True or not isinstance(said, Mapping) or not said:
            yield LeftOut("was skipped, or has no label", row)
            return
        row |= {"annotator": value.get(WHO)} if len(people) > 1 else {}
        row |= {"label": [_span(item) for item in said.get("objects") or ()]} if spans else {}
        answers = {_name(item): _answer(item) for item in said.get("classifications") or ()}
        yield row | {name: _chosen(answers.get(name), many=many) for name, many in several.items()}

    return Converter(convert, (f"{TEXT!r} is the text",))


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("title", item.get("name")))


def _answer(item: Mapping[str, Any]) -> Any:
    """Take the answer to a question: of one choice an object, of several a list, else a text."""
    return item.get("answers", item.get("answer"))


def _chosen(answer: Any, *, many: bool) -> object:
    if many:
        return [_name(one) for one in answer or ()]
    return _name(answer) if isinstance(answer, Mapping) else answer


def _span(item: Mapping[str, Any]) -> dict[str, object]:
    place = member(member(item, "data", Mapping), "location", Mapping)
    return span(place.get("start"), place.get("end"), _name(item))


FORM = Form("an export of Labelbox before version 2", _recognise, _converter)
