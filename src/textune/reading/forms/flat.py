"""Rows whose values stand in objects of their own get columns of dotted names: meta.label."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Made, are_objects

DEEPEST = 4
MOST = 64  # different keys of the objects in one column; more of them are data, no names
LABELS = frozenset(["label", "labels", "tags", "categories", "topics", "classes"])
_WHOLE = ("answer", "answers")  # whose text and place are read together
_OF_ANSWERS = frozenset(["aliases", "number", "text", "texts", "value", "yes_no_answer"])
_PLACES = frozenset(["start", "starts", "answer_start", "begin", "end", "char_spans", "offset"])


def nested(head: Sequence[Any], before: str = "", depth: int = 1) -> frozenset[str]:
    """Name the keys, with dots, under which objects stand that are taken apart.

    They are those that most rows have, with keys that most of the objects have: what only some rows
    have, as slots of a dialogue, are no columns.
    """
    rows = [row for row in head if isinstance(row, Mapping)]
    names = {name for row in rows for name, held in row.items() if isinstance(held, Mapping)}
    found: set[str] = set()
    for name in names if depth < DEEPEST and len(names) <= MOST else ():
        if _are_columns(name, rows):
            found.add(f"{before}{name}")
            found |= nested([row.get(name) for row in rows], f"{before}{name}.", depth + 1)
    return frozenset(found)


def named(head: Sequence[Any]) -> frozenset[str]:
    """Name the keys of rows under which lists of labels stand, each an object with its name."""
    names = {name for row in head if isinstance(row, Mapping) for name in row}
    return frozenset(name for name in names if name.lower() in LABELS and _have_names(name, head))


def converter(
    names: frozenset[str], lists: frozenset[str], *, whole: bool | None = None
) -> Converter:
    """Make the converter that takes objects apart, and names out of lists of labels.

    Args:
        names: Keys of objects that are taken apart, as `nested` has them.
        lists: Keys of lists of labels, as `named` has them.
        whole: Whether each object is a column besides: to be written as it stands in the file.
    """

    def convert(value: object) -> Iterator[Made]:
        if not isinstance(value, Mapping):
            raise ValueError("no JSON object")
        row = dict(value) if whole else {}
        row |= _flat(value, names, "")
        for name in lists & row.keys():
            row[name] = [one["name"] for one in row[name] or ()]
        yield row

    reasons = []
    if names:
        listed = ", ".join(repr(name) for name in sorted(names) if "." not in name)
        reasons.append(f"nested keys are columns with dotted names (in {listed})")
    reasons += [f"of each object in {name!r} the 'name' is taken" for name in sorted(lists)]
    return Converter(convert, tuple(reasons))


def inner(columns: Sequence[str], names: frozenset[str]) -> frozenset[str]:
    """Name the columns that hold a part of an object, which is a column itself."""
    return frozenset(one for one in columns if one.rpartition(".")[0] in names)


def _have_names(name: str, head: Sequence[Any]) -> bool:
    held = [row.get(name) for row in head if isinstance(row, Mapping)]
    items = [item for one in held if isinstance(one, list) for item in one]
    return all(one is None or isinstance(one, list) for one in held) and are_objects(items, "name")


def _are_columns(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    held = [row[name] for row in rows if row.get(name) is not None]
    objects = [one for one in held if isinstance(one, Mapping)]
    keys = Counter(key for one in objects for key in one)
    if any(key.startswith(f"{name}.") for row in rows for key in row):
        return False  # there is a column of that name already
    if len(objects) < len(held) or 2 * len(objects) < len(rows):
        return False
    if name.lower() in _WHOLE and _are_of_questions(objects):
        return False
    is_usual = len(keys) <= MOST and all("." not in f"{name}{key}" for key in keys)
    usual = sum(2 * count > len(objects) for count in keys.values())
    return is_usual and 2 * usual > len(keys) and not _PLACES & {key.lower() for key in keys}


def _are_of_questions(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Tell answers to a question in a passage from what somebody answered of a text."""
    keys = {key.lower() for one in objects for key in one}
    is_plain = all(isinstance(held, str | bool) for one in objects for held in one.values())
    return bool(keys & _OF_ANSWERS) or not is_plain


def _flat(
    value: Mapping[str, Any], names: frozenset[str], before: str
) -> Iterator[tuple[str, Any]]:
    for name, held in value.items():
        place = f"{before}{name}"
        if place not in names:
            yield place, held
        elif isinstance(held, Mapping):
            yield from _flat(held, names, f"{place}.")
        elif held is not None:
            yield place, held  # no object, as those of other rows are
