"""Rows whose cell says that they have no label are left out: `--skip COLUMN=VALUE`.

What is said beside a row that is left out, of lines that are no rows, another one says.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from textune.errors import DataError, SettingsError, among
from textune.metrics.one_label import is_blank
from textune.records import Finding, Row, Table

SHOWN = 12  # cells that are named


def named(table: Table, skip: Sequence[str], *, option: str = "--skip") -> None:
    """Check what a user asked to skip, or not to skip.

    Raises:
        SettingsError: It is not written as COLUMN=VALUE, or there is no such column.
    """
    for entry in skip:
        if "=" not in entry:
            raise SettingsError(
                f"{option} {entry!r}: write the column and the cell, as in {option} label=draft "
                f"({option} label= for blank cells)"
            )
        if _parted(entry, table.columns) is None:
            name = entry.partition("=")[0]
            raise SettingsError(
                f"{table.name}: {option} {entry!r}: {name!r} is not a column; "
                f"{among(name, table.columns)}"
            )


def useless(
    table: Table, skip: Sequence[str], *, option: str = "--skip", kind: str = "skip"
) -> tuple[Finding, ...]:
    """Warn of what was asked for and is in no row: a cell that is written otherwise, most often.

    Args:
        table: Read until each cell has been found once.
        skip: As a user asked.
        option: By which it was asked for.
        kind: Of the findings.
    """
    parts = ((entry, _parted(entry, table.columns)) for entry in skip)
    asked = {entry: found for entry, found in parts if found is not None}
    held: dict[str, dict[str, None]] = {entry: {} for entry in asked}
    for row in table.rows() if asked else ():
        for entry in list(held):
            place, value = asked[entry]
            cell = row.cells[place].strip()
            if cell == value or (not value and is_blank(cell)):
                del held[entry]
            elif len(held[entry]) <= SHOWN:
                held[entry][cell] = None
        if not held:
            break
    return tuple(
        Finding(kind, "warning", _said(option, entry, *asked[entry], table, cells), 0)
        for entry, cells in held.items()
    )


def _said(
    option: str, entry: str, place: int, value: str, table: Table, cells: Collection[str]
) -> str:
    """Say that no cell of a column is as somebody wrote, and which there are, if they are few."""
    what = repr(value) if value else "blank"
    words = f"{option} {entry}: no cell of {table.columns[place]!r} is {what}"
    are_few = bool(value) and 0 < len(cells) <= SHOWN
    way_out = f"; {among(value, cells)}" if are_few else ""
    return f"{words}, so that it changes nothing{way_out}"


def without(table: Table, skip: Sequence[str]) -> Table:
    """Leave out the rows of a table in which one of some cells stands."""
    is_kept = keeper(table.columns, skip)

    def rows() -> Iterator[Row]:
        return kept((row, row if is_kept(row) else None) for row in table.rows())

    return replace(table, rows=rows) if skip else table


def kept(found: Iterable[tuple[Row, Row | None]]) -> Iterator[Row]:
    """Yield what becomes of rows; None of those that are left out, whose remarks others carry."""
    before: Row | None = None
    said: tuple[str, ...] = ()  # beside rows that were left out since
    try:
        for row, made in found:
            if made is None:
                said += row.remarks
                continue
            if before is not None:
                yield before
            before = replace(made, remarks=(*said, *made.remarks)) if said else made
            said = ()
    except DataError:  # further down: what stands before it is sound
        if before is not None:
            yield before
        raise
    if before is not None:
        yield replace(before, remarks=(*before.remarks, *said)) if said else before


def keeper(columns: Sequence[str], skip: Sequence[str]) -> Callable[[Row], bool]:
    """Make the function that tells whether a row stays; columns that are not there skip nothing."""
    found = [place for place in (_parted(entry, columns) for entry in skip) if place is not None]

    def is_kept(row: Row) -> bool:
        return all(
            row.cells[place].strip() != value if value else not is_blank(row.cells[place])
            for place, value in found
        )

    return is_kept


def _parted(entry: str, columns: Sequence[str]) -> tuple[int, str] | None:
    """Part COLUMN=VALUE; a column's name may hold the sign itself."""
    for at, sign in enumerate(entry):
        if sign == "=" and entry[:at] in columns:
            return columns.index(entry[:at]), entry[at + 1 :].strip()
    return None
