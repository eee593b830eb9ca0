"""Numbered columns that are filled from the left become the warning that they are one list."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from textune.data.columns import Column, Scan
from textune.records import Contract, Finding

KNOWN = 0.5  # share of what stands in later columns that stands in the first, too
_NUMBERED = re.compile(r"(\D*)(\d{1,3})")  # label2, tag_2, 2


def findings(contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Warn where the places of several labels of a text are learned each by itself.

    They are filled from the left, some of them blank, and none repeats another one of its row, as
    the answers of several people do.
    """
    group = _group(contract, seen.columns)
    places = [column.place for column in group]
    rows = [[row[at] for at in places] for row in seen.sample]
    if len(group) < 2 or not any(map(_several, rows)) or all(map(all, rows)):
        return
    if not all(_is_filled(cells) for cells in rows) or not _is_shared(rows):
        return
    listed = ", ".join(repr(column.name) for column in group)
    first = next(";".join(filter(None, cells)) for cells in rows if _several(cells))
    message = (
        f"{listed} are filled from the left, with the same names: they seem to be several labels "
        "of a text, of which each column is learned by itself; to learn them together write them "
        f"into one column, as {first!r}"
    )
    yield Finding("layout", "warning", message, len(group))


def _group(contract: Contract, columns: Sequence[Column]) -> list[Column]:
    """List the columns of labels that are numbered one after the other, from the first on."""
    if contract.form not in ("classes", "name") or not contract.label:
        return []
    numbered = {column.name: _NUMBERED.fullmatch(column.name) for column in columns}
    first = next(column for column in columns if column.name in contract.label)
    found: list[Column] = []
    for column in columns[columns.index(first) :]:
        match, start = numbered[column.name], numbered[first.name]
        if not match or not start or match[1] != start[1]:
            break
        found.append(column)
    numbers = [int(column.name[len(start[1]) :]) for column in found] if start else []
    return found if all(one + 1 == two for one, two in pairwise(numbers)) else []


def _several(cells: Sequence[str]) -> bool:
    return sum(map(bool, cells)) > 1


def _is_filled(cells: Sequence[str]) -> bool:
    """Tell cells of which those that are not blank come first, each another one."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(cells[: len(filled)]) and len(set(filled)) == len(filled)


def _is_shared(rows: Sequence[Sequence[str]]) -> bool:
    later = {cell for cells in rows for cell in cells[1:] if cell}
    return len(later & {cells[0] for cells in rows}) >= KNOWN * len(later)
