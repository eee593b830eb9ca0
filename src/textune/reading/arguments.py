"""Words whose sentences have a column more for each predicate become words without these columns.

So CoNLL-2005, 2008 and 2009 and Universal PropBank write semantic roles: the last column that all
sentences have names the predicates, and behind it stand the arguments of each, in its own column.
"""

import re
from collections.abc import Sequence

NONE = ("_", "-")  # beside a word that is no predicate
SURE = 3  # sentences, from which this is no chance
_UNWRITTEN = re.compile(r"\d+[-.]\d+")  # the number of a joined word, or of one that is not there


def base(sentences: Sequence[Sequence[Sequence[str]]]) -> int:
    """Return the number of columns that all sentences have; 0 where no column tells the others.

    Args:
        sentences: Words, each with all its cells.
    """
    found = [[cells for cells in one if not _UNWRITTEN.fullmatch(cells[0])] for one in sentences]
    found = [one for one in found if one]
    widths = [{*map(len, one)} for one in found]
    if len(found) < SURE or any(len(width) > 1 for width in widths):
        return 0
    sizes = [width.pop() for width in widths]
    if len({*sizes}) < 2:
        return 0
    return next((width for width in range(min(sizes), 1, -1) if _fits(found, sizes, width)), 0)


def _fits(sentences: Sequence[Sequence[Sequence[str]]], sizes: Sequence[int], width: int) -> bool:
    """Tell whether each sentence is wider by the predicates that its last own column names."""
    return all(
        size - width == sum(cells[width - 1] not in NONE for cells in one)
        for one, size in zip(sentences, sizes, strict=True)
    )
