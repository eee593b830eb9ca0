"""Lines beneath the header that name or describe columns become part of it.

Qualtrics writes questions, and where each came from, beneath the names of columns; SurveyMonkey the
answers to choose from; spreadsheets and pandas names beneath cells that span several columns.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

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
    if numbered := _numbered(names, body):
        return numbered
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


def _numbered(names: Sequence[str], body: Sequence[Sequence[str]]) -> Header | None:
    """Number columns of one name that hold several values of a row, filled from the left.

    Trackers export so what a ticket has several of: Labels, Labels, Labels.
    """
    runs = [[*run] for name, run in groupby(range(len(names)), names.__getitem__) if name]
    several = [run for run in runs if len(run) > 1]
    once = [names[run[0]] for run in runs]
    rows = [row for row in body[:MOST] if len(row) == len(names)]
    if not several or len({*once}) < len(once) or len(rows) < FEWEST:
        return None
    held = [[[bool(row[at].strip()) for at in run] for row in rows] for run in several]
    are_lists = all(cells == sorted(cells, reverse=True) for run in held for cells in run)
    if not are_lists or any(all(map(all, run)) for run in held):
        return None
    found = list(names)
    for run in several:
        for number, at in enumerate(run[1:], start=2):
            found[at] = f"{names[at]} {number}"
    if len({*filter(None, found)}) < sum(map(bool, found)):
        return None
    listed = ", ".join(repr(names[run[0]]) for run in several)
    why = f"columns of one name, filled from the left, are numbered ({listed})"
    return Header(tuple(found), why=why)


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
