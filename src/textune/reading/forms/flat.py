"""Rows whose values stand in objects of their own get columns of dotted names: meta.label."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Made, are_objects

DEEPEST = 4
MOST = 64  # different keys of the objects in one column; more of them are data, no names
LABELS = frozenset(["label", "labels", "tags", "categories", "topics", "classes"])
_PLACES = frozenset(["start", "starts", "answer_start", "begin", "end", "char_spans", "offset"])


def nested(head: Sequence[Any]) -> frozenset[str]:
    """Name the keys of rows under which objects stand that are taken apart."""
    names = {
        name
        for row in head
        if isinstance(row, Mapping)
        for name, held in row.items()
        if isinstance(held, Mapping) and held
    }
    return frozenset(name for name in names if _are_columns(name, head))


def named(head: Sequence[Any]) -> frozenset[str]:
    """Name the keys of rows under which lists of labels stand, each an object with its name."""
    names = {name for row in head if isinstance(row, Mapping) for name in row}
    return frozenset(name for name in names if name.lower() in LABELS and _have_names(name, head))


def converter(names: frozenset[str], lists: frozenset[str]) -> Converter:
    """Make the converter that takes objects apart, and names out of lists of labels."""

    def convert(value: object) -> Iterator[Made]:
        if not isinstance(value, Mapping):
            raise ValueError("no JSON object")
        row = dict(_flat(value, names, "", 1))
        for name in lists & row.keys():
            row[name] = [one["name"] for one in row[name] or ()]
        yield row

    reasons = []
    if names:
        listed = ", ".join(map(repr, sorted(names)))
        reasons.append(f"nested keys are columns with dotted names (in {listed})")
    reasons += [f"of each object in {name!r} the 'name' is taken" for name in sorted(lists)]
    return Converter(convert, tuple(reasons))


def _have_names(name: str, head: Sequence[Any]) -> bool:
    held = [row.get(name) for row in head if isinstance(row, Mapping)]
    items = [item for one in held if isinstance(one, list) for item in one]
    return all(one is None or isinstance(one, list) for one in held) and are_objects(items, "name")


def _are_columns(name: str, head: Sequence[Any]) -> bool:
    held = [row[name] for row in head if isinstance(row, Mapping) and row.get(name) is not None]
    objects = [one for one in held if isinstance(one, Mapping)]
    keys = {key for one in objects for key in one}
    is_usual = len(keys) <= MOST and all("." not in f"{name}{key}" for key in keys)
    if name.lower() in ("answer", "answers"):  # which have their own columns: text and place
        return False
    return len(objects) == len(held) and is_usual and not _PLACES & {key.lower() for key in keys}


def _flat(
    value: Mapping[str, Any], names: frozenset[str] | None, before: str, depth: int
) -> Iterator[tuple[str, Any]]:
    for name, held in value.items():
        is_open = isinstance(held, Mapping) and (names is None or name in names)
        if is_open and depth < DEEPEST and not _PLACES & {key.lower() for key in held}:
            yield from _flat(held, None, f"{before}{name}.", depth + 1)
        elif not (names is not None and name in names and held is None):
            yield f"{before}{name}", held
