"""Cells of numbers become labels: one numeral, or one for each column, as they are written."""

from collections.abc import Callable, Sequence

from textune.data.columns import is_number
from textune.data.commas import DECIMAL, is_torn, written
from textune.errors import DataError, excerpt
from textune.records import Label, Row

LARGEST = 1e30  # beyond it, squares and sums leave what 32 bits can hold


def reader(
    places: Sequence[int], columns: Sequence[str], *, alone: bool
) -> Callable[[Row], tuple[Label, tuple[str, ...]]]:
    """Make the function that reads the numbers of a row.

    Args:
        places: Of the columns in a row.
        columns: Their names.
        alone: Whether the label is one numeral, rather than one for each column.

    Raises:
        DataError: By the function: a cell is blank or no finite number; all such cells of the row
            are named.
    """

    def read_numbers(row: Row) -> tuple[Label, tuple[str, ...]]:
        cells = tuple([row.cells[place].strip() for place in places])
        faults = [_fault(cell, column) for cell, column in zip(cells, columns, strict=True)]
        if any(faults):
            raise DataError(f"{row.origin}: {'; '.join(filter(None, faults))}")
        return (cells[0] if alone else cells), ()

    return read_numbers


def _fault(cell: str, column: str) -> str:
    if is_number(cell) and abs(float(cell)) <= LARGEST:
        return ""
    if not cell:
        return f"column {column!r} is blank, but a number was expected"
    held = f"column {column!r} holds {excerpt(cell)}"
    if is_number(cell):
        return f"{held}; allowed: a number between -{LARGEST:g} and {LARGEST:g}"
    if DECIMAL.fullmatch(cell):
        point = cell.replace(",", ".")
        meant = f"({point})" if not is_torn([cell]) else f"or none: {written([cell])}"
        return f"{held}; allowed: a number with a decimal point {meant}"
    return f"{held}; allowed: a number"
