"""Rows that may be none of a table become findings: a line of units, a sum, a comment, a licence.

They stand first or last, or begin with "# ", and their label is one that no other row has.
"""

import re
import shlex
from collections.abc import Iterator

from textune.data.columns import NUMBER, Column, Scan
from textune.data.numerals import is_number
from textune.errors import excerpt
from textune.records import Contract, Finding, Row

LEAST = 3  # rows that each other label must have
_SUM = re.compile(r"(grand |sub)?(totals?|sums?|averages?|mean|count)\b\W*", re.IGNORECASE)


def findings(contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Name the rows that may be none, each with the option that leaves it out."""
    if len(contract.label) != 1 or contract.form not in ("name", "columns"):
        return
    column = next(column for column in seen.columns if column.name == contract.label[0])
    for row in seen.edges:
        value = row.cells[column.place].strip()
        why = _why(row, value, column) if value else ""
        if why and f"{column.name}={value}" not in contract.no_skip:
            shown = excerpt(", ".join(filter(None, map(str.strip, row.cells))))
            skip = shlex.quote(f"{column.name}={value}")
            said = f"{row.origin} may be no row: {why}: {shown}; `--skip {skip}` leaves it out"
            yield Finding("stray", "warning", said, 1, (row.origin,))


def _why(row: Row, value: str, column: Column) -> str:
    """Say why a row may be none; empty where nothing speaks for it."""
    counts = column.counts or {}
    if counts and counts.get(value) != 1:
        return ""
    others = {name: count for name, count in counts.items() if name != value}
    first = next((cell.strip() for cell in row.cells if cell.strip()), "")
    if _SUM.fullmatch(first) and len(others) != 1:
        return f"it begins with {first!r}, and its {column.name!r} is {value!r}"
    if len(others) < 2 or min(others.values()) < LEAST:
        return ""
    if column.kind != NUMBER or not is_number(value):
        return f"its {column.name!r}, {value!r}, stands nowhere else, and each other label often"
    return ""
