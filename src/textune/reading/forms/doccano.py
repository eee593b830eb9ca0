"""doccano's exports: labels, entities with relations, and what each of several users said.

Its files of one object a line, with "label" or "labels" as names or as [start, end, name], need no
form. Those with users hold "annotations" of {"label": number, "user": number}, or in later ones a
list of {"username": …}.
"""

from collections import defaultdict
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
    left_out,
    member,
    plain,
    span,
)

USERS = ("user", "annotator", "annotator_id", "username", "worker", "worker_id")
PLACES = ("start_offset", "end_offset", "start", "end")


def _are_of_users(values: Sequence[Any]) -> bool:
    if not are_objects(values, "text", "annotations"):
        return False
    lists = [value["annotations"] for value in values]
    if not all(isinstance(held, list) for held in lists):
        return False
    items = [item for held in lists for item in held]
    return bool(items) and all(
        isinstance(item, Mapping) and "label" in item and _who(item) is not None for item in items
    )


def _who(item: Mapping[str, Any]) -> object:
    """Name who said something; None where nobody is named, or it is said of other places."""
    known = (*USERS, *PLACES, "id", "label")
    numbers = [key for key, held in item.items() if isinstance(held, int) and key not in known]
    if numbers and "user" not in item:
        return None
    return next((item[key] for key in USERS if key in item), None)


def _of_users(values: Values) -> Converter:
    is_spans = several = False
    is_named = True
    for value in values():
        if not _are_of_users([value]):
            continue
        items = value["annotations"]
        is_spans = is_spans or any(key in item for item in items for key in PLACES)
        several = several or any(len(held) > 1 for held in _by_user(items).values())
        is_named = is_named and all(isinstance(item["label"], str) for item in items)

    def convert(value: Any) -> Iterator[Made]:
        items = member(value, "annotations", list)
        votes = _by_user(items)
        if not items and not is_spans:
            yield LeftOut("has no annotation", plain(value, "annotations"))
            return
        held = [_held(said, is_spans=is_spans, several=several) for said in votes.values()]
        row = plain(value, "annotations")
        yield Judged(row, tuple({"label": one} for one in held or [[]]))

    reasons = (
        ()
        if is_named
        else ("the labels are doccano's numbers, since the export has no names for them",)
    )
    return Converter(convert, reasons)


def _by_user(items: Sequence[Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        key = next((key for key in USERS if key in item), USERS[0])
        found[str(member(item, key, (int, str)))].append(item)
    return found


def _held(said: Sequence[Mapping[str, Any]], *, is_spans: bool, several: bool) -> object:
    """Take what one user said of a text."""
    if is_spans:
        return [
            span(
                item.get("start_offset", item.get("start")),
                item.get("end_offset", item.get("end")),
                item.get("label"),
            )
            for item in said
        ]
    names = list(dict.fromkeys(str(item.get("label")) for item in said))
    return names if several else names[0]


def _have_relations(values: Sequence[Any]) -> bool:
    return (
        are_objects(values, "text", "entities", "relations")
        and all(
            isinstance(value[key], list) for value in values for key in ("entities", "relations")
        )
        and all(
            isinstance(item, Mapping) and {"start_offset", "end_offset", "label"} <= item.keys()
            for value in values
            for item in value["entities"]
        )
    )


def _of_relations(values: Values) -> Converter:
    count = 0
    for value in values():
        count += len(value["relations"]) if _have_relations([value]) else 0

    def convert(value: Any) -> Iterator[Made]:
        found = [
            span(item.get("start_offset"), item.get("end_offset"), item.get("label"))
            for item in member(value, "entities", list)
        ]
        yield {**plain(value), "label": found}

    findings = left_out({"relations between entities": count})
    return Converter(convert, ("'entities' holds spans of characters",), findings)


FORMS = (
    Form("labels of several users, as doccano has them", _are_of_users, _of_users),
    Form("doccano's export with relations", _have_relations, _of_relations),
)
