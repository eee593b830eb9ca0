"""A file without the label columns of a contract becomes a word on how else it holds its labels."""

from collections.abc import Iterator
from itertools import islice

from textune.data.columns import flag
from textune.records import Contract, Row, Table
from textune.tasks import likeness

ROWS = 200  # that are looked at
SHOWN = 4  # columns that are named
SCORED = (0, 1)


def remedy(table: Table, contract: Contract) -> str:
    """Say how a file would hold the labels as the training file did; nothing where none are seen.

    Several labels a text stand in a list, or have a column of 0 and 1 each.

    Args:
        table: Which lacks a label column.
        contract: Of the training.
    """
    passed = {*contract.text, *likeness.answers(table.columns)}
    free = [name for name in table.columns if name not in passed]
    if contract.form == "columns":
        return _in_columns(table, contract, free)
    if contract.form == "list" and contract.separator != "vector":
        return _in_a_list(table, contract, free)
    return ""


def _in_columns(table: Table, contract: Contract, free: list[str]) -> str:
    """Say which column is a list of names that have columns of their own by the contract."""
    known = {name.strip().lower() for name in contract.label}
    for name in free:
        place = table.columns.index(name)
        cells = [row.cells[place].lower() for row in _some(table)]
        named = [cell for cell in cells if cell.strip()]
        if named and all(any(label in cell for label in known) for cell in named):
            return (
                f"{name!r} holds names of labels, and the model was trained on a column of 0 and 1 "
                f"for each ({_listed(contract.label)}): write these columns in place of {name!r}"
            )
    return ""


def _in_a_list(table: Table, contract: Contract, free: list[str]) -> str:
    """Say which columns are 0 and 1, where the contract has names in one column."""
    rows = list(_some(table))
    flags = [
        name
        for name in free
        if (seen := {flag(row.cells[table.columns.index(name)]) for row in rows})
        and seen & {*SCORED}
        and seen <= {*SCORED, -1}
    ]
    if len(flags) < 2:
        return ""
    parted = "as a JSON list" if contract.separator in ("json", "mixed") else "parted by "
    parted += "" if parted.startswith("as") else repr(contract.separator)
    return (
        f"{_listed(flags)} hold 0 and 1, and the model was trained on names of labels in one "
        f"column: write a column {contract.label[0]!r} in their place, in each row the names of "
        f"those that are 1, {parted}"
    )


def _some(table: Table) -> Iterator[Row]:
    return islice(table.rows(), ROWS)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
