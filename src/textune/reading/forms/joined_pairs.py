"""Two texts in one cell, with a mark between them, become the two texts of a pair.

What has been written for an encoder joins them by its mark, "a </s> b" or "[CLS] a [SEP] b [SEP]";
others write "a ||| b".
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from textune.reading.forms.interface import first_rows, is_prose
from textune.records import Row, Table

SAMPLE = 500
ALL = 0.99  # share of cells with the mark once, between two texts
FEWEST = 5  # rows, below which nothing can be told
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])
MARKS = {
    "[SEP]": re.compile(r"\s*\[SEP\]\s*", re.IGNORECASE),
    "<sep>": re.compile(r"\s*<sep>\s*", re.IGNORECASE),
    "</s>": re.compile(r"\s*</s>\s*(?:</?s>\s*)?"),
    "|||": re.compile(r"\s*\|\|\|\s*"),
}
_AROUND = re.compile(r"^\s*(?:\[CLS\]|<s>)\s*|\s*(?:\[SEP\]|</s>|<sep>)\s*$", re.IGNORECASE)


def parted(table: Table) -> Table | None:
    """Recognise a column of two texts with a mark between them; None where there is none."""
    if table.format not in FORMATS or (len(table.columns) < 2 and not table.has_header):
        return None
    sample = first_rows(table, SAMPLE)
    found = [
        (place, mark)
        for place in range(len(table.columns))
        for mark in MARKS
        if _are_joined([row[place] for row in sample], mark)
    ]
    if len(found) != 1:
        return None
    place, mark = found[0]
    name = table.columns[place]
    both = (f"{name}_1", f"{name}_2")
    columns = (*table.columns[:place], *both, *table.columns[place + 1 :])
    if len({*columns}) < len(columns):
        return None

    def rows() -> Iterator[Row]:
        for row in table.rows():
            first, second = _parts(row.cells[place], mark)
            cells = (*row.cells[:place], first, second, *row.cells[place + 1 :])
            yield replace(row, cells=cells, given=None)

    reason = f"{name!r} holds two texts with {mark} between them: read as {both[0]!r}, {both[1]!r}"
    return replace(table, columns=columns, reasons=(*table.reasons, reason), rows=rows)


def _parts(cell: str, mark: str) -> tuple[str, str]:
    """Part a cell at its first mark; without one the second text is blank."""
    first, *others = MARKS[mark].split(_AROUND.sub("", cell), maxsplit=1)
    return first.strip(), "".join(others).strip()


def _are_joined(cells: list[str], mark: str) -> bool:
    filled = [_AROUND.sub("", cell) for cell in cells if cell.strip()]
    parts = [MARKS[mark].split(cell) for cell in filled]
    pairs = [both for both in parts if len(both) == 2 and all(map(str.strip, both))]
    is_text = sum(is_prose(both[0]) or is_prose(both[1]) for both in pairs) >= len(pairs) / 2
    return len(filled) >= FEWEST and len(pairs) >= ALL * len(filled) and is_text
