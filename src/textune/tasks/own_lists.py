"""Lists of labels in one file become a contract that parts them as this file does."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from itertools import islice

from textune.data import lists
from textune.records import Contract, Table

FORMS = ("json", *lists.SEPARATORS)  # that may stand for each other
READ = 10_000  # rows that are looked at


def of_file(contract: Contract, table: Table, labels: Collection[str] = ()) -> Contract:
    """Part a file's lists by the sign by which more of them hold known labels alone.

    Args:
        contract: Of the training.
        table: The file.
        labels: That the model knows.
    """
    if contract.form != "list" or contract.separator not in FORMS or not labels:
        return contract
    if contract.label[0] not in table.columns:
        return contract
    place, known = table.columns.index(contract.label[0]), frozenset(labels)
    cells = Counter(row.cells[place].strip() for row in islice(table.rows(), READ))
    sound = {sign: _sound(cells, sign, known) for sign in (contract.separator, *FORMS)}
    best = max(sound, key=lambda sign: sound[sign])
    if sound[best] == sound[contract.separator]:
        return contract
    here, there = map(lists.described, (best, contract.separator))
    said = f"{contract.label[0]!r} holds lists {here}, in training {there}: they are read so"
    return replace(contract, separator=best, reasons=(*contract.reasons, said))


def _sound(cells: Counter[str], sign: str, known: frozenset[str]) -> int:
    """Count the cells that hold known labels alone, parted by a sign."""
    found = ((lists.parse(cell, sign), count) for cell, count in cells.items())
    return sum(count for names, count in found if names and known >= set(names))
