"""Numbers in one file become a contract that reads their decimals as this file writes them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice

from textune.data import numerals
from textune.data.commas import DECIMAL_OR_WHOLE, is_torn
from textune.data.numerals import PLAIN, is_number
from textune.records import Contract, Table

COMMA = ("", ",")  # no unit, decimals after a comma
READ = 10_000  # rows that are looked at


def of_file(contract: Contract, table: Table, labels: Collection[str] = ()) -> Contract:
    """Read decimals after the other sign, where a file's numbers can be read by that alone.

    Args:
        contract: Of the training.
        table: The file.
        labels: That the model knows: the names of the columns.
    """
    if not set(contract.label) <= set(table.columns):
        return contract
    places = [table.columns.index(name) for name in contract.label]
    rows = [[row.cells[place].strip() for place in places] for row in islice(table.rows(), READ)]
    agreed = contract.numerals or (PLAIN,) * len(places)
    own = tuple(
        _own(cells, how) for cells, how in zip(zip(*rows, strict=True), agreed, strict=True)
    )
    other = [
        name for name, *both in zip(contract.label, own, agreed, strict=True) if len({*both}) > 1
    ]
    if not other:
        return contract
    said = f"decimals of {', '.join(map(repr, other))} are read as this file writes them"
    return replace(contract, numerals=own, reasons=(*contract.reasons, said))


def _own(cells: Sequence[str], how: tuple[str, str]) -> tuple[str, str]:
    """Return how a column's numbers are written, where it is not as agreed."""
    held = [cell for cell in cells if cell]
    if how == COMMA and all(map(is_number, held)):
        return how if all(numerals.plain(cell, *how) for cell in held) else PLAIN
    if how == PLAIN and held and all(map(DECIMAL_OR_WHOLE.fullmatch, held)):
        return how if all(map(is_number, held)) or is_torn(held) else COMMA
    return how
