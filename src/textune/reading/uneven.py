"""A record with too few or too many cells becomes what was seen of it, and the way out."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from textune.errors import excerpt
from textune.reading.lines import mending

SHORT = 3  # words of a cell that may be a label
TOO_FEW = (
    "add the missing cells (an empty cell is allowed); where a line break inside a text has cut "
    'its row, put that text into quotes: "…"'
)


def cut(above: tuple[str, int], cells: int, columns: Sequence[str]) -> str:
    """Say how a record goes on with the one above; "" where it does not.

    Args:
        above: The place of that record, and its cells.
        cells: Of the record.
        columns: Of the table.
    """
    place, before = above
    line = place.rpartition(":")[2]
    if 0 < before < len(columns) and before + cells == len(columns) + 1:
        name = columns[before - 1]
        return f"; with line {line} it makes one row, cut by a line break in its {name!r}"
    if cells == 1 and before == len(columns):
        return f"; it may go on with the last cell of line {line}, {columns[-1]!r}"
    return ""


def too_many(
    path: Path, cells: Sequence[str], width: int, *, delimiter: str, quoted: bool
) -> tuple[str, str]:
    """Say what is seen of cells too many, and the way out.

    Args:
        path: The file.
        cells: Of a row, more than there are columns.
        width: How many columns there are.
        delimiter: What parts them.
        quoted: Whether "…" marks a cell.
    """
    more = cells[width:]
    sign = "" if delimiter == "\t" else f" -d {shlex.quote(delimiter)}"
    command = mending(path, f"cut{sign} -f 1-{width}", mark="cut")
    if not any(cell.strip() for cell in more):
        said = "the last of them blank" if len(more) == 1 else f"the last {len(more)} of them blank"
        what = f", {said}"
        ends = f"take the {delimiter!r} at the end of such lines away"
        return what, ends if quoted and delimiter != "\t" else f"{ends}: {command}"
    quotes = f'put a cell that contains {delimiter!r} into quotes: "…"'
    if all(len(cell.split()) <= SHORT for cell in more):
        quotes += "; several labels of a text go into one cell, as a;b"
    if quoted and delimiter != "\t":
        return f", from cell {width + 1} on {excerpt(delimiter.join(more), most=30)}", quotes
    cut = f"if the cells too many are of no use, cut them off: {command}"
    return "", f"{quotes}; {cut}" if quoted else cut
