"""Rows whose cell says that they have no label are left out: `--skip COLUMN=VALUE`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from textune.errors import SettingsError, among
from textune.records import Row, Table


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


def without(table: Table, skip: Sequence[str]) -> Table:
    """Leave out the rows of a table in which one of some cells stands."""
    is_kept = keeper(table.columns, skip)

    def rows() -> Iterator[Row]:
        return (row for row in table.rows() if is_kept(row))

    return replace(table, rows=rows) if skip else table


def keeper(columns: Sequence[str], skip: Sequence[str]) -> Callable[[Row], bool]:
    """Make the function that tells whether a row stays; columns that are not there skip nothing."""
    found = [place for place in (_parted(entry, columns) for entry in skip) if place is not None]

    def is_kept(row: Row) -> bool:
        return all(row.cells[place].strip() != value for place, value in found)

    return is_kept


def _parted(entry: str, columns: Sequence[str]) -> tuple[int, str] | None:
    """Part COLUMN=VALUE; a column's name may hold the sign itself."""
    for at, sign in enumerate(entry):
        if sign == "=" and entry[:at] in columns:
            return columns.index(entry[:at]), entry[at + 1 :].strip()
    return None
