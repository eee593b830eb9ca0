"""Lines between sentences are told from words: blank ones, and marks that programs write there."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

_BORDERS = ("EOS", "BOS", "<s>", "</s>", "<S>", "</S>")
_BLANK, _BLANK_CELLS = " \t\r\n", " \t\r\n,;|"
_NOTHING = ("NaN", "nan")
_NO_TAGS = ("O", "o", "-", "_", "X")


def is_border(line: str, *, is_table: bool, words: Collection[str] = ()) -> bool:
    """Tell lines between sentences: blank ones, and the marks that programs write there.

    -DOCSTART- is one, MeCab's EOS, and <s> or BOS with nothing, or the tag of no entity, beside it;
    in a table a line of nothing but delimiters is blank.

    Args:
        line: Of a file.
        is_table: Whether it is one of a table.
        words: Marks that are words of this file where a tag stands beside them.
    """
    if not line.strip(_BLANK_CELLS if is_table else _BLANK) or line.startswith("-DOCSTART-"):
        return True
    if not line.startswith(_BORDERS):
        return line.strip() in _NOTHING  # as pandas writes a blank line
    first, *others = line.split()
    is_mark = first in _BORDERS and all(cell in (*_BORDERS, *_NO_TAGS) for cell in others)
    return is_mark and not (others and first in words)


def words_among(lines: Sequence[str], *, is_table: bool) -> frozenset[str]:
    """Name the marks that are words of a file, as EOS is one of cameras.

    They stand amid sentences that blank lines part, more often than at their ends.

    Args:
        lines: The beginning of the file.
        is_table: Whether they are of a table.
    """
    edges, inside = Counter[str](), Counter[str]()
    are_borders = [is_border(line, is_table=is_table) for line in lines]
    blank = [not line.strip(_BLANK) for line in lines]
    for at, line in enumerate(lines):
        first, *others = line.split() or [""]
        if not (are_borders[at] and others and first in _BORDERS):
            continue
        is_edge = at in (0, len(lines) - 1) or are_borders[at - 1] or are_borders[at + 1]
        (edges if is_edge else inside)[first] += 1
    is_parted = any(one and not two for one, two in pairwise(blank))
    return frozenset(name for name in inside if is_parted and inside[name] > edges[name])
