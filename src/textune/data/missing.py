"""Cells become those that hold no value: what programs write for a cell that was empty."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Self

from textune.data.numerals import is_number
from textune.metrics.one_label import is_blank
from textune.records import Contract, Row, Table

EMPTY = frozenset(
    [
        *("nan", "NaN", "NAN", "<NA>", "NaT", "null", "NULL", "(null)", "\\N"),
        *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!"),
    ]
)
"""Written by pandas, Excel and data bases, and by nobody who means a word."""
UNLABELLED = frozenset(
    ["unlabeled", "unlabelled", "not labeled", "not labelled", "no label", "not annotated"]
)
"""Cells of a label column, in lower case, which say that there is no label."""
ASKED = frozenset(
    [
        *("na", "n/a", "n.a.", "none", "nil", "?", "??", "-", "--", ".", "unknown", "undefined"),
        *("missing", "not available", "not applicable", "no answer", "blank", "empty", "tbd"),
    ]
)
"""Cells, in lower case, that may say so; among numbers they do."""
FEWEST = 2  # different values besides, for which a column can be told from one of names


def of(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the cells of a column that stand for no value, and how often each does.

    Args:
        counts: The different cells of a column, blank ones aside, and how often each stands.

    Example:
        >>> of({"4": 3, "5": 7, "NA": 2})
        {'NA': 2}
        >>> of({"France": 3, "Namibia": 7, "NA": 2})
        {}
    """
    held = {cell for cell in counts if cell not in EMPTY}
    if len(held) < FEWEST:
        return {}
    able = {cell for cell in held if cell.lower() in ASKED}
    numbers = held - able
    if not (able and len(numbers) >= FEWEST and all(map(is_number, numbers))):
        able = set()
    return {cell: count for cell, count in counts.items() if cell in able or cell not in held}


class Gaps:
    """Collects the cells of faulty rows that stand for no label, of a table's label columns.

    Args:
        places: Of the label columns.
        columns: Their names.
    """

    def __init__(self, places: Sequence[int], columns: Sequence[str]) -> None:
        self._places, self._columns = tuple(places), tuple(columns)
        self._found: dict[tuple[str, str], None] = {}  # a set in order of appearance
        self._always: set[tuple[str, str]] | None = None  # those that stand in every such row

    @classmethod
    def of(cls, table: Table, contract: Contract) -> Self | None:
        """Make one for a table; None where its labels are classes of several columns, or none."""
        are_marks = contract.form == "columns"
        is_one = len(contract.label) == 1 or are_marks
        if not (is_one and contract.label) or not {*contract.label} <= {*table.columns}:
            return None
        return cls([table.columns.index(name) for name in contract.label], contract.label)

    def add(self, row: Row) -> None:
        """Take a faulty row into account."""
        held: dict[tuple[str, str], None] = {}
        for place, column in zip(self._places, self._columns, strict=True):
            cell = row.cells[place].strip()
            if is_blank(cell):
                held[column, ""] = None
            elif cell in EMPTY or cell.lower() in ASKED:
                held[column, cell] = None
        self._found |= held
        if held:
            self._always = {*held} if self._always is None else self._always & held.keys()

    def way_out(self) -> str:
        """Name the options that leave such rows out; "" where there is none."""
        found = list(self._found)
        if len(self._columns) > 1 and self._always:  # one column is enough
            found = [gap for gap in found if gap in self._always][:1]
        skips = [f"--skip {shlex.quote(f'{column}={cell}')}" for column, cell in found]
        return f"or only those without a label: `{' '.join(skips)}`" if skips else ""


def may_be(cell: str, others: list[str]) -> bool:
    """Tell whether a label may stand for none; a word written as all others are is one of them."""
    if cell.lower() not in ASKED:
        return False
    return not (cell.isalpha() and len(cell) > 2 and all(_style(cell) == _style(o) for o in others))


def says_none(cell: str) -> bool:
    """Tell whether a cell of a label column says in words that there is no label."""
    return cell.lower() in UNLABELLED


def _style(word: str) -> tuple[bool, bool]:
    return word.islower(), word.isupper()
