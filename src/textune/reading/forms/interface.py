"""What a form of JSON is: how it is recognised, and how one value of it becomes flat rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any

from textune.errors import DataError
from textune.metrics.votes import Judged
from textune.records import Finding, Table

Cells = tuple[str, ...]
Values = Callable[[], Iterator[Any]]
"""Gives all values of a file, from the start, as often as it is called."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A value that is no row of the table."""

    why: str
    row: Mapping[str, Any] | None = None  # without labels: what is wanted where these are predicted


Made = Mapping[str, Any] | LeftOut | Judged
Convert = Callable[[Any], Iterable[Made]]
"""Makes flat objects of a value; raises ValueError with what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Converter:
    """How the values of one file become rows."""

    convert: Convert
    reasons: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    has_header: bool = True  # whether the keys of the rows are names that somebody gave
    layers: Mapping[str, str] | None = None  # columns of spans, as a table has them


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which programs write JSON, other than one flat object a row."""

    name: str
    recognise: Callable[[Sequence[Any]], bool]  # by the first values of a file
    converter: Callable[[Values], Converter]


def left_out(counts: Mapping[str, int]) -> tuple[Finding, ...]:
    """Say what a file holds beside what is read: nouns in the plural, and how many."""
    found = {noun: count for noun, count in counts.items() if count}
    if not found:
        return ()
    listed = ", ".join(f"{noun} ({count:,})" for noun, count in found.items())
    total = sum(found.values())
    return (Finding("left out", "note", f"what is not read is left out: {listed}", total),)


def always(convert: Convert, *reasons: str) -> Callable[[Values], Converter]:
    """Make a converter that needs to know nothing of the file."""

    def converter(values: Values) -> Converter:
        return Converter(convert, reasons)

    return converter


_first: ContextVar[dict[int, tuple[Table, int, list[Cells]]] | None] = ContextVar(
    "first", default=None
)  # by the address of a table, which stays that of no other as long as it is kept


@contextmanager
def reading_once() -> Iterator[None]:
    """Let `first_rows` read those of a table once meanwhile: every form looks at them."""
    before = _first.set({})
    try:
        yield
    finally:
        _first.reset(before)


def first_rows(table: Table, most: int) -> list[Cells]:
    """Take the first rows of a table, up to a fault, which is raised when all are read."""
    kept = _first.get()
    if kept is None:
        return _first_rows(table, most)
    _, count, rows = kept.get(id(table), (table, 0, []))
    if count < most:
        rows = _first_rows(table, most)
        kept[id(table)] = table, most, rows
    return rows[:most]


def _first_rows(table: Table, most: int) -> list[Cells]:
    found: list[Cells] = []
    with suppress(DataError):
        found.extend(row.cells for row in islice(table.rows(), most))
    return found


def are_objects(values: Sequence[object], *keys: str) -> bool:
    """Tell whether all values are objects that have these keys."""
    return bool(values) and all(
        isinstance(value, Mapping) and all(key in value for key in keys) for value in values
    )


def plain(value: Mapping[str, object], *but: str) -> dict[str, object]:
    """Keep the keys of an object that hold a text, a number, a truth value or nothing."""
    return {
        key: held
        for key, held in value.items()
        if key not in but and (held is None or isinstance(held, str | int | float))
    }


def span(start: object, end: object, label: object, surface: object = None) -> dict[str, object]:
    """Describe a stretch of characters; what stands there is left out where nobody says it."""
    found = {"start": start, "end": end, "label": label}
    return found | ({"text": surface} if isinstance(surface, str) else {})


def is_prose(value: object) -> bool:
    """Tell a text of several words; one of a script without spaces has several letters."""
    if not isinstance(value, str):
        return False
    held = value.strip()
    return " " in held or (len(held) >= 4 and any(sign > "\u0dff" for sign in held))


def member(value: object, key: str, kind: type | tuple[type, ...]) -> Any:
    """Take what stands under a key.

    Raises:
        ValueError: There is no such key, or something else stands there.
    """
    held = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(held, kind) or isinstance(held, bool):
        raise ValueError(f"the key {key!r} is missing or holds something else: {held!r:.60}")
    return held


def whole(value: object) -> int:
    """Take a whole number.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"a place is {value!r:.40}; allowed: a whole number")
    return value
