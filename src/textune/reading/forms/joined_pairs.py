"""Two texts in one cell, with a mark between them, become the two texts of a pair.

What has been written for an encoder joins them by its mark, "a </s> b" or "[CLS] a [SEP] b [SEP]";
others write "a ||| b".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.reading.forms.interface import first_rows, is_prose
from textune.records import Row, Table

SAMPLE = 500
ALL = 0.99  # share of cells with the mark once, between two texts
FEWEST = 5  # rows, below which nothing can be told
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])
MARKS = {  # white space around them is stripped: to match it takes the square of its length
    "[SEP]": re.compile(r"\[SEP\]", re.IGNORECASE),
    "<sep>": re.compile(r"<sep>", re.IGNORECASE),
    "</s>": re.compile(r"</s>(?:\s*</?s>)?"),
    "|||": re.compile(r"\|\|\|"),
}
_AROUND = re.compile(r"^(?:\[CLS\]|<s>)|(?:\[SEP\]|</s>|<sep>)$", re.IGNORECASE)


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
    made = _parted(table, *found[0])
    return made if len({*made.columns}) == len(made.columns) else None


def known(table: Table, texts: Sequence[str]) -> Table:
    """Return a table in which texts stand as in training: in one cell, or in two columns.

    Few rows are enough where it is known that there are two texts.

    Args:
        table: As it is recognised by itself.
        texts: The columns of the texts in training.
    """
    missing = {*texts} - {*table.columns}
    if missing and table.whole is not None and missing <= {*table.whole.columns}:
        return table.whole
    names = [name for name in table.columns if (f"{name}_1", f"{name}_2") == tuple(texts)]
    if not missing or not names:
        return table
    place = table.columns.index(names[0])
    cells = [row[place] for row in first_rows(table, SAMPLE) if row[place].strip()]
    marks = [mark for mark in MARKS if cells and len(_pairs(cells, mark)) == len(cells)]
    return _parted(table, place, marks[0]) if marks else table


def _parted(table: Table, place: int, mark: str) -> Table:
    """Part the cells of a column at a mark."""
    name = table.columns[place]
    both = (f"{name}_1", f"{name}_2")
    columns = (*table.columns[:place], *both, *table.columns[place + 1 :])

    def rows() -> Iterator[Row]:
        for row in table.rows():
            first, second = _parts(row.cells[place], mark)
            cells = (*row.cells[:place], first, second, *row.cells[place + 1 :])
            yield replace(row, cells=cells, given=None)

    reason = f"{name!r} holds two texts with {mark} between them: read as {both[0]!r}, {both[1]!r}"
    reasons = (*table.reasons, reason)
    return replace(table, columns=columns, reasons=reasons, rows=rows, whole=table)


def _parts(cell: str, mark: str) -> tuple[str, str]:
    """Part a cell at its first mark; without one the second text is blank."""
    first, *others = MARKS[mark].split(_AROUND.sub("", cell.strip()), maxsplit=1)
    return first.strip(), "".join(others).strip()


def _are_joined(cells: list[str], mark: str) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    pairs = _pairs(filled, mark)
    is_text = sum(is_prose(first) or is_prose(second) for first, second in pairs) >= len(pairs) / 2
    return len(filled) >= FEWEST and len(pairs) >= ALL * len(filled) and is_text


def _pairs(cells: Sequence[str], mark: str) -> list[list[str]]:
    """List the two texts of the cells that hold a mark once, between them."""
    held = (cell for cell in cells if mark[0] in cell)  # or it cannot be there: long texts are many
    parts = [MARKS[mark].split(_AROUND.sub("", cell.strip())) for cell in held]
    return [both for both in parts if len(both) == 2 and all(map(str.strip, both))]
