"""Columns in which a mark stands or nothing become columns of 1 and 0.

As people fill in a sheet: a column for each label, an x where it applies; or as programs for
questionnaires write several answers, each in a column of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.errors import excerpt
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 2_000
FORMATS = frozenset(["csv", "tsv", "sheet", "parquet", "arrow", "frame"])
MARKS = frozenset(["x", "1", "1.0", "1.", "*", "+", "yes", "y", "true", "ja", "j", "oui", "sim"])
MARKS |= frozenset(["✓", "✔", "✔️", "✅", "☑", "☒", "×", "•", "●", "■", "да", "sí", "si"])
NOTHING = frozenset(["", "-", "–", "—", "☐", "□"])
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

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = tuple(
                _plain(cell, marks[at]) if at in places else cell
                for at, cell in enumerate(row.cells)
            )
            yield replace(row, cells=cells, given=row.given or row.cells)

    listed = ", ".join(repr(table.columns[at]) for at in sorted(places))
    signs = ", ".join(sorted({excerpt(marks[at]) for at in places}))
    said = f"{listed} hold a mark or nothing: read as 1 and 0 (the mark: {signs})"
    return replace(table, reasons=(*table.reasons, said), rows=rows)


def _mark(name: str, column: Sequence[str]) -> str:
    """Return the one mark of a column that holds nothing elsewhere; "" where it has none."""
    held = {cell.casefold() for cell in column}
    marks = held - NOTHING
    mark = marks.pop() if len(marks) == 1 and held & NOTHING else ""
    return mark if mark in MARKS or mark in name.casefold().rsplit(": ", 1) else ""


def _plain(cell: str, mark: str) -> str:
    held = cell.strip().casefold()
    return "1" if held == mark else "0" if held in NOTHING else cell
