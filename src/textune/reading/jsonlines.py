"""Lines of JSON objects, or one array of them, become rows of strings.

Strings stay as they are, null and an absent key are the empty cell, numbers and truth values are
written as Python writes them, lists and objects as JSON.
"""

import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from textune.errors import DataError, Problems, excerpt
from textune.reading.delimited import listed
from textune.reading.json_values import KINDS, Value, values
from textune.reading.lines import LARGER_WAY_OUT, cell_limit, too_large
from textune.reading.near_json import ROWS as WAY_OUT
from textune.reading.told import problems_of
from textune.records import Row

COLUMN_ROWS = 10_000  # objects whose keys make the columns


def columns_of(path: Path) -> tuple[str, ...]:
    """Name the keys of the first objects, in the order of their first appearance.

    Raises:
        DataError: There is no object, or none has a key.
    """
    names: dict[str, None] = {}
    seen = 0
    for seen, found in enumerate(islice(map(object_of, values(path)), COLUMN_ROWS), start=1):  # noqa: B007
        names.update(dict.fromkeys(found if isinstance(found, dict) else ()))
    if not seen:
        raise DataError(f"{path.name}: the file is empty; {WAY_OUT}")
    if not names:
        list(rows(path, ()))  # raises what is wrong with every line, if that is why
        raise DataError(f"{path.name}:1: the objects have no keys; {WAY_OUT}")
    return tuple(names)


def rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Stream the rows of a file.

    Raises:
        DataError: With the first faults of the file, each with its line, and the count of all.
    """
    known = dict.fromkeys(columns, "")
    with problems_of(path) as problems:
        for value in values(path):
            found, origin = object_of(value), value.place(path.name)
            refuse_end(value, origin, problems)
            if isinstance(found, str):
                problems.add(f"{origin}: {found}", WAY_OUT, row=value.shown, origin=origin)
            elif late := _late_keys(found, known):
                problems.add(f"{origin}: {late}", row=value.shown, origin=origin)
            else:
                yield from sound(tuple(map(found.get, columns)), columns, origin, problems)


def refuse_end(value: Value, origin: str, problems: Problems) -> None:
    """Refuse to leave out what nobody can see the end of.

    Raises:
        DataError: After this value none can be read.
    """
    if value.is_last:
        problems.option = ""  # which would not help
    if value.is_last and problems.skips:
        raise DataError(
            f"{origin}: {value.fault}; what follows cannot be read, so that it cannot be left out "
            "(--faulty skip): mend it, or write one JSON object on each line"
        )


def sound(
    held: tuple[object, ...], columns: tuple[str, ...], origin: str, problems: Problems
) -> Iterator[Row]:
    """Make a row of its values, unless it is faulty, or one before it was."""
    cells = tuple(["" if value is None else cell(value) for value in held])  # most may be absent
    if fault := faulty_cell(cells, columns):
        row = json.dumps(cells, ensure_ascii=False)
        problems.add(f"{origin}: {fault}", row=row, origin=origin)
    elif not problems.count:
        yield Row(cells, origin, given=held)


def cell(value: object) -> str:
    """Write a value as a user would."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is int:  # the commonest beside text, and none of what follows
        return str(value)
    if kind is float:
        return "" if value != value else str(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def faulty_cell(cells: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """Say which cell no file of ours may contain, and the way out; empty where all are sound."""
    limit = cell_limit()
    everything = "".join(cells)  # a row may have thousands of cells, and hardly one is faulty
    if everything.isascii() and "\0" not in everything and len(everything) <= limit:
        return ""
    for name, value in zip(columns, cells, strict=True):
        if value.isascii() and "\0" not in value and len(value) <= limit:
            continue
        where = f"in column {excerpt(name)}"
        if len(value) > limit:
            return f"{too_large(value, f' {where}')}; {LARGER_WAY_OUT}"
        if "\0" in value:
            return f"a NUL character {where}: {excerpt(value)}; remove it, no text contains it"
        if bad := next((sign for sign in value if "\udc80" <= sign <= "\udcff"), ""):
            return f"the byte 0x{ord(bad) - 0xDC00:02x} {where} is not UTF-8: {excerpt(value)}"
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            return f"half a character (a lone surrogate) {where}: {excerpt(value)}; repair the text"
    return ""


def _late_keys(found: dict[str, object], known: dict[str, str]) -> str:
    if found.keys() <= known.keys():
        return ""
    late = [name for name in found if name not in known]
    return (
        f"the key {excerpt(late[0])} is in none of the first {COLUMN_ROWS:,} lines, whose keys are "
        f"the columns ({listed(tuple(known))}); give the first line every key, with null where "
        "it has no value"
    )


def object_of(found: Value) -> dict[str, object] | str:
    """Take an object, or say what stands there instead."""
    if found.fault or isinstance(found.value, dict):
        return found.fault or found.value
    return f"no JSON object but {KINDS[type(found.value)]}: {excerpt(found.shown.strip())}"
