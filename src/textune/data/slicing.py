"""Cells of a column become slices: groups of rows of like value, that are judged apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data import missing
from textune.data.names import columns_meant
from textune.data.numerals import is_number
from textune.errors import SettingsError, among
from textune.records import Example, Table

MOST = 20  # values that are slices of their own; the others are one together
BINS = 4  # into which numbers are cut, each with as many rows
FEWEST = 10  # different numbers; of fewer each is a slice of its own
DIGITS = 10  # of a number that is shown: seconds since 1970 have so many


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of like value."""

    name: str  # as it is shown
    rows: NDArray[np.int64]
    values: int = 1  # different ones
    kind: str = "value"  # "range" of numbers, "other" values than the most frequent, "missing"


def require(
    table: Table, columns: Sequence[str], texts: Sequence[str], labels: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the columns of a table that are meant; some may have been parted at their commas.

    Args:
        table: Of the texts that are judged.
        columns: As they were given.
        texts: The column of the texts; of pairs both, one of which many rows may share.
        labels: The column of the labels, where a text has one, and it is a name.

    Raises:
        SettingsError: There is no such column, or it holds the texts, or their labels.
    """
    meant = columns_meant(columns, table.columns)
    for name in meant:
        if name not in table.columns:
            raise SettingsError(
                f"--by {name}: {table.name} has no such column; {among(name, table.columns)}"
            )
        if [*texts] == [name]:
            raise SettingsError(
                f"--by {name}: the column of {table.name} holds the texts themselves, and each "
                "would be a slice of its own; name a column whose values many texts share"
            )
        if name in labels:
            raise SettingsError(
                f"--by {name}: the column of {table.name} holds the labels themselves, and a slice "
                "of one label has no score but its recall, which stands among the numbers of each "
                "label; name another column"
            )
    return meant


def cells(
    tables: Iterable[Table], columns: Sequence[str], examples: Sequence[Example]
) -> dict[str, list[str]]:
    """Return the cells of some columns beside some texts; "" where a text has none.

    Args:
        tables: In which these texts stand; one without a column has no values of it.
        columns: Their names; of none no table is read.
        examples: The texts.
    """
    origins = [item.origin for item in examples]
    wanted = {column: dict.fromkeys(origins, "") for column in columns}
    for table in tables:
        known = {name: table.columns.index(name) for name in wanted if name in table.columns}
        for row in table.rows() if known else ():
            for name, place in known.items():
                if row.origin in wanted[name]:
                    wanted[name][row.origin] = row.cells[place].strip()
    return {name: [found[origin] for origin in origins] for name, found in wanted.items()}


def parted(found: Sequence[str]) -> list[Slice]:
    """Part rows by their cells: those with the most rows first, missing values last.

    Numbers of many values are cut at their quantiles, the lowest first; of many names the most
    frequent are slices of their own and the others one together.

    Example:
        >>> [(one.name, len(one.rows)) for one in parted(["web", "shop", "web", ""])]
        [('web', 2), ('shop', 1), ('missing', 1)]
    """
    counts = Counter(filter(None, found))
    nothing = missing.of(counts).keys() | {""}
    known = {cell: n for cell, n in counts.items() if cell not in nothing}
    is_missing = np.asarray([cell in nothing for cell in found], dtype=bool)
    if all(map(is_number, known)) and len(set(map(float, known))) >= FEWEST:
        slices = _of_numbers(found, ~is_missing)
    else:
        slices = _of_names(found, known)
    if is_missing.any():
        slices.append(Slice("missing", np.flatnonzero(is_missing), 0, "missing"))
    return slices


def _of_names(found: Sequence[str], counts: dict[str, int]) -> list[Slice]:
    order = sorted(counts, key=lambda cell: (-counts[cell], cell))
    most = MOST if len(order) > MOST + 1 else len(order)
    places: dict[str, list[int]] = {cell: [] for cell in order}
    for row, cell in enumerate(found):
        if cell in places:
            places[cell].append(row)
    slices = [Slice(cell, np.asarray(places[cell], dtype=np.int64)) for cell in order[:most]]
    if rest := order[most:]:
        rows = np.sort(np.asarray([row for cell in rest for row in places[cell]], dtype=np.int64))
        slices.append(Slice(f"{len(rest):,} other values", rows, len(rest), "other"))
    return slices


def _of_numbers(found: Sequence[str], is_known: NDArray[np.bool_]) -> list[Slice]:
    rows = np.flatnonzero(is_known)
    values = np.asarray([float(found[row]) for row in rows.tolist()])
    inner = np.quantile(values, np.arange(1, BINS) / BINS, method="higher")
    least = values.min()  # where a quarter of the rows have it, it is a slice of its own
    inner = np.where(inner == least, values[values > least].min(), inner)
    edges = np.unique(inner)
    bins = np.searchsorted(edges, values, side="right")
    slices = []
    for number in np.unique(bins).tolist():
        mine = bins == number
        low, high = values[mine].min(), values[mine].max()
        name = f"{low:.{DIGITS}g} to {high:.{DIGITS}g}" if low < high else f"{low:.{DIGITS}g}"
        slices.append(Slice(name, rows[mine], len(np.unique(values[mine])), "range"))
    return slices
