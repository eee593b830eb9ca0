"""A table of one word a row, with the number of its sentence, becomes a row for each sentence.

The number stands in every row, or in the first of a sentence only (Kaggle's NER table).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from textune.errors import DataError
from textune.reading.conll import LONGEST, SENTENCE, as_lists
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 2_000
_WORDS = frozenset(["word", "words", "token", "tokens", "form"])
_TAGS = frozenset(["tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "bio"])


def sentences(table: Table) -> Table | None:
    """Recognise one word a row; None where a row is a text."""
    sentence = [at for at, name in enumerate(table.columns) if SENTENCE.fullmatch(name.strip())]
    word = _place(table.columns, _WORDS)
    tags = _place(table.columns, _TAGS)
    if len(sentence) != 1 or word is None or tags is None or not table.has_header:
        return None
    at = sentence[0]
    sample = first_rows(table, SAMPLE)
    if not _are_words(sample, at, word):
        return None
    kept = [place for place in range(len(table.columns)) if place not in (at, word)]
    columns = (table.columns[word], *(table.columns[place] for place in kept))

    rows = partial(_rows, table, at, (word, *kept))
    name, header = table.columns[word], table.columns[at]
    reason = f"one word a row in {name!r}; a sentence begins where {header!r} changes"
    return replace(
        table, format="conll", columns=columns, reasons=(*table.reasons, reason), rows=rows
    )


def _place(columns: Sequence[str], names: frozenset[str]) -> int | None:
    return next((at for at, name in enumerate(columns) if name.strip().lower() in names), None)


def _are_words(sample: Sequence[tuple[str, ...]], sentence: int, word: int) -> bool:
    words = [cells[word].strip() for cells in sample]
    begun = len(list(_begun(cells[sentence] for cells in sample)))
    single = sum(" " not in word for word in words)
    return len(words) > begun > 0 and single >= 0.98 * len(words)


def _begun(cells: Iterator[str]) -> Iterator[int]:
    """Yield the places at which a sentence begins."""
    before = None
    for place, cell in enumerate(cells):
        name = cell.strip()
        if place == 0 or (name and name != before):
            yield place
        before = name or before


def _rows(table: Table, sentence: int, kept: Sequence[int]) -> Iterator[Row]:
    words: list[tuple[str, ...]] = []
    origin, before = "", ""
    for row in table.rows():
        name = row.cells[sentence].strip()
        if words and name and name != before:
            yield as_lists(words, origin)
            words = []
        origin = origin if words else row.origin
        before = name or before
        words.append(tuple(row.cells[place].strip() for place in kept))
        if len(words) > LONGEST:
            raise DataError(
                f"{origin}: the sentence that begins here has no end within {LONGEST:,} words; "
                "give each sentence a number of its own"
            )
    if words:
        yield as_lists(words, origin)
