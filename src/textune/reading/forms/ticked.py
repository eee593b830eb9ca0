"""Columns in which a mark stands or nothing become columns of 1 and 0.

As people fill in a sheet: a column for each label, an x where it applies; or as programs for
questionnaires write several answers, each in a column of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from textune.errors import excerpt
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 2_000
FORMATS = frozenset(["csv", "tsv", "sheet", "parquet", "arrow", "frame"])
MARKS = frozenset(["x", "1", "1.0", "1.", "*", "+", "yes", "y", "true", "ja", "j", "oui", "sim"])
MARKS |= frozenset(["✓", "✔", "✔️", "✅", "☑", "☒", "×", "•", "●", "■", "да", "sí", "si"])
NOTHING = frozenset(["", "-", "–", "—", "☐", "□"])
SAID = "hold a mark or nothing"
FEWEST = 2  # columns side by side


def told(table: Table) -> Table | None:
    """Recognise such columns side by side; None where there are none."""
    if not table.has_header or table.format not in FORMATS or len(table.columns) <= FEWEST:
        return None
    sample = first_rows(table, SAMPLE)
    marks = {
        at: mark
        for at, name in enumerate(table.columns)
        if (mark := _mark(name, [row[at].strip() for row in sample]))
    }
    places = {at for at in marks if at - 1 in marks or at + 1 in marks}
    if not places:
        return None
    said = _said(table, {at: marks[at] for at in places})
    if bare := _unticked(sample, places):
        names = ", ".join(repr(table.columns[at]) for at in bare)
        said += f"; no row has a mark in {names} beside them: no label"
    return _read_so(table, {at: marks[at] for at in places}, said)


def known(table: Table, labels: Sequence[str]) -> Table:
    """Read columns so that a model knows as its labels, also where nothing stands in some of them.

    Args:
        table: Some columns of labels hold a mark or nothing in it.
        labels: The columns; where one is not there nothing is known.
    """
    if table.format not in FORMATS or not labels or not {*labels} <= {*table.columns}:
        return table
    sample = first_rows(table, SAMPLE)
    found: dict[int, str] = {}
    is_ticked = any(SAID in reason for reason in table.reasons)
    for at, name in enumerate(table.columns):
        cells = [row[at].strip() for row in sample if name in labels]
        if mark := _mark(name, cells):
            found[at], is_ticked = mark, True
        elif cells and not any(cells):
            found[at] = ""
    return _read_so(table, found, _said(table, found)) if is_ticked and found else table


def _read_so(table: Table, marks: Mapping[int, str], said: str) -> Table:
    """Read 1 for the mark of a column and 0 for nothing."""

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = tuple(
                _plain(cell, marks[at]) if at in marks else cell
                for at, cell in enumerate(row.cells)
            )
            yield replace(row, cells=cells, given=row.given or row.cells)

    return replace(table, reasons=(*table.reasons, said), rows=rows)


def _said(table: Table, marks: Mapping[int, str]) -> str:
    listed = ", ".join(repr(table.columns[at]) for at in sorted(marks))
    signs = ", ".join(sorted({excerpt(mark) for mark in marks.values() if mark})) or "none"
    return f"{listed} {SAID}: read as 1 and 0 (the mark: {signs})"


def _unticked(sample: Sequence[Sequence[str]], places: set[int]) -> list[int]:
    """Find the columns beside others in which nothing stands in any row."""
    empty = {
        at for at, cells in enumerate(zip(*sample, strict=False)) if not any(map(str.strip, cells))
    }
    found: set[int] = set()
    for step in (1, -1):
        for place in places:
            while (place := place + step) in empty:
                found.add(place)
    return sorted(found)


def _mark(name: str, column: Sequence[str]) -> str:
    """Return the one mark of a column that holds nothing elsewhere; "" where it has none."""
    held = {cell.casefold() for cell in column}
    marks = held - NOTHING
    mark = marks.pop() if len(marks) == 1 and held & NOTHING else ""
    return mark if mark in MARKS or mark in name.casefold().rsplit(": ", 1) else ""


def _plain(cell: str, mark: str) -> str:
    held = cell.strip().casefold()
    if held in NOTHING:
        return "0"
    return "1" if held == mark or (not mark and held in MARKS) else cell
