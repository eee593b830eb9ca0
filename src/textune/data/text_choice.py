"""Columns become the text, or the pair of texts: which it is, why, and what else could be."""

import re
from collections.abc import Sequence
from math import log2

from textune.data import names, pairs
from textune.data.choice import MOST_DOUBTS, Choice, option, others, quoted
from textune.data.columns import NUMBERS, Column, Scan, are_tags
from textune.data.numerals import is_number

SENTENCE = 4  # mean words from which cells that repeat may be texts
HALF = 0.5  # share of blank cells, above which single words are notes on a text
FEW, OFTEN = 10, 20  # different words, and rows of each, up to and from which they are no texts
VERY_OFTEN = 25  # rows of each word, however many there are
FEWEST = 4  # different ones, for them to be
SAMPLE = 50  # cells of a text that are looked at
HASH = re.compile(r"[0-9a-fA-F]{16,}")
MARKUP = re.compile(  # of a page, or a list
    r"\s*(?:<(?:!DOCTYPE|[a-zA-Z]\w*)[ >]|\[u?['\"])"
)
TUPLE = re.compile(r"""\((?:u?'[^']*'|-?[\d.]+|None|True|False), ?.*""")  # of Python
VECTOR = 8  # numbers in a cell, from which it is an embedding


def choose(seen: Scan, given: tuple[str, ...] | None, *, taken: set[str], headed: bool) -> Choice:
    """Choose the text: one column, or two that form a pair. None, if nothing could be text.

    Args:
        seen: The table.
        given: What the user named; taken as it is.
        taken: Columns that have another role.
        headed: Whether names of columns mean something.
    """
    if given is not None:
        by_name = {column.name: column for column in seen.columns}
        return Choice(tuple(by_name[name] for name in given), (f"text: {quoted(given)}, as asked",))
    free = [column for column in seen.columns if column.name not in taken]
    free = [column for column in free if not are_tags(column)] or free
    prose = [column for column in free if column.kind == "text" and not _are_values(column)]
    ranked = _ranked_texts(prose, headed)
    if pair := pairs.pair(ranked, free, seen, headed=headed):
        return pair
    if ranked:
        return _best_text(ranked, headed, [column for column in free if _comes_back(column)])
    return pairs.of_words(free, headed=headed) or _any_text(free, headed, len(seen.columns))


def _text_weight(column: Column, headed: bool) -> float:
    named = 0.0
    if headed:
        named = names.text_evidence(column.name) - max(0, names.label_evidence(column.name))
    made_over = names.is_derived(column.name) if headed else False
    marked = sum(MARKUP.match(cell) is not None for cell in column.cells) > len(column.cells) / 2
    weight = log2(1 + column.words) * (0.5 + 0.5 * column.varied) - 2 * column.blank
    return weight + named - made_over - 2 * marked


def _ranked_texts(columns: Sequence[Column], headed: bool) -> list[Column]:
    return sorted(columns, key=lambda column: -_text_weight(column, headed))


def _are_values(column: Column) -> bool:
    """Tell cells that hold many numbers and nothing else, as embeddings, or tuples of Python."""
    some = column.cells[:SAMPLE]
    if all(map(TUPLE.fullmatch, some)):
        return True
    cells = [cell.split()[:VECTOR] for cell in some]
    return all(len(numbers) == VECTOR and all(map(is_number, numbers)) for numbers in cells)


def _comes_back(column: Column) -> bool:
    """Tell whether a column holds sentences that repeat, as questions with several answers do."""
    return column.kind == "category" and column.words >= SENTENCE and column.classes >= FEWEST


def _best_text(ranked: Sequence[Column], headed: bool, repeated: Sequence[Column]) -> Choice:
    best, more = ranked[0], ranked[1:]
    doubts = [
        f"{other.name!r} holds texts that come back in several rows: "
        f"{option('--text', [other, best])} takes both as a pair"
        for other in repeated[:MOST_DOUBTS]
    ]
    for other in more[:MOST_DOUBTS]:
        doubts.append(
            f"{other.name!r} is text too; {best.name!r} was taken because "
            f"{_decided(best, other, headed)}: "
            f"{option('--text', [other])} takes the other, "
            f"{option('--text', [other, best])} both as a pair"
        )
    doubts += others(more[MOST_DOUBTS:], "text")
    return Choice((best,), (f"{best.name!r} is the text: {best.why}",), tuple(doubts))


def _decided(best: Column, other: Column, headed: bool) -> str:
    """Say by what one column is rather the text than another."""
    if best.words >= other.words:
        return "it is longer"
    if headed and names.text_evidence(best.name) > names.text_evidence(other.name):
        return "its name says so"
    return "fewer of its cells come back" if best.varied > other.varied else "it is likelier"


def _any_text(free: Sequence[Column], headed: bool, width: int) -> Choice:
    """Choose where no column holds running text: single words, or cells that repeat."""
    able = [column for column in free if _may_be_text(column, headed)]
    if not able:
        return Choice()

    def weigh(column: Column) -> float:
        is_words = 2 if column.kind == "words" else 0
        return _text_weight(column, headed) + 3 * column.varied + is_words

    best, *more = sorted(able, key=lambda column: -weigh(column))
    if best.kind == "constant" and best.rows > 1 and _is_beside_the_text(best, width):
        return Choice()
    why = f"{best.name!r} is the text: no column holds longer text, and most of its cells differ"
    if best.kind == "constant":
        why = (
            f"{best.name!r} is the text, though all its cells are the same, as those of every "
            "other column that could be: no row can be told from another by it"
        )
    doubts = tuple(
        f"{other.name!r} could also be the text: {option('--text', [other])}"
        for other in more[:MOST_DOUBTS]
        if other.kind == "words"
    )
    return Choice((best,), (why,), doubts)


def _is_beside_the_text(column: Column, width: int) -> bool:
    """Tell what is the same in each row of a table, and not called a text: a source, a part."""
    return width > 1 and names.text_evidence(column.name) < 2


def _is_too_poor(column: Column, headed: bool) -> bool:
    """Tell few words that come back in row after row: codes of languages, answers to choose from.

    Sentences that are called a text are one, however few they are; many words are none where each
    stands in very many rows, as what texts were searched by does.
    """
    is_other = headed and names.text_evidence(column.name) < 2
    is_word = column.kind == "category" and column.words < 2
    if is_word and (is_other or not headed) and VERY_OFTEN * column.classes <= column.rows:
        return True
    is_few = is_word or (column.kind == "category" and is_other)
    return is_few and column.classes <= FEW and OFTEN * column.classes <= column.rows


def _may_be_text(column: Column, headed: bool) -> bool:
    if not column.cells or (headed and names.label_evidence(column.name) >= 5):
        return False
    if all(map(HASH.fullmatch, column.cells)):
        return False
    if column.kind == "flags" or column.blank > HALF or _is_too_poor(column, headed):
        return False
    last = names.parts(column.name)[-1:] if headed else []
    if names.ABOUT.intersection(last):
        return False
    if names.CODES.intersection(last) and not any(" " in cell for cell in column.cells):
        return False
    if headed and names.text_evidence(column.name) >= 2:
        return True
    odd = column.kind not in ("words", "category", "list", "constant") or _are_values(column)
    return not odd and not all(is_number(cell) or NUMBERS.fullmatch(cell) for cell in column.cells)
