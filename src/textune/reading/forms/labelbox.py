"""Labelbox's export of texts: "row_data" is a text, each label of a project is one annotator's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.metrics.votes import Judged
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


def _is_labelbox(values: Sequence[Any]) -> bool:
    return are_objects(values, "data_row", "projects") and all(
        isinstance(value["data_row"], Mapping) and isinstance(value["projects"], Mapping)
        for value in values
    )


def _labelbox(values: Values) -> Converter:
    spans = False
    several: dict[str, bool] = {}  # questions → whether several answers are allowed
    for value in values():
        for said in _labels(value) if _is_labelbox([value]) else ():
            spans = spans or bool(said.get("objects"))
            for item in said.get("classifications") or ():
                several[str(item.get("name"))] = "checklist_answers" in item

    def convert(value: Any) -> Iterator[Made]:
        text = member(member(value, "data_row", Mapping), "row_data", str)
        labels = list(_labels(value))
        if not labels:
            yield LeftOut("has no label", {"text": text})
            return
        votes = tuple(_labelled(said, several, spans=spans) for said in labels)
        yield Judged({"text": text}, votes)

    return Converter(convert, ("'row_data' is the text",))


def _labels(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for project in value["projects"].values():
        for label in project.get("labels") or ():
            yield member(label, "annotations", Mapping)


def _labelled(
    said: Mapping[str, Any], several: Mapping[str, bool], *, spans: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if spans:
        row["label"] = []
        for item in said.get("objects") or ():
            place = member(item, "location", Mapping)
            start, end = place.get("start"), place.get("end")
            row["label"].append(span(start, end, item.get("name")))
    answers = {str(item.get("name")): item for item in said.get("classifications") or ()}
    for name, is_list in several.items():
        item = answers.get(name) or {}
        chosen = [one.get("name") for one in item.get("checklist_answers") or ()]
        radio = (item.get("radio_answer") or {}).get("name")
        row[name] = chosen if is_list else radio
    return row


FORM = Form("an export of Labelbox", _is_labelbox, _labelbox)
