"""Cells of a label column that hold more than a name, or a part of one, become doubts.

Names in an order (`1. sport 2. politics`), names with scores (`sport: 0.8; art: 0.1`), and names
that hold the sign by which lists are parted (`Yes, always, No`).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from textune.data.columns import Column
from textune.errors import some

FEWEST = 3  # cells, below which nothing can be told
OFTEN = 10  # times that two pieces stand together, from which they may be one name by that alone
MOST = 3  # names that are shown
LONGEST = 300  # characters of a cell that is looked at
_RANK = re.compile(r"(?:^|[\s,;|])(\d)[.)]\s*(?=[^\s\d])")
_SCORED = re.compile(r"[^\s:=()][^:=()]{0,59}(?::\s?|=|\(|\s\()(?:0?\.\d+|[01](?:\.0+)?)\)?")
_PARTS = re.compile(r"[;,|\n]\s*")


def doubts(columns: Sequence[Column], separator: str | None) -> Iterator[str]:
    """Say what cells of the one label column may hold, read as classes or as lists."""
    if len(columns) != 1 or len(columns[0].cells) < FEWEST:
        return
    name, cells = columns[0].name, columns[0].cells
    if separator is None and _are_ranked(cells):
        yield (
            f"{name!r} holds names in an order ({cells[0][:60]!r}), and each whole cell is a class:"
            " keep the first name, or part them by a sign, as a;b, to learn several labels a text"
        )
    if separator == "," and (found := joined(cells)):
        named = some([*map(repr, found)], MOST)
        yield (
            f"what stands on both sides of a comma in {named} never stands apart, and is "
            "read as labels of its own; if it is one name, write it without the comma"
        )


def are_scored(cells: Sequence[str]) -> bool:
    """Tell lists of names with a number each, `sport: 0.8; art: 0.1`, from names."""
    parts = [_PARTS.split(cell) if len(cell) <= LONGEST else [] for cell in cells]
    several = sum(len(found) > 1 for found in parts)
    if 2 * several < max(1, len(cells)):
        return False
    return all(found and all(map(_SCORED.fullmatch, found)) for found in parts)


def _are_ranked(cells: Sequence[str]) -> bool:
    """Tell `1. sport 2. politics` from `1. sport` and `2. politics`, which are classes."""
    ranks = [_RANK.findall(cell[:LONGEST]) for cell in cells]
    right = all(found == [str(at + 1) for at in range(len(found))] and found for found in ranks)
    return right and 2 * sum(len(found) > 1 for found in ranks) > len(cells)


def joined(cells: Sequence[str]) -> list[str]:
    """Find names with commas, whose parts never stand apart in lists that commas part.

    Example:
        >>> joined(["Yes, always", "No", "No, Yes, always", "Yes, always, Maybe"])
        ['Yes, always']
    """
    lists = [[piece.strip() for piece in cell.split(",")] for cell in cells]
    times = Counter(piece for pieces in lists for piece in pieces)
    both = Counter(pair for pieces in lists for pair in pairwise(pieces))
    found = []
    for (one, other), count in both.items():
        is_part = one[:1].isupper() and other[:1].islower() and count >= FEWEST
        if times[one] == times[other] == count and (is_part or count >= OFTEN):
            found.append(f"{one}, {other}")
    return found
