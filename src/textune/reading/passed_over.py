"""Records of a table that are none of its rows: the header again, comments, and lines at the end.

Comments begin with "# " and have fewer or more cells than a row. At the end of a file stand blank
cells, sums ("Total,,40") and remarks in one cell ("Licensed under CC BY 4.0"), known by their first
word. They are passed over, and a row beside them says so.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from textune.errors import DataError, counted, excerpt
from textune.records import Row

MOST, MOST_BLANK = 20, 100_000  # remarks, and rows of blank cells, at the end of a file
BLANK_LINE = "a blank line"  # where each line is a text
SAID = ", passed over"  # at the end of what is said
LEAST_ROWS = 12  # of a table, by which it is known what its rows are like
_COMMENT = re.compile(r"#+(\s|$)|#[-=#]|//\s")
_SUM = re.compile(r"(grand |sub)?(totals?|sums?|averages?|mean|counts?)\b[\s:]*\W*$", re.IGNORECASE)
_REMARK = re.compile(
    r"(grand |sub)?(totals?|sums?)\b|licen[cs]ed?\b|copyright\b|\(c\)|©|sources?\s*:|notes?\s*:"
    r"|(data|table) from\b|(end|eof)\b|(generated|exported|created|downloaded|retrieved)\b",
    re.IGNORECASE,
)


class PassedOver:
    """Counts what is no row, between two rows.

    Args:
        of_texts: Whether each line is a text, so that a blank one might be an empty text.
    """

    def __init__(self, *, of_texts: bool = False) -> None:
        self._of_texts = of_texts
        self._blank: tuple[str, int] | None = None  # the first of the file, how many
        self._found: dict[str, tuple[str, int]] = {}  # what → the first place, how many
        self._cut: tuple[str, ...] = ()  # what the next row lacks

    def note(self, origin: str, what: str) -> None:
        """Take one into account."""
        first, count = self._found.get(what, (origin, 0))
        self._found[what] = first, count + 1

    def note_cut(self, origin: str, cells: list[str], width: int) -> None:
        """Cut the blank cells beyond the last column off a row."""
        more = counted(len(cells) - width, "blank cell")
        self._cut = (f"{origin}: {more} beyond the last column, cut off",)
        del cells[width:]

    def note_blank(self, origin: str) -> None:
        """Take a blank line into account, of which there may be one after each row."""
        if self._of_texts:
            first, count = self._blank or (origin, 0)
            self._blank = first, count + 1

    def told(self) -> tuple[str, ...]:
        """Say which there were since the row before, if any."""
        cut, self._cut = self._cut, ()
        if not self._found:
            return cut
        said = tuple(_said(what, *found) for what, found in self._found.items())
        self._found.clear()
        return said + cut

    def told_of_blank(self) -> tuple[str, ...]:
        """Say how many lines of the file were blank, if any."""
        return (_said(BLANK_LINE, *self._blank),) if self._blank else ()


def _said(what: str, first: str, count: int) -> str:
    return f"{first}: {what}{'' if count == 1 else f' {count:,} times'}{SAID}"


class Header:
    """Knows the header line of a file where it stands there again, as in files put together."""

    def __init__(self, names: Sequence[str]) -> None:
        self._cells = list(names)
        self._names = [_plain(name) for name in names] if len(names) > 1 else []
        self._longest = max(map(len, names), default=0) + 4  # space around a name, or a mark

    def is_again(self, origin: str, cells: Sequence[str]) -> bool:
        """Tell whether a record names the columns, in any case and with spaces around.

        Raises:
            DataError: It names them in another order: what follows is another table.
        """
        if cells == self._cells:
            return bool(cells)
        if len(cells) != len(self._names) or len(cells[0]) > self._longest:
            return False
        if _plain(cells[0]) not in self._names:
            return False
        found = [_plain(cell) for cell in cells]
        if found == self._names:
            return True
        if sorted(found) == sorted(self._names) and all(map(str.isidentifier, found)):
            raise DataError(
                f"{origin}: the columns are named again, in another order "
                f"({', '.join(map(str.strip, cells))}): another table begins here; write it to a "
                "file of its own, and name both files: they are read as one table"
            )
        return False


def is_of_blank_lines(remark: str) -> bool:
    """Tell what is said of blank lines: nothing is wrong with them."""
    return f": {BLANK_LINE}" in remark and remark.endswith(SAID)


def _plain(name: str) -> str:
    return name.strip().strip("\ufeff").casefold()


def told_at_the_end(rows: Iterator[Row], passed: PassedOver) -> Iterator[Row]:
    """Hand on rows; the last one says what was passed over after it."""
    before: Row | None = None
    try:
        for row in rows:
            if before is not None:
                yield before
            before = row
    except DataError:  # further down: what stands before it is sound
        if before is not None:
            yield before
        raise
    if before is not None:
        more = passed.told() + passed.told_of_blank()
        yield replace(before, remarks=(*before.remarks, *more)) if more else before


def has_comments(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether no row of a table begins as a comment does, so that what does may be one."""
    whole = [cells for cells in rows if len(cells) == width > 1]
    marked = [cells for cells in whole if _COMMENT.match(cells[0]) and not is_comment(cells, width)]
    known = {(at, cell) for cells in whole if cells not in marked for at, cell in enumerate(cells)}
    return not any((at, cell) in known for cells in marked for at, cell in enumerate(cells))


def is_comment(cells: Sequence[str], width: int) -> bool:
    """Tell a comment by its beginning, and since it has not all the cells of a row."""
    is_short = len(cells) != width or not any(map(str.strip, cells[1:]))
    return is_short and _COMMENT.match(cells[0]) is not None


def are_full(rows: Sequence[Sequence[str]]) -> bool:
    """Tell rows of which hardly any has one filled cell only, so that these may be remarks."""
    bare = sum(sum(map(bool, map(str.strip, cells))) < 2 for cells in rows[:-MOST])
    return len(rows) >= LEAST_ROWS and 100 * bare <= len(rows)


def is_ending(cells: Sequence[str], width: int) -> bool:
    """Tell what may stand below a table, and is no row where it does."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if width < 2 or len(filled) == max(width, len(cells)):
        return False
    if not filled:
        return True
    return (len(filled) == 1 and _REMARK.match(filled[0]) is not None) or (
        cells[0].strip() == filled[0] and _SUM.match(filled[0]) is not None
    )


class Endings:
    """Holds back what may stand below a table, until a row shows that it does not."""

    def __init__(self) -> None:
        self._held: list[tuple[str, list[Any]]] = []
        self._remarks = 0

    def hold(self, origin: str, cells: list[Any]) -> bool:
        """Hold back a record; say whether there was room for it."""
        is_remark = any(str(cell).strip() for cell in cells)
        if self._remarks + is_remark > MOST or len(self._held) > MOST_BLANK:
            return False
        self._remarks += is_remark
        self._held.append((origin, cells))
        return True

    def back(self) -> list[tuple[str, list[Any]]]:
        """Give back what was held, since more rows follow."""
        held, self._held, self._remarks = self._held, [], 0
        return held

    def pass_over(self, passed: PassedOver) -> None:
        """Note what is held: the file ends here."""
        for origin, cells in self.back():
            filled = [str(cell).strip() for cell in cells if str(cell).strip()]
            shown = excerpt(", ".join(filled)) if filled else "a row of blank cells"
            passed.note(origin, f"below the table: {shown}")
