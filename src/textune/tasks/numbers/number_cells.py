"""Cells of numbers become labels: one numeral, or one for each column, as they are written."""

from collections.abc import Callable, Sequence

from textune.data import numerals
from textune.data.commas import DECIMAL, is_torn
from textune.data.commas import written as written_plainly
from textune.data.numerals import PLAIN, is_number
from textune.errors import DataError, excerpt
from textune.records import Label, Row

LARGEST = 1e30  # beyond it, squares and sums leave what 32 bits can hold


def reader(
    places: Sequence[int],
    columns: Sequence[str],
    *,
    alone: bool,
    written: Sequence[tuple[str, str]] = (),
) -> Callable[[Row], tuple[Label, tuple[str, ...]]]:
    """Make the function that reads the numbers of a row.

    Args:
        places: Of the columns in a row.
        columns: Their names.
        alone: Whether the label is one numeral, rather than one for each column.
        written: Unit and sign of decimals of each column, where they are not written plainly.

    Raises:
        DataError: By the function: a cell is blank or no finite number; all such cells of the row
            are named.
    """
    hows = written or [PLAIN] * len(places)

    def read_numbers(row: Row) -> tuple[Label, tuple[str, ...]]:
        held = [row.cells[place].strip() for place in places]
        cells = tuple(
            [
                cell if how == PLAIN else numerals.plain(cell, *how) or ""
                for cell, how in zip(held, hows, strict=True)
            ]
        )
        faults = [_fault(*found) for found in zip(cells, columns, held, hows, strict=True)]
        if any(faults):
            raise DataError(f"{row.origin}: {'; '.join(filter(None, faults))}")
        return (cells[0] if alone else cells), ()

    return read_numbers


def _fault(cell: str, column: str, written: str, how: tuple[str, str]) -> str:
    if is_number(cell) and abs(float(cell)) <= LARGEST:
        return ""
    if not written:
        return f"column {column!r} is blank, but a number was expected"
    held = f"column {column!r} holds {excerpt(written)}"
    if not cell:
        unit, decimal = how
        named = f" with the unit {unit!r}, or with none" if unit else ""
        return f"{held}; allowed: a number{named}, its decimals after {decimal!r}"
    if is_number(cell):
        return f"{held}; allowed: a number between -{LARGEST:g} and {LARGEST:g}"
    if DECIMAL.fullmatch(cell):
        point = cell.replace(",", ".")
        meant = f"({point})" if not is_torn([cell]) else f"or none: {written_plainly([cell])}"
        return f"{held}; allowed: a number with a decimal point {meant}"
    return f"{held}; allowed: a number"
