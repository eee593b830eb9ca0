"""Lines beneath the header that name or describe columns become part of it.

Qualtrics writes questions, and where each came from, beneath the names of columns; SurveyMonkey the
answers to choose from; spreadsheets and pandas names beneath cells that span several columns.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from textune.errors import counted, excerpt
from textune.reading.header import weigh

IMPORTED = re.compile(r'\{\s*"ImportId"\s*:')  # how Qualtrics says where a column comes from
FEWEST = 3  # rows below, and cells that say the same as the header, below which nothing can be told
GAPS = 2  # cells without a name beneath columns that are filled in all rows
ALL = 0.95  # share of rows
MOST = 200  # rows that are looked at


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, and the lines beneath the first that they stand in."""

    names: tuple[str, ...]
    further: int = 0
    why: str = ""


def whole(first: Sequence[str], body: Sequence[Sequence[str]]) -> Header:
    """Find further lines of a header beneath its first one.

    Args:
        first: The cells of the header.
        body: Rows beneath it.
    """
    names = tuple(cell.strip() for cell in first)
    for number, row in enumerate(body[:2], start=1):
        if 2 * sum(IMPORTED.match(cell) is not None for cell in row) > len(row):
            return Header(names, number, _said(number, "describe the columns", body[0]))
    if len(body) <= FEWEST or len(body[0]) != len(first):
        return Header(names)
    second, *rest = body[: MOST + 1]
    columns = [[row[at] for row in rest if at < len(row)] for at in range(len(first))]
    if _describes(names, second, columns):
        return Header(names, 1, _said(1, "describes the columns", second))
    if _names_more(names, second, columns):
        return Header(_together(names, second), 1, _said(1, "names the columns, too", second))
    return Header(names)


def _said(number: int, does: str, second: Sequence[str]) -> str:
    shown = excerpt(", ".join(filter(None, second)))
    return f"{counted(number, 'line')} beneath the header {does}, and is no row: {shown}".replace(
        "and is no", "and are no" if number > 1 else "and is no"
    )


def _describes(
    names: Sequence[str], second: Sequence[str], columns: Sequence[Sequence[str]]
) -> bool:
    """Tell names in other words, "Start Date" beneath StartDate, that stand in no row."""
    same = [
        cell not in column
        for name, cell, column in zip(names, second, columns, strict=True)
        if _bare(name) and _bare(name) == _bare(cell)
    ]
    return len(same) >= FEWEST and all(same)


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _names_more(
    names: Sequence[str], second: Sequence[str], columns: Sequence[Sequence[str]]
) -> bool:
    """Tell names beneath cells that span several columns, or beneath some of the columns only."""
    points = [weigh(cell, held) for cell, held in zip(second, columns, strict=True) if cell.strip()]
    if not points or min(points) < 0 or sum(points) < 1:
        return False
    times = Counter(filter(None, names))
    spanned = [
        bool(cell.strip())
        for name, cell, column in zip(names, second, columns, strict=True)
        if times[name] > 1 or (not name and not _are_names_of_rows(column))
    ]
    if any(spanned):
        twice = [cell for name, cell in zip(names, second, strict=True) if times[name] > 1]
        return all(map(str.strip, twice))
    gaps = [
        column
        for cell, column in zip(second, columns, strict=True)
        if not cell.strip() and sum(map(bool, column)) >= ALL * len(column)
    ]
    return len(gaps) >= GAPS


def _are_names_of_rows(column: Sequence[str]) -> bool:
    return len({*column}) == len(column)


def _together(names: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """Name columns by the second line where it names all, else by both lines."""
    below = [cell.strip() for cell in second]
    if all(below) and len({*below}) == len(below):
        return tuple(below)
    spanning: list[str] = []
    for name, cell in zip(names, below, strict=True):
        spanning.append(name or (spanning[-1] if spanning and cell else ""))
    times = Counter(spanning)
    return tuple(
        f"{name}: {cell}" if name and cell and times[name] > 1 else name or cell
        for name, cell in zip(spanning, below, strict=True)
    )
