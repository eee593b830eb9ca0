"""Labels in one file become a contract that takes 1.0 for 1, and TRUE for True, as in training."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from textune.records import Contract, Table
from textune.tasks import merging

READ = 10_000  # rows that are looked at
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,20})(\.\d{1,20})?")  # 007 is a code
_TRUTHS = {"true": "1", "false": "0"}


def of_file(contract: Contract, table: Table, labels: Collection[str] = ()) -> Contract:
    """Take labels that training never saw for those of the same value.

    Programs write numbers as 1.0 where a column has gaps, and each writes what is true otherwise.

    Args:
        contract: Of the training.
        table: The file.
        labels: That the model knows.
    """
    if contract.form != "name" or contract.separator is not None or not labels:
        return contract
    (cells,) = held(table, contract.label) or ((),)
    return told(contract, same(cells, {*labels, *dict(contract.merged)}, labels))


def held(table: Table, columns: Collection[str]) -> list[list[str]]:
    """Return the different cells of each of some columns; nothing where one is not there."""
    if not set(columns) <= set(table.columns):
        return []
    places = [table.columns.index(name) for name in columns]
    found: list[set[str]] = [set() for _ in places]
    for row in islice(table.rows(), READ):
        for place, cells in zip(places, found, strict=True):
            cells.add(row.cells[place].strip())
    return [sorted(cells) for cells in found]


def same(cells: Iterable[str], known: Collection[str], labels: Collection[str]) -> merging.Pairs:
    """Name cells that are not known, each with the one label that has its value.

    Example:
        >>> same(["0.0", "1", "7.0"], {"0", "1"}, ["0", "1"]), same(["TRUE"], {"1"}, ["0", "1"])
        ((('0.0', '0'),), (('TRUE', '1'),))
    """
    named: dict[str, str] = {}
    times = Counter(map(value, labels))
    is_truth = set(times) == {"0", "1"}
    for label in labels:
        if times[value(label)] == 1:
            named[value(label)] = label
    return tuple(
        (cell, named[value(cell)])
        for cell in cells
        if cell not in known
        and value(cell) in named
        and (is_truth or _NUMBER.fullmatch(cell) is not None)
    )


def told(contract: Contract, found: merging.Pairs) -> Contract:
    """Return a contract that takes labels for others, and says so."""
    if not found:
        return contract
    said = f"labels of the same value are read as in training: {merging.shown(found)}"
    merged = (*contract.merged, *found)
    return replace(contract, merged=merged, reasons=(*contract.reasons, said))


def value(label: str) -> str:
    """Return what labels of the same value have in common; a label itself where it has none.

    Example:
        >>> value("1.0"), value("True"), value("2.50"), value("01"), value("good")
        ('1', '1', '2.5', '01', 'good')
    """
    if _NUMBER.fullmatch(label) is None:
        return _TRUTHS.get(label.lower(), label)
    plain = format(Decimal(label), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain
