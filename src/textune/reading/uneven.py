"""A record with too few or too many cells becomes what was seen of it, and the way out."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from textune.errors import excerpt
from textune.reading.lines import mending

NEARLY = 0.9  # share of the rows that have as many cells as a program wrote for each
SHORT = 3  # words of a cell that may be a label
TOO_FEW = (
    "add the missing cells (an empty cell is allowed); where a line break inside a text has cut "
    'its row, put that text into quotes: "…"'
)


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a sample tells of blank cells beyond the last column, as spreadsheets write them.

    They are cut where no delimiter in a text may have moved the cells of the row: where nearly all
    rows have as many, or where the last column is always filled, here too.
    """

    usual: int = 0  # cells of nearly all rows, more than there are columns; 0: no such number
    is_filled: bool = False  # whether every row has something in the last column

    def are_cut(
        self, cells: Sequence[str], width: int, known: Mapping[int, frozenset[str]]
    ) -> bool:
        """Tell whether the cells too many of a row are blank, and of no use.

        Args:
            cells: Of the row.
            width: How many columns there are.
            known: Column → its few values, where it has few.
        """
        if len(cells) <= width or any(cell.strip() for cell in cells[width:]):
            return False
        if len(cells) == self.usual or not any(cell.strip() for cell in cells[:width]):
            return True
        last, values = cells[width - 1], known.get(width - 1)
        is_usual = last in values if values else last == last.strip() != ""  # ", you said,"
        return self.is_filled and is_usual


NOTHING = Beyond()


def beyond(body: Sequence[Sequence[str]], width: int) -> Beyond:
    """See how rows of so many columns end."""
    sizes = Counter(map(len, body))
    (most, count), *_ = sizes.most_common(1) or [(0, 0)]
    usual = most if most > width and count >= NEARLY * len(body) else 0
    full = [cells for cells in body if len(cells) >= width and any(map(str.strip, cells))]
    last = [cells[width - 1].strip() for cells in full]
    return Beyond(usual, bool(last) and all(last))


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
