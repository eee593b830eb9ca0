"""doccano's export with users: "annotations" of {"label": number, "user": number} a text."""

from collections import Counter, defaultdict
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
)
from textune.records import Finding

PLACES = ("start_offset", "end_offset", "start", "end")


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "text", "annotations"):
        return False
    lists = [value["annotations"] for value in values]
    if not all(isinstance(held, list) for held in lists):
        return False
    items = [item for held in lists for item in held]
    return bool(items) and all(
        isinstance(item, Mapping) and {"label", "user"} <= item.keys() for item in items
    )


def _converter(values: Values) -> Converter:
    is_spans = several = False
    torn = 0
    for value in values():
        if not _recognise([value]):
            continue
        items = value["annotations"]
        is_spans = is_spans or any(key in item for item in items for key in PLACES)
        by_user = _by_user(items)
        several = several or any(len(names) > 1 for names in by_user.values())
        torn += len({frozenset(names) for names in by_user.values()}) > 1

    def convert(value: Any) -> Iterator[Made]:
        row = plain(value, "annotations")
        items = value["annotations"]
        if is_spans:
            yield row | {"label": items}
        elif not items:
            yield LeftOut("has no annotation")
        else:
            yield _agreed(row, _by_user(items), several=several)

    reasons = ("the labels are doccano's numbers, since the export has no names for them",)
    if not torn or is_spans:
        return Converter(convert, reasons)
    message = (
        f"users differ in {torn:,} texts: the label of most of them was taken, and texts without "
        "such were left out"
    )
    return Converter(convert, reasons, (Finding("annotators", "warning", message, torn),))


def _by_user(items: Sequence[Mapping[str, object]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        found[str(item["user"])].add(str(item["label"]))
    return found


def _agreed(row: dict[str, object], by_user: Mapping[str, set[str]], *, several: bool) -> Made:
    votes = Counter(name for names in by_user.values() for name in names)
    if several:
        most = sorted(name for name, count in votes.items() if 2 * count > len(by_user))
        return row | {"label": most}
    (name, count), *rest = votes.most_common(2)
    if rest and rest[0][1] == count:
        return LeftOut("has as many users for one label as for another")
    return row | {"label": name}


FORM = Form("doccano's export with users", _recognise, _converter)
