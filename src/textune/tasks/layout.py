"""A file that a model is asked about, beside the contract of its training: the same columns?

Columns without names go by their place. A file with a column more in front, as the numbers of words
in CoNLL, is recognised by what it holds; one whose text column holds no text is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from textune.data.numerals import is_number
from textune.errors import DataError
from textune.records import Contract, Row, Table
from textune.tasks.tags import schemes, word_lists

SAMPLE = 200  # rows that are looked at
MOSTLY = 0.9
COUNTED = "after its number"  # what a contract says of words whose line begins with their number


def fitted(table: Table, contract: Contract) -> Contract:
    """Return the contract by which a file is to be read for a model.

    Args:
        table: The file; its first rows are read.
        contract: That of the training, where nobody named other columns.

    Raises:
        DataError: What should be the text is none, while another column may be.
    """
    if table.has_header or not all(name.isdecimal() for name in contract.text):
        return contract
    if contract.text[0] not in table.columns:
        return contract
    sample = list(islice(table.rows(), SAMPLE))
    if table.format == "conll":
        contract = _of_words(table, contract, sample)
        _refuse_tags(table, contract, sample)
    elif contract.form not in ("words", "spans"):
        for name in contract.text:
            _refuse_numbers(table, name, sample)
    return contract


def _of_words(table: Table, contract: Contract, sample: Sequence[Row]) -> Contract:
    """Move the columns where words are numbered in one of the two files only."""
    first = [word_lists.read_list(row.cells[0]) or [] for row in sample]
    is_counted = len(table.columns) > 1 and word_lists.are_counts(first)
    was_counted = any(COUNTED in reason for reason in contract.reasons)
    if is_counted and contract.text == ("1",):
        return _moved(contract, table.columns, 1)
    if was_counted and not is_counted and contract.text == ("2",):
        return _moved(contract, table.columns, -1)
    return contract


def _moved(contract: Contract, columns: Sequence[str], by: int) -> Contract:
    places = {str(n + 1): str(n + 1 + by) for n in range(len(columns) + abs(by))}
    text = tuple(places.get(name, name) for name in contract.text)
    label = tuple(places.get(name, name) for name in contract.label)
    return replace(contract, text=text, label=label)


def _refuse_tags(table: Table, contract: Contract, sample: Sequence[Row]) -> None:
    """Refuse tags where words are expected."""
    place = table.columns.index(contract.text[0])
    items = [word_lists.read_list(row.cells[place]) or [] for row in sample]
    every = [item for row in items for item in row]
    marked = sum(item == "O" or schemes.type_of(item) is not None for item in every)
    if every and marked >= MOSTLY * len(every) and any(map(schemes.type_of, every)):
        raise _other(table, contract.text[0], f"tags such as {every[0]!r}")
    if every and len(table.columns) > 1 and sum(map(is_number, every)) >= MOSTLY * len(every):
        raise _other(table, contract.text[0], f"numbers such as {every[0]!r}")


def _refuse_numbers(table: Table, name: str, sample: Sequence[Row]) -> None:
    """Refuse numbers where texts are expected, and another column has them."""
    place = table.columns.index(name) if name in table.columns else None
    if place is None or len(table.columns) < 2:
        return
    cells = [row.cells[place].strip() for row in sample if row.cells[place].strip()]
    if cells and sum(map(is_number, cells)) >= MOSTLY * len(cells):
        raise _other(table, name, f"numbers such as {cells[0]!r}")


def _other(table: Table, name: str, held: str) -> DataError:
    listed = ", ".join(table.columns[:8])
    return DataError(
        f"{table.name}: column {name}, which held the text in training, holds {held} here: the "
        f"columns stand differently; name that of the text with --text (one of {listed})"
    )
