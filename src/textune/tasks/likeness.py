"""Columns of a file become those that are like the texts of a training, or hold its labels."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, permutations
from math import log

from textune.data.columns import NUMBER, Column
from textune.data.numerals import is_number
from textune.records import OUTSIDE, Look
from textune.tasks.tags import schemes, word_lists

SINGLE = 1.5  # words a cell, below which cells hold single ones
TIMES = 4  # by which the mean of words may differ from that of the training
FARTHER = 2.5  # by which it must differ more, for a column to be told from another one
NO_TEXT = frozenset(["empty", "flags", NUMBER, "date", "link", "parse", "record", "decimal"])
CODES = frozenset(["id", "split"])
KNOWN = 0.95  # share of cells that are labels which a model knows, in a column of labels
MARK = " (textune)"  # behind names that were taken when textune wrote a table
ANSWERS = {"decision": ("p(", "uncertainty"), "suggested": ("p suggested",)}  # what stands beside
SIGNS = re.compile("[;,|]")  # between several labels of a text
MOST = 12  # columns among which those of a pair are looked for


def fits(column: Column, look: Look) -> bool:
    """Tell whether a column could hold the texts of a training."""
    if is_odd_look(look):
        return not is_empty(column)
    return not is_no_text(column) and _distance(column, look) <= log(TIMES)


def is_no_text(column: Column) -> bool:
    """Tell whether a column holds numbers, dates, codes or the like, and no text."""
    if column.kind in NO_TEXT | CODES:
        return True
    return bool(column.cells) and all(map(is_number, column.cells))


def is_empty(column: Column) -> bool:
    """Tell whether a column has nothing but blank cells."""
    return not column.cells


def is_odd_look(look: Look) -> bool:
    """Tell whether the texts of the training were themselves numbers, codes or the like."""
    return look.kind in NO_TEXT | CODES


def is_far(column: Column, look: Look, others: Sequence[Column]) -> bool:
    """Tell whether a column is far less like the texts of a training than another one is."""
    if is_odd_look(look) or not others:
        return False
    is_short = column.words < SINGLE and look.words >= TIMES * SINGLE
    return is_no_text(column) or is_short


def answers(columns: Collection[str]) -> list[str]:
    """Name the columns of a file in which textune itself wrote what a model answers.

    They are known by what it wrote beside them: probabilities, or how unsure the model is.
    """
    bare = {name: name.replace(MARK, "") for name in columns}
    return [
        name
        for name, own in bare.items()
        if (beside := ANSWERS.get(own)) and any(each.startswith(beside) for each in bare.values())
    ]


def is_of_labels(column: Column, labels: Sequence[str]) -> bool:
    """Tell whether the cells of a column are labels that a model knows, or lists of them."""
    known = set(labels)
    if not known or not column.cells:
        return False
    if sum(_are_known(cell, known) for cell in column.cells) >= KNOWN * len(column.cells):
        return True
    kinds = {schemes.type_of(label) for label in labels} - {None}
    lists = [word_lists.read_list(cell) for cell in column.cells[:100] if cell.startswith("[")]
    items = [item for found in lists for item in found or ()]
    sound = sum(item in (*known, OUTSIDE) or schemes.type_of(item) in kinds for item in items)
    return bool(items) and sound >= KNOWN * len(items)


def has_some(column: Column, labels: Sequence[str]) -> bool:
    """Tell whether any cell of a column is a label that a model knows."""
    known = set(labels)
    return any(_are_known(cell, known) for cell in column.cells)


def _are_known(cell: str, known: Collection[str]) -> bool:
    """Tell whether a cell is a label, or several with signs between them."""
    return cell.strip() in known or all(one.strip() in known for one in SIGNS.split(cell))


def described(column: Column) -> str:
    """Say briefly what a column holds."""
    if not column.cells:
        return "blank cells"
    first = column.cells[0][:24]
    if all(map(is_number, column.cells)):
        return f"numbers such as {first!r}"
    return f"{column.words:.0f} words a cell, such as {first!r}"


def assign(
    here: Sequence[str | None],
    looks: Sequence[Look],
    free: Sequence[Column],
    *,
    in_order: bool = False,
) -> tuple[str, ...] | None:
    """Choose columns for the texts that are not known by name; None where that is not clear.

    Args:
        here: Names of those that are known.
        looks: Of all of them, in the training.
        free: Columns among which to choose.
        in_order: Whether the order in which they stand is that of the training.
    """
    missing = [look for name, look in zip(here, looks, strict=True) if name is None]
    ranked = sorted(_ways(missing, free, in_order=in_order), key=lambda way: way[0])
    if not ranked:
        return None
    if len(ranked) > 1 and ranked[1][0] - ranked[0][0] < log(FARTHER):
        return None
    chosen = iter(ranked[0][1])
    return tuple(next(chosen) if name is None else name for name in here)


def _ways(
    missing: Sequence[Look], free: Sequence[Column], *, in_order: bool
) -> Iterator[tuple[float, list[str]]]:
    """Yield each choice that fits, and how far its columns are from the training's."""
    able = [column for column in free if any(fits(column, look) for look in missing)][:MOST]
    choices = combinations if in_order else permutations
    for way in choices(able, len(missing)):
        if all(fits(column, look) for column, look in zip(way, missing, strict=True)):
            far = sum(_distance(column, look) for column, look in zip(way, missing, strict=True))
            yield far, [column.name for column in way]


def _distance(column: Column, look: Look) -> float:
    """Return how much the mean of words differs, as the logarithm of a ratio."""
    if not look.words:  # nothing is known of the training
        return 0.0 if column.words >= 2 else log(TIMES) + 1
    return abs(log((column.words + 1) / (look.words + 1)))
