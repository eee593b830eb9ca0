"""Expressions of several words, by their numbers as PARSEME writes them, become tags in IOB2.

A cell is "*" for no expression, "1:VID" for the first word of expression 1, "1" for another one of
it, and "1:VID;2" for a word of two, of which the first is taken.
"""

import re
from collections.abc import Sequence

_CELL = re.compile(r"[*_]|\d+(:[^;:|\s]+)?(;\d+(:[^;:|\s]+)?)*")
_FIRST = re.compile(r"\d+:[^;:|\s]+")
NOTHING = "*"


def place(found: Sequence[Sequence[Sequence[str]]]) -> int | None:
    """Find the column that holds such cells, the last one; None where it holds others."""
    cells = [words[-1] for sentence in found for words in sentence]
    if not cells or not all(map(_CELL.fullmatch, cells)) or NOTHING not in cells:
        return None
    are_named = any(map(_FIRST.match, cells)) and all(map(_are_known, found))
    return len(found[0][0]) - 1 if are_named else None


def _are_known(words: Sequence[Sequence[str]]) -> bool:
    """Tell whether each number gets its kind once, and before it comes back; "0" is a root."""
    known: set[str] = set()
    for cells in words:
        for part in cells[-1].split(";") if cells[-1][0].isdigit() else ():
            number, _, kind = part.partition(":")
            if number == "0" or bool(kind) == (number in known):
                return False
            known.add(number)
    return True


def tagged(words: list[list[str]], at: int | None) -> list[list[str]]:
    """Write the cells of a column as tags; each part of an expression with a gap is one by itself.

    Example:
        >>> tagged([["He", "*"], ["took", "1:LVC"], ["part", "1"]], 1)
        [['He', 'O'], ['took', 'B-LVC'], ['part', 'I-LVC']]
    """
    if at is None:
        return words
    kinds: dict[str, str] = {}
    before, made = "", []
    for cells in words:
        number, _, kind = cells[at].partition(";")[0].partition(":")
        if kind:
            kinds[number] = kind
        tag = f"{'I' if number == before else 'B'}-{kinds[number]}" if number in kinds else "O"
        before = number if number in kinds else ""
        made.append([*cells[:at], tag, *cells[at + 1 :]])
    return made
