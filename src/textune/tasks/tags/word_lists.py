"""Cells become lists of words or of tags, and columns of them what they could be."""

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textune.data import names
from textune.data.columns import Column
from textune.data.numerals import is_number
from textune.records import Row
from textune.tasks.tags import schemes

MOST = 0.5  # share of rows that must be of a form, to believe in it: the others are faults
NEARLY_ALL = 0.9  # the same, where neither tags nor names say what the lists are
MANY = 4  # words a row, from which lists are sentences whatever they are called
WORDS = frozenset(["form", "forms", "sentence", "text", "token", "tokens", "word", "words"])
GUESSED = frozenset(
    ["pred", "predicted", "prediction", "predictions", "suggested", "suggestion", "suggestions"]
)
TAGS: Mapping[str, int] = {
    **dict.fromkeys(("ner", "entity", "entities"), 3),
    **dict.fromkeys(("tag", "tags", "label", "labels", "bio", "iob", "slots"), 2),
    **dict.fromkeys(("chunk", "chunks", "pos", "upos", "xpos"), 1),
}

NOTHING = "None"
_ITEM = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?\d[\d.eE+-]*|None\b""", re.DOTALL)
_FEATURES = re.compile(r"[^\W\d][^\s=|]*=[^=|]+(\|[^\s=|]+=[^=|]+)*")  # SpaceAfter=No|Lang=de
_GAP = re.compile(r"\s*(,?)\s*")


@dataclass(frozen=True, slots=True)
class Lists:
    """A column that holds a list in nearly every row; None where a row holds none."""

    column: Column
    rows: list[list[str] | None]

    @property
    def items(self) -> list[str]:
        """Return all words, or all tags."""
        return [item for found in self.rows for item in found or ()]

    @property
    def census(self) -> schemes.Census:
        """Count the tags, for their scheme."""
        counted = schemes.Census()
        for tags in self.rows:
            counted.add(tags or ())
        return counted


def read_list(cell: str) -> list[str] | None:
    """Read a list of words or tags, as JSON, Python or numpy write it; None where it is none.

    Numbers stay as they are written, null and None are "". A blank cell is an empty list.

    Example:
        >>> read_list('["EU", "rejects", 7.50]')
        ['EU', 'rejects', '7.50']
        >>> read_list("['EU' 'rejects']")
        ['EU', 'rejects']
    """
    cell = cell.strip()
    if not cell:
        return []
    if cell[0] + cell[-1] != "[]":
        return None
    try:
        found = json.loads(cell, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return _printed(cell[1:-1].strip())
    if not isinstance(found, list) or not all(
        item is None or isinstance(item, str) for item in found
    ):
        return None
    return [item or "" for item in found]


def are_counts(found: Sequence[Sequence[str]]) -> bool:
    """Tell numbers of words, 0, 1, 2, … or 1, 2, 3, … in every sentence, from other lists."""
    if not any(found):
        return False
    return any(
        all(list(row) == [str(place + begin) for place in range(len(row))] for row in found)
        for begin in (0, 1)
    )


def lists_of(column: Column, sample: Sequence[Row]) -> Lists:
    """Read the lists of a column."""
    return Lists(column, [read_list(row.cells[column.place]) for row in sample])


def is_listed(column: Column, sample: Sequence[Row], signs: str) -> bool:
    """Tell by the first sign of the cells whether it is worth reading them."""
    if not any(cell[:1] in signs for cell in column.cells):
        return False
    cells = [row.cells[column.place].lstrip()[:1] for row in sample]
    cells = [sign for sign in cells if sign]
    return bool(cells) and sum(sign in signs for sign in cells) >= MOST * len(cells)


def are_lists(found: Lists) -> bool:
    """Tell whether most cells hold a list, and some list an item."""
    sound = sum(items is not None for items in found.rows)
    return sound >= MOST * len(found.rows) and bool(found.items)


def is_full(found: Lists) -> bool:
    """Tell whether a column holds more than the marks for nothing."""
    return bool({*map(str.strip, found.items)} - {"", "_"})


def are_features(found: Lists) -> bool:
    """Tell features of words, as CoNLL-U writes Case=Nom or SpaceAfter=No, from marks of entities.

    Marks may be written so too: PER=B.
    """
    names = {*map(str.strip, found.items)} - {"", "_", "O"}
    return bool(names) and all(
        _FEATURES.fullmatch(name) and schemes.type_of(name) is None for name in names
    )


def fit(words: Lists, tags: Lists, *, named: bool) -> bool:
    """Tell whether two columns have as many items in most rows, and one could be words.

    Where names say that they are words, and marks of entities that they are tags, all rows may be
    at fault.
    """
    is_odd = sum(map(is_number, words.items)) > len(words.items) / 2
    is_odd = is_odd or (rank(words.column) > 0 and not _is_of_words(words.column))
    if not named and is_odd:
        return False
    return _alike(words, tags) >= MOST or (_is_of_words(words.column) and _are_marks(tags))


def are_tags(words: Lists, tags: Lists) -> bool:
    """Tell tags of words from any two lists of equal lengths."""
    if _are_marks(tags):
        return schemes.recognise(row or () for row in words.rows) == "plain"
    if _is_of_words(words.column) and rank(tags.column):
        return True
    return (
        len(words.items) >= MANY * len(words.rows)
        and len(set(tags.items)) < len(set(words.items))
        and not any(map(_is_decimal, tags.items))
        and _alike(words, tags) >= NEARLY_ALL
    )


def likely(words: Lists, tags: Lists) -> tuple[object, ...]:
    """Weigh a pair against others: the names, the scheme, then the content."""
    scheme = tags.census.scheme()
    return (
        _is_of_words(words.column),
        scheme != "plain",
        len(set(tags.items)) > 1,
        not all(map(is_number, tags.items)),
        rank(tags.column),
        len(set(words.items)),
        -words.column.place,
    )


def rank(column: Column) -> int:
    """Weigh how much the name of a column says that it holds tags, 0 to 3; -1 of a model's."""
    parts = names.parts(column.name)
    if GUESSED.intersection(parts):
        return -1
    return max((TAGS.get(part, 0) for part in parts), default=0)


def _are_marks(tags: Lists) -> bool:
    found = tags.census.notation()
    return found is not None and any(found.parts(tag) for tag in set(tags.items))


def _alike(words: Lists, tags: Lists) -> float:
    """Return the share of rows in which two columns have as many items."""
    pairs = zip(words.rows, tags.rows, strict=True)
    both = [(one, two) for one, two in pairs if one is not None and two is not None]
    return sum(len(one) == len(two) for one, two in both) / max(1, len(both))


def _is_decimal(item: str) -> bool:
    return is_number(item) and "." in item


def _is_of_words(column: Column) -> bool:
    return bool(WORDS.intersection(names.parts(column.name)))


def _printed(inside: str) -> list[str] | None:
    """Read the inside of a list as Python or numpy print it: commas throughout, or none."""
    found: list[str] = []
    gaps: set[str] = set()
    at = 0
    while at < len(inside):
        item = _ITEM.match(inside, at)
        gap = _GAP.match(inside, item.end()) if item else None
        if item is None or gap is None:
            return None
        at = gap.end()
        if at < len(inside):
            if not gap[0]:
                return None
            gaps.add(gap[1])
        quoted = item[0][0] in "'\""
        found.append(_unquoted(item[0]) if quoted else "" if item[0] == NOTHING else item[0])
    return found if len(gaps) <= 1 else None


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text[1:-1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of escapes that it does not know
            return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):  # half an escape, or a line end inside
        return text[1:-1]


def kinds(found: Lists) -> set[str]:
    """Name the types of a column of tags."""
    return {kind for tag in found.items if (kind := schemes.type_of(tag))}
