"""Lines of JSON objects, or one array of them, become rows of strings.

Strings stay as they are, null and an absent key are the empty cell, numbers and truth values are
written as Python writes them, lists and objects as JSON.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from textune.errors import DataError, Problems, excerpt
from textune.reading.delimited import listed
from textune.reading.lines import (
    LARGER_WAY_OUT,
    cell_limit,
    line_ends,
    lines,
    pieces,
    record_limit,
    too_large,
)
from textune.records import Row

COLUMN_ROWS = 10_000  # objects whose keys make the columns

_SPACE = re.compile(r"[ \t\r\n]*")
_WAY_OUT = 'write one JSON object on each line, as {"text": "…", "label": "…"}'


class Value(NamedTuple):
    """A JSON value of a file, or what is wrong where one should be."""

    line: int
    value: Any
    fault: str  # "" where there is a value
    shown: str  # how it begins in the file
    number: int = 0  # of the value, where its line is no place of its own

    def place(self, name: str) -> str:
        """Name where it stands in a file of this name."""
        return f"{name}: row {self.number}" if self.number else f"{name}:{self.line}"


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
        raise DataError(f"{path.name}: the file is empty; {_WAY_OUT}")
    if not names:
        list(rows(path, ()))  # raises what is wrong with every line, if that is why
        raise DataError(f"{path.name}:1: the objects have no keys; {_WAY_OUT}")
    if "data" in names and names.keys() <= {"data", "version"}:
        raise DataError(
            f"{path.name}:1: the rows are nested inside 'data', whose first member has no "
            "'paragraphs' as articles of SQuAD have; textune reads SQuAD or a flat table: "
            f"{_WAY_OUT}"
        )
    return tuple(names)


def rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Stream the rows of a file.

    Raises:
        DataError: With the first faults of the file, each with its line, and the count of all.
    """
    known = dict.fromkeys(columns, "")
    with Problems(path.name) as problems:
        for value in values(path):
            found, origin = object_of(value), value.place(path.name)
            if isinstance(found, str):
                problems.add(f"{origin}: {found}", _WAY_OUT)
            elif late := _late_keys(found, known):
                problems.add(f"{origin}: {late}")
            else:
                yield from sound(tuple(map(found.get, columns)), columns, origin, problems)


def sound(
    held: tuple[object, ...], columns: tuple[str, ...], origin: str, problems: Problems
) -> Iterator[Row]:
    """Make a row of its values, unless it is faulty, or one before it was."""
    cells = tuple(["" if value is None else cell(value) for value in held])  # most may be absent
    if fault := faulty_cell(cells, columns):
        problems.add(f"{origin}: {fault}")
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


def parse(text: str) -> object:
    """Parse one JSON value strictly.

    Raises:
        ValueError: No JSON, a key twice in one object, or a number that is none or too large.
        RecursionError: Nested too deeply.
    """
    return _DECODER.decode(text)


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


def values(path: Path) -> Iterator[Value]:
    """Stream the values of a file, one a line or the members of one array, of any kind."""
    first = next(filter(str.strip, lines(path)), "")
    head = list(islice(values_of_lines(path), 2)) if first.lstrip().startswith("[") else []
    are_lists = len(head) == 2 and not any(found.fault for found in head)  # one on each line
    return _array(path) if head and not are_lists else values_of_lines(path)


def whole(path: Path) -> object:
    """Parse a file that is one value; None where it is none, which a reader of lines explains."""
    try:
        return parse("".join(pieces(path)))
    except (ValueError, RecursionError):
        return None


def object_of(found: Value) -> dict[str, object] | str:
    """Take an object, or say what stands there instead."""
    if found.fault or isinstance(found.value, dict):
        return found.fault or found.value
    return f"no JSON object but {KINDS[type(found.value)]}: {excerpt(found.shown.strip())}"


def values_of_lines(path: Path) -> Iterator[Value]:
    """Stream the values of a file that has one on each line, whatever the first is."""
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            try:
                yield Value(number, parse(line), "", line)
            except (ValueError, RecursionError) as error:
                fault = f"{_reason(error)}: {excerpt(line.strip())}"
                yield Value(number, None, fault, line)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON object (column {error.colno}: {error.msg})"
    if isinstance(error, RecursionError):
        return "no JSON that can be read (nested too deeply)"
    return str(error)


def _array(path: Path) -> Iterator[Value]:
    """Stream the members of one array; numbered, where they do not begin on lines of their own."""
    members = _members(path)
    head = list(islice(members, 2))
    is_dense = len(head) == 2 and head[0].line == head[1].line and not head[1].fault
    for number, found in enumerate(chain(head, members), start=1):
        yield found._replace(number=number) if is_dense and not found.fault else found


def _members(path: Path) -> Iterator[Value]:
    """Stream the members of one array, however its lines are broken, up to the first fault."""
    text = _Text(pieces(path))
    text.peek()
    text.skip(1)
    if text.peek() == "]":
        return
    sign = ","
    while sign == ",":
        text.peek()
        found, end = text.value()
        yield found
        if not end:
            return
        text.skip(end)
        sign = text.peek()
        text.skip(1 if sign in ",]" else 0)
    if sign != "]" or text.peek():
        broken = excerpt(text.text[text.at :].lstrip())
        yield Value(text.line, None, f"the array breaks off here: {broken}", "")


class _Text:
    """Text that is read as far as the next value needs, with the number of its line."""

    def __init__(self, source: Iterator[str]) -> None:
        self.text, self.at, self.line = "", 0, 1
        self._source = source

    def peek(self) -> str:
        """Skip white space and show the sign after it; empty at the end."""
        while True:
            rest = len(self.text) - self.at
            space = _SPACE.match(self.text, self.at)
            self.skip(space.end() - self.at if space else rest)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def skip(self, count: int) -> None:
        """Go on by so many signs."""
        self.line += line_ends(self.text[self.at : self.at + count].encode())
        self.at += count

    def value(self) -> tuple[Value, int]:
        """Read a value, or say what is wrong; then its length, 0 where the reading must end."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if len(self.text) - self.at < record_limit() and self._more():
                    continue
                return self._fault(f"no JSON object ({error.msg})"), 0
            except (ValueError, RecursionError) as error:
                return self._fault(_reason(error)), 0
            shown = self.text[self.at : self.at + 80]
            return Value(self.line, value, "", shown), end - self.at

    def _fault(self, what: str) -> Value:
        shown = self.text[self.at : self.at + 80]
        return Value(self.line, None, f"{what}: {excerpt(self.text[self.at :])}", shown)

    def _more(self) -> bool:
        piece = next(self._source, "")
        self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)


KINDS: dict[type, str] = {  # of values, in words
    **{str: "a text", list: "a list", dict: "an object", bool: "a truth value", type(None): "null"},
    **dict.fromkeys((int, float), "a number"),
}


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the key {excerpt(twice)} stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > 1_000:
        raise ValueError(f"the number {text[:40]}… is too large")
    return int(text)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON; write null, or the text in quotes")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_finite,
    parse_int=_integer,
    parse_constant=_refuse_constant,
)
