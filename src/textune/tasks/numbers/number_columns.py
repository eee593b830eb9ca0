"""Columns of numbers become labels that are estimated: how they are read, and what is unclear."""

from collections.abc import Iterator, Sequence

from textune.data import choices, numerals
from textune.data.columns import NUMBER, Column, Scan
from textune.data.numerals import PLAIN, is_number, like_number
from textune.errors import DataError
from textune.records import Contract, Finding, Table
from textune.tasks.kind import Form


def form(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    """Say how one column of numbers is written, or several.

    Raises:
        DataError: It holds something else, or nobody can tell what its numbers are.
    """
    for column in columns:
        refuse_others(table, column)
    if len(columns) > 1:
        count = len(columns)
        reason = f"{count} columns hold numbers → {count} numbers a text"
        return Form("columns", None, reason, numerals=written(columns))
    column = columns[0]
    held = f"mostly numbers ({column.why})" if is_nearly(column) else column.why
    if column.kind == "decimal" and column.numerals is not None:
        held = f"numbers {column.numerals.described()}"
    reason = f"{column.name!r} holds {held} → a number a text"
    return Form("name", None, reason, numerals=written(columns))


def instead(columns: Sequence[Column], seen: Scan) -> str:
    """Say what would become of classes that are numbers."""
    column = columns[0]
    if len(columns) > 1 or column.classes <= 2 or not all(map(is_number, column.cells)):
        return ""
    held = "decimals" if any(float(cell) % 1 for cell in column.cells) else "numbers"
    return (
        f"{column.name!r} holds {held}: `--task number` would estimate them, so that near ones "
        "count as nearly right, instead of taking each as a class"
    )


def refuse_others(table: Table, column: Column) -> None:
    """Refuse a column that holds something else; cells that only slipped are named row by row.

    Raises:
        DataError: Half of it are no numbers, or nobody can tell what they are.
    """
    numerals.refuse_unclear(table.name, column.name, column.numerals, column.cells)
    wrong = [cell for cell in column.cells if not like_number(cell)]
    if wrong and len(wrong) >= len(column.cells) / 2:
        raise DataError(
            f"{table.name}: column {column.name!r} holds {wrong[0][:40]!r}, which is not a number; "
            "correct it, or choose --task single"
        )


def are_ones(columns: Sequence[Column]) -> bool:
    """Tell whether label columns are to be estimated, where nobody says otherwise."""
    if len(columns) > 1:
        return choices.are_numbers(columns)
    return columns[0].kind in (NUMBER, "decimal") or is_nearly(columns[0])


def is_nearly(column: Column) -> bool:
    """Tell measurements of which some cells are at fault from names of classes."""
    if column.kind not in ("id", "words", "text"):
        return False
    numbers = [float(cell) for cell in column.cells if is_number(cell)]
    return len(numbers) > len(column.cells) / 2 and any(number % 1 for number in numbers)


def written(columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    """Return unit and sign of decimals of each column; nothing where all are plain numbers."""
    found = tuple(
        (column.numerals.unit, column.numerals.decimal) if column.numerals else PLAIN
        for column in columns
    )
    return found if any(one != PLAIN for one in found) else ()


def findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Ask about points that may part thousands: where a file writes decimals with a comma."""
    if table.format not in ("csv", "tsv"):
        return
    with_commas = any(c.numerals is not None and c.numerals.decimal == "," for c in seen.columns)
    for column in seen.columns:
        if column.name in contract.label and column.numerals is None:
            message = numerals.doubt(column.name, column.cells)
            if message and (with_commas or table.delimiter == ";"):
                yield Finding("numbers", "warning", message, seen.rows)
