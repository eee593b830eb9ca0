"""Places of characters beside a text, without a name, become spans of one type.

A list of every character that is marked, "[8, 9, 10]", as in data of toxic spans; or a list of
pairs of a start and an end, "[[8, 11]]".
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 200
INSIDE = 0.98  # share of stretches that lie in their text
FIT = 0.8  # share of stretches that begin and end where words do
FEWEST = 3  # stretches, below which nothing can be told
ONE = 0.5  # share of numbers that go on with the one before: of sets of labels few do
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])
UNNAMED = "span"  # the type, where the column has no name either
_LONG = re.compile(r"\d{16}")  # no place of any text
_NUMBERS = re.compile(r"\[[\d\s,]*\]")
_PAIRS = re.compile(r"[\[(](\s*[\[(]\s*\d+\s*,\s*\d+\s*[\])]\s*,?)*\s*[\])]")
_PAIR = re.compile(r"(\d+)\s*,\s*(\d+)")

Stretch = tuple[int, int]


def lists(table: Table) -> Table | None:
    """Recognise places of characters beside a text; None where there are none."""
    if table.format not in FORMATS or len(table.columns) < 2:
        return None
    sample = first_rows(table, SAMPLE)
    found = [
        (place, text)
        for place in range(len(table.columns))
        if _are_places([row[place] for row in sample])
        for text in range(len(table.columns))
        if text != place and _fit([(row[text], row[place]) for row in sample])
    ]
    if not found:
        return None
    place, text = found[0]
    name = table.columns[place] if table.has_header else UNNAMED

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = list(row.cells)
            stretches = _stretches(cells[place])
            if stretches is not None:
                spans = [[start, end, name] for start, end in stretches]
                cells[place] = json.dumps(spans, ensure_ascii=False)
            yield replace(row, cells=tuple(cells), given=row.given or row.cells)

    reason = (
        f"{table.columns[place]!r}: places of characters in {table.columns[text]!r}, without a "
        f"name: each stretch is a span of the type {name!r}"
    )
    return replace(table, reasons=(*table.reasons, reason), rows=rows)


def _are_places(cells: Sequence[str]) -> bool:
    """Tell lists of characters, most of which stand beside each other, or of starts and ends."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or any(map(_LONG.search, filled)):
        return False
    if all(map(_NUMBERS.fullmatch, filled)):
        numbers = [[int(number) for number in re.findall(r"\d+", cell)] for cell in filled]
        steps = [two - one for places in numbers for one, two in pairwise(places)]
        return bool(steps) and steps.count(1) >= ONE * sum(map(len, numbers))
    return all(map(_PAIRS.fullmatch, filled)) and any(map(_PAIR.search, filled))


def _stretches(cell: str) -> list[Stretch] | None:
    """Read the places of a cell; None where they are written otherwise."""
    cell = cell.strip()
    if _NUMBERS.fullmatch(cell):
        marked = {int(number) for number in re.findall(r"\d+", cell)}
        starts = sorted(at for at in marked if at - 1 not in marked)
        ends = sorted(at + 1 for at in marked if at + 1 not in marked)
        return list(zip(starts, ends, strict=True))
    if _PAIRS.fullmatch(cell):
        return [(int(start), int(end)) for start, end in _PAIR.findall(cell)]
    return None


def _fit(cells: Sequence[tuple[str, str]]) -> bool:
    """Tell whether most stretches lie in their texts, and begin and end where words do."""
    found = [(text, one) for text, cell in cells for one in _stretches(cell) or ()]
    inside = [(text, one) for text, one in found if one[0] < one[1] <= len(text)]
    if len(inside) < max(FEWEST, INSIDE * len(found)):
        return False
    at_words = sum(
        _is_border(text, start) and (_is_border(text, end) or _is_border(text, end + 1))
        for text, (start, end) in inside
    )
    return at_words >= FIT * len(inside)


def _is_border(text: str, place: int) -> bool:
    """Tell whether no word goes on over a place."""
    return not (text[place - 1 : place].isalnum() and text[place : place + 1].isalnum())
