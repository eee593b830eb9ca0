"""A table becomes one without its faulty rows, each of which is noted: `--faulty skip`."""

import json
from collections.abc import Iterator
from dataclasses import replace

from textune.errors import Faults, SettingsError
from textune.reading.jsonlines import faulty_cell
from textune.records import Row, Table

SKIP = "skip"
CHOICES = ("refuse", SKIP)


def asked(choice: str | None) -> Faults | None:
    """Return what takes note of faulty rows, where they are to be left out.

    Raises:
        SettingsError: It is neither of what can become of them.
    """
    if choice not in (None, *CHOICES):
        raise SettingsError(f"--faulty {choice}: allowed: {' or '.join(CHOICES)}")
    return Faults() if choice == SKIP else None


def without(table: Table, faults: Faults) -> Table:
    """Leave out the rows of which a cell is faulty; readers have left out those of other faults."""

    def rows() -> Iterator[Row]:
        is_empty = True
        for row in table.rows():
            if fault := faulty_cell(row.cells, table.columns):
                faults.note(row.origin, fault, written(row))
                continue
            is_empty = False
            yield row
        if is_empty:
            faults.refuse_all(table.name)

    return replace(table, rows=rows, faults=faults)


def written(row: Row) -> str:
    """Write the cells of a row in a line."""
    return json.dumps(row.cells, ensure_ascii=False)
