"""Rows of a text and its labels, a cell for each, become a table as wide as the longest of them.

So Watson's classifiers and Google's AutoML take several labels of a text. A comma that stands in a
text without quotes makes a row longer too: so what stands in the cells too many must be labels that
other rows have, and no text.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from textune.reading.delimited import Dialect, parse
from textune.reading.header import NUMBER
from textune.reading.lines import lines
from textune.reading.uneven import SHORT

MOST_LABELS = 100  # of one text
MOST_NAMES = 20_000  # different labels, and characters of one
LONGEST = 100
FEWEST = 5  # rows, below which nothing can be told
KNOWN = 0.8  # share of the first labels of longer rows that stand in others, too
LEAST = 2  # times that each of the others stands there
SAMPLE = 2_000  # rows by which the text is found


def recognise(path: Path, dialect: Dialect) -> tuple[frozenset[int], str]:
    """Look whether rows are longer than others since their texts have more labels.

    Reads the whole file twice where rows differ in width. The file has no header.

    Returns:
        The widths that occur, and what was seen, in words; neither where nobody can tell.
    """
    widths = Counter(map(len, islice(_rows(path, dialect), SAMPLE)))
    if len(widths) < 2 or min(widths) < 2:
        return frozenset(), ""
    first = _first_label(list(islice(_rows(path, dialect), SAMPLE)), min(widths))
    if not first:
        return frozenset(), ""
    return _judged(path, dialect, first)


def _judged(path: Path, dialect: Dialect, first: int) -> tuple[frozenset[int], str]:
    """Judge all rows by what stands from the first label on."""
    widths: Counter[int] = Counter()
    alone, places = Counter[str](), (Counter[str](), Counter[str]())  # first of several, the others
    for cells in _rows(path, dialect):
        widths[len(cells)] += 1
        labels = cells[first:]
        while labels and not labels[-1].strip():
            labels.pop()
        is_sound = 0 < len(labels) <= MOST_LABELS and len({*labels}) == len(labels)
        if not is_sound or not all(map(_is_label, labels)):
            return frozenset(), ""
        if len(labels) == 1:
            alone[labels[0]] += 1
        else:
            places[0][labels[0]] += 1
            places[1].update(labels[1:])
        if len(alone) + len(places[0]) + len(places[1]) > MOST_NAMES:
            return frozenset(), ""
    if not _are_labels(alone, *places) or widths.total() < FEWEST:
        return frozenset(), ""
    longer = places[0].total()
    return frozenset(widths), f"{longer:,} of {widths.total():,} rows have several labels"


def _are_labels(alone: Counter[str], leading: Counter[str], others: Counter[str]) -> bool:
    """Tell labels from the parts of texts: they stand in other rows, too."""
    several = leading + others
    known = {name for name in leading if name in alone or name in others}
    is_spaced = any(name.startswith(" ") for name in leading)  # ", " as in a sentence
    if not others or (is_spaced and not any(name.startswith(" ") for name in alone)):
        return False
    said = sum(count for name, count in leading.items() if name in known)
    return (
        said >= KNOWN * leading.total()
        and all(several[name] >= LEAST for name in leading if name not in known)
        and all(len(name.split()) <= SHORT or name in alone for name in others)
    )


def _is_label(cell: str) -> bool:
    return bool(cell.strip()) and len(cell) <= LONGEST and not NUMBER.fullmatch(cell.strip())


def _first_label(rows: Sequence[Sequence[str]], narrow: int) -> int:
    """Find the cell after the text, which is the longest; 0 where there is none in all rows."""
    if len(rows) < FEWEST:
        return 0
    sizes = [sum(len(row[place]) for row in rows) for place in range(narrow)]
    first = sizes.index(max(sizes)) + 1
    return first if first < narrow else 0


def _rows(path: Path, dialect: Dialect) -> Iterator[list[str]]:
    """Stream the rows up to the first that cannot be parsed, without blank ones."""
    try:
        yield from filter(any, parse(dialect, lines(path)))
    except csv.Error:
        return
