"""A text beside the same text with marks around its entities becomes a text and its spans.

"wake me at nine" beside "wake me at [time : nine]", as MASSIVE has it, or with the marks of
`marked_up`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.reading.forms.interface import first_rows
from textune.reading.forms.marked_up import SHAPES
from textune.records import Row, Table

SAMPLE = 200
ALIKE = 0.95  # share of rows whose texts are the same without the marks
FEWEST = 3  # marked rows, below which nothing can be told
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])


def spans(table: Table) -> Table | None:
    """Recognise a text that stands there twice, once with marks; None where there is none."""
    if table.format not in FORMATS or len(table.columns) < 2:
        return None
    sample = first_rows(table, SAMPLE)
    found = [
        (shape, text, marked)
        for marked in range(len(table.columns))
        for shape in SHAPES
        if any(SHAPES[shape](row[marked])[1] for row in sample)
        for text in range(len(table.columns))
        if text != marked and _are_alike(sample, text, marked, shape)
    ]
    if not found:
        return None
    shape, text, marked = found[0]

    def rows() -> Iterator[Row]:
        for row in table.rows():
            bare, held = SHAPES[shape](row.cells[marked])
            cells = list(row.cells)
            cells[text] = bare or cells[text]  # the places are those in it
            cells[marked] = json.dumps(held, ensure_ascii=False)
            yield replace(row, cells=tuple(cells), given=row.given or row.cells)

    reason = (
        f"{table.columns[marked]!r} is {table.columns[text]!r} with {shape} around its entities: "
        "read as the places of these"
    )
    return replace(table, reasons=(*table.reasons, reason), rows=rows)


def _are_alike(sample: Sequence[tuple[str, ...]], text: int, marked: int, shape: str) -> bool:
    read = [(row[text], row[marked], SHAPES[shape](row[marked])) for row in sample]
    changed = [(whole, found) for whole, cell, found in read if found[1] and cell != whole]
    same = sum(_same(found[0], whole) for whole, _, found in read)
    fit = sum(_same(found[0], whole) for whole, found in changed)
    return fit >= max(FEWEST, ALIKE * len(changed)) and same >= ALIKE * len(read)


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()
