"""Columns of few values that say something else of a text than its label: what tells them."""

import re
from collections.abc import Sequence

from textune.data import names
from textune.data.columns import Column
from textune.data.countries import COUNTRIES
from textune.data.numerals import is_number

MOST_NAMES = 30  # classes, from which names may be anything that is spoken of
PIECES = 0.8  # share of cells that stand in their text: sampled ones are shortened
EACH = 10  # rows of a name: names of brands in titles may be what is to be told
FEW_EACH = 5  # rows of a word, below which it is one of a list of words
MOST_CODES = 300  # different numbers, from which they are hardly those of classes
WORD = 3  # signs of a word that is no letter of a, b, c
FEWEST = 4  # different countries
_FILE = re.compile(r"(?:[a-z]+://\S+|[^\s/]*/\S*\.[A-Za-z]\w{1,4})")


def penalty(column: Column, texts: Sequence[Column], named: float) -> float:
    """Weigh what tells that a column is no label: pieces of the text, words of a list, places."""
    is_other = _is_list(column, texts) or _are_files(column) or _are_counts(column)
    return 3 * _are_many_pieces(column, texts) + 4 * (named <= 0 and is_other)


def named(columns: Sequence[Column]) -> list[Column]:
    """Find numbers that are called ids, counts, or of those who gave the labels, and of posts.

    Zeros and ones may be what is to be learned: whether somebody `likes` it.
    """
    able = [
        column
        for column in columns
        if names.is_no_label(column.name)
        or (names.is_of_readers(column.name) and column.kind != "flags")
    ]
    of_posts = names.are_said_of_posts([column.name for column in columns])
    return [
        *(column for column in able if column.cells and all(map(is_number, column.cells))),
        *(column for column in columns if column.name in of_posts),
    ]


def beside(columns: Sequence[Column], texts: Sequence[Column]) -> list[Column]:
    """Find columns without names that are of a country, or of a word by which texts were found.

    One that stands alone may be what is to be learned.
    """
    able = [column for column in columns if column.kind in ("flags", "category")]
    if len(able) < 2:
        return []
    return [
        column
        for column in able
        if _are_countries(column)
        or (min(map(len, column.cells)) >= WORD and _are_pieces(column, texts))
    ]


def _are_countries(column: Column) -> bool:
    found = {cell.lower() for cell in column.cells}
    return len(found) >= FEWEST and found <= COUNTRIES


def _are_many_pieces(column: Column, texts: Sequence[Column]) -> bool:
    """Tell many different pieces of the text beside them from names of classes."""
    if column.kind != "category" or column.classes <= MOST_NAMES:
        return False
    if EACH * column.classes <= (len(column.cells) if column.counts is None else column.rows):
        return False
    return _are_pieces(column, texts)


def _are_pieces(column: Column, texts: Sequence[Column]) -> bool:
    """Tell cells that stand in the text of their row."""
    if column.blank or column.classes < FEWEST or all(map(is_number, column.cells)):
        return False
    pairs = [zip(column.cells, text.cells, strict=False) for text in texts if not text.blank]
    shares = [[piece in whole for piece, whole in both] for both in pairs]
    return any(sum(held) > PIECES * len(held) for held in shares)


def _are_files(column: Column) -> bool:
    """Tell where a text was found, by paths and addresses of files."""
    return bool(column.cells) and all(map(_FILE.fullmatch, column.cells))


def _are_counts(column: Column) -> bool:
    """Tell places of a text in another, and the like: many different numbers of few rows each."""
    is_many = column.kind == "category" and column.classes > MOST_CODES
    is_many = is_many and EACH * column.classes > column.rows
    return is_many and all(is_number(part) for cell in column.cells for part in cell.split())


def _is_list(column: Column, texts: Sequence[Column]) -> bool:
    """Tell words that come back a few times, beside words: translations, and not classes."""
    is_many = column.kind == "category" and column.classes > MOST_NAMES
    is_many = is_many and FEW_EACH * column.classes > column.rows
    are_words = bool(texts) and all(max(text.words, column.words) < 2 for text in texts)
    return is_many and are_words and not all(map(is_number, column.cells))
