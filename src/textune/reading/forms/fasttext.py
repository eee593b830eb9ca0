"""Lines of fastText, "__label__a __label__b , the text", become texts and their labels."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

Part = Callable[[str], tuple[str, list[str]]]
MARK = "__label__"
SAMPLE = 500
MOSTLY = 0.9
_FIRST = re.compile(r"((?:__label__\S+[ \t]*(?:,[ \t]*)?)+)(.*)", re.DOTALL)
_LABEL = re.compile(r"__label__([^\s,]+)")


def labelled(table: Table) -> Table | None:
    """Recognise lines that begin, or end, with labels; None where they do not."""
    if len(table.columns) != 1 or table.has_header:
        return None
    sample = first_rows(table, SAMPLE)
    for part, place in ((_first, "begins"), (_last, "ends")):
        marked = [found[1] for cells in sample if (found := part(cells[0]))[1]]
        if sample and len(marked) >= MOSTLY * len(sample):
            return _parted(table, part, place, several=any(len(names) > 1 for names in marked))
    return None


def _parted(table: Table, part: Part, place: str, *, several: bool) -> Table:
    def rows() -> Iterator[Row]:
        for row in table.rows():
            text, names = part(row.cells[0])
            is_list = several or len(names) > 1
            label = json.dumps(names, ensure_ascii=False) if is_list else "".join(names)
            yield replace(row, cells=(text.strip(), label), given=None)

    reason = f"format: fastText, each line {place} with its labels (__label__…)"
    return replace(
        table,
        columns=("text", "label"),
        reasons=(*table.reasons, reason),
        rows=rows,
    )


def _first(line: str) -> tuple[str, list[str]]:
    match = _FIRST.match(line)
    return (match[2], _LABEL.findall(match[1])) if match else (line, [])


def _last(line: str) -> tuple[str, list[str]]:
    marks: list[str] = []
    while len(parts := line.rsplit(maxsplit=1)) == 2 and parts[1].startswith(MARK):
        line, mark = parts
        marks.insert(0, mark)
    return line, _LABEL.findall(" ".join(marks))
