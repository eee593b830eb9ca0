"""Rows with a text, or a pair of them, become Examples with labels of the whole text."""

from collections.abc import Callable, Sequence

from textune.data.columns import flag
from textune.errors import DataError, excerpt
from textune.records import Contract, Example, Label, Row, Table
from textune.tasks.kind import Places, ToExample

Marked = tuple[Label | None, tuple[str, ...]]  # label, and the labels that were not scored
ReadLabel = Callable[[Row], Marked]
BLANK = "is blank, but a label was expected"


def reader(places: Places, to_reader: Callable[[Sequence[int]], ReadLabel]) -> ToExample:
    """Make the function that turns a row into an Example.

    Args:
        places: Of its columns; an Example has no label where there is no column for it.
        to_reader: Makes what reads the label of a row, given the places of its columns.
    """
    first, *others = places.texts
    group = places.group
    read_label = to_reader(places.labels) if places.labels else _no_label

    def to_example(row: Row) -> Example:
        label, unscored = read_label(row)
        return Example(
            text=row.cells[first],
            origin=row.origin,
            pair=row.cells[others[0]] if others else None,
            label=label,
            unscored=unscored,
            group=None if group is None else row.cells[group],
        )

    return to_example


def read_plain(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a text without labels."""
    return reader(places, lambda labels: _no_label)


def marks(places: Sequence[int], columns: Sequence[str]) -> ReadLabel:
    """Make the reader of columns of 0 and 1, one for each label, -1 where it is not scored."""
    both = tuple(zip(places, columns, strict=True))

    def read_marks(row: Row) -> Marked:
        labels: list[str] = []
        unscored: list[str] = []
        for place, column in both:
            cell = row.cells[place]
            if cell == "0":  # by far the most frequent
                continue
            mark = flag(cell)
            if mark is None:
                held = f"holds {excerpt(cell)}" if cell.strip() else "is blank"
                raise DataError(
                    f"{row.origin}: column {column!r} {held}; "
                    "allowed: 0 or 1 (true/false, yes/no), or -1 for not scored"
                )
            if mark:
                (labels if mark == 1 else unscored).append(column)
        return None if len(unscored) == len(both) else tuple(labels), tuple(unscored)

    return read_marks


def _no_label(row: Row) -> Marked:
    return None, ()
