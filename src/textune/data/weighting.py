"""A column of numbers becomes the weight of each text in the loss."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError, SettingsError, among, excerpt
from textune.records import Example, Row, Table


def without(table: Table, column: str) -> Table:
    """Leave a column out of a table, so that it is taken for neither text nor label.

    Raises:
        SettingsError: There is no such column.
    """
    if column not in table.columns:
        raise SettingsError(f"--weight {column}: no such column; {among(column, table.columns)}")
    place = table.columns.index(column)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            yield replace(row, cells=(*row.cells[:place], *row.cells[place + 1 :]))

    columns = (*table.columns[:place], *table.columns[place + 1 :])
    return replace(table, columns=columns, rows=rows)


def read(row: Row, place: int, column: str) -> float:
    """Read the weight of a row.

    Raises:
        DataError: It is no number, or below 0.
    """
    cell = row.cells[place].strip()
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        held = f"holds {excerpt(cell)}" if cell else "is blank"
        raise DataError(
            f"{row.origin}: column {column!r} {held}; allowed: the weight of the text, a number of "
            "at least 0"
        )
    return weight


def of(examples: Sequence[Example], train: NDArray[np.int64]) -> NDArray[np.float64]:
    """Collect the weights of all texts; (N,).

    Raises:
        DataError: No training text weighs anything.
    """
    found = np.asarray([example.weight for example in examples], dtype=np.float64)
    if not found[train].any():
        raise DataError("every training text weighs 0, so that nothing is learned")
    return found
