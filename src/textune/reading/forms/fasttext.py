"""Lines of fastText, "__label__a __label__b , the text", become texts and their labels."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 500
MOSTLY = 0.9
_LINE = re.compile(r"((?:__label__\S+[ \t]*(?:,[ \t]*)?)+)(.*)", re.DOTALL)
_LABEL = re.compile(r"__label__([^\s,]+)")


def labelled(table: Table) -> Table | None:
    """Recognise lines that begin with labels; None where they do not."""
    if len(table.columns) != 1 or table.has_header:
        return None
    sample = first_rows(table, SAMPLE)
    marked = sum(_LINE.match(cells[0]) is not None for cells in sample)
    if not sample or marked < MOSTLY * len(sample):
        return None
    several = any(len(_labels(cells[0])) > 1 for cells in sample)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            names = _labels(row.cells[0])
            match = _LINE.match(row.cells[0])
            text = match[2] if match else row.cells[0]
            is_list = several or len(names) > 1
            label = json.dumps(names, ensure_ascii=False) if is_list else "".join(names)
            yield replace(row, cells=(text.strip(), label), given=None)

    reason = "format: fastText, each line begins with its labels (__label__…)"
    return replace(
        table,
        columns=("text", "label"),
        reasons=(*table.reasons, reason),
        rows=rows,
    )


def _labels(line: str) -> list[str]:
    match = _LINE.match(line)
    return _LABEL.findall(match[1]) if match else []
