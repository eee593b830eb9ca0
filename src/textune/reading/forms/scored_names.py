"""Labels with the score that a model gave them become the labels: `positive (0.93)`, `neg: 0.87`.

A column is read so where all its cells end in a number from 0 to 1, or in per cent, and few names
stand before many different numbers; cells further down that are written otherwise stay.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.errors import excerpt
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 2_000
FORMATS = frozenset(["csv", "tsv", "jsonl", "sheet", "parquet", "arrow", "frame"])
FEWEST = 3  # rows, below which nothing can be told
SCORES = 5  # different numbers that there must be, or for each third row one
LONGEST = 100  # characters of a cell
MOST_WORDS = 4  # of a name
_SCORE = r"(?:0?\.\d+|[01]\.0+|0|1)"
_SHARE = rf"(?:{_SCORE}|\d{{1,3}}(?:\.\d+)?\s?%)"
_NAME = r"([^\s()\[\]{}:|=;,.?!][^()\[\]{}:|=;,?!]{0,59}?)"
_SCORED = re.compile(
    rf"{_NAME}\s?(?:\(\s?({_SHARE})\s?\)|\[\s?({_SHARE})\s?\]|[:|=]\s?({_SHARE})|\s(0?\.\d+|1\.0+))"
)


def bare(table: Table) -> Table | None:
    """Recognise such columns; None where there are none."""
    if table.format not in FORMATS or len(table.columns) < 2:
        return None
    sample = first_rows(table, SAMPLE)
    columns = zip(*sample, strict=False)
    places = {at for at, cells in enumerate(columns) if _are_scored([c.strip() for c in cells])}
    if not places:
        return None

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = tuple(
                _name(cell) if at in places else cell for at, cell in enumerate(row.cells)
            )
            yield replace(row, cells=cells, given=row.given or row.cells)

    said = [
        f"{table.columns[at]!r} holds a name and its score ({_first(sample, at)}): "
        "read as the name, without the score"
        for at in sorted(places)
    ]
    return replace(table, reasons=(*table.reasons, *said), rows=rows)


def _are_scored(cells: Sequence[str]) -> bool:
    held = [cell for cell in cells if cell]
    if len(held) < FEWEST or not all(map(_parted, held[:FEWEST])):
        return False
    found = [parted for cell in held if (parted := _parted(cell))]
    names, scores = {name for name, _ in found}, {score for _, score in found}
    is_few = 2 <= len(names) <= len(set(found)) / 2  # a class may have a number of its own
    are_short = all(len(name.split()) <= MOST_WORDS for name in names)
    is_varied = len(scores) >= min(SCORES, max(2, len(held) // 3))
    are_whole = all(score in ("0", "1") for score in scores)
    return len(found) == len(held) and is_few and are_short and is_varied and not are_whole


def _parted(cell: str) -> tuple[str, str] | None:
    """Part a cell into a name and its score; None where it has none."""
    match = _SCORED.fullmatch(cell) if len(cell) <= LONGEST else None
    if match and match[1].isdigit():  # a time, or the result of a match
        return None
    return (match[1], next(filter(None, match.groups()[1:]))) if match else None


def _name(cell: str) -> str:
    found = _parted(cell.strip())
    return found[0] if found else cell


def _first(sample: Sequence[Sequence[str]], place: int) -> str:
    return excerpt(next(cells[place].strip() for cells in sample if cells[place].strip()))
