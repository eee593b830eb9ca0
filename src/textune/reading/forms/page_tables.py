"""A page of HTML with one table becomes a Table: as browsers, pandas and old trackers save them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from pathlib import Path

from textune.errors import DataError, some
from textune.reading import header_lines, jsonlines
from textune.reading.dialect import column_names
from textune.reading.header import is_header
from textune.reading.lines import opened, pieces
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "tables of pages"
BEGINNING = 1 << 18  # bytes in which a page must have one
MOST = 1 << 28  # characters of a page
LARGER = 5  # times the rows of any other table: then that is meant
WIDEST = 1_000  # columns or rows that a cell may span
MOST_CELLS = 10_000  # of a row: what stands behind them is no cell of a table of texts
_PAGE = re.compile(rb"(?i)\s*(?:<!doctype html|<html[\s>]|<table[\s>]|<meta\s|<head>|<body[\s>])")
_TABLE = re.compile(rb"(?i)<table[\s>]")
_ROW = re.compile(rb"(?i)<tr[\s>]")
_ASIDE = re.compile(r"(?i)<(script|style|head|!--)")
_ENDS = {name: re.compile(f"(?i)</{name}") for name in ("script", "style", "head")}
_COMMENTED = re.compile("-->")
_MARK = re.compile(r"<(/?)([a-zA-Z][\w:-]*)([^<>]*)>")
_SPAN = re.compile(r"""(?i)\b(row|col)span\s?=\s?["']?(\d{1,9})""")
_BREAKS = frozenset(["br", "p", "div", "li"])
_PARTS = frozenset(["table", "tr", "th", "td"])


@dataclass(slots=True)
class _Grid:
    """A table while it is read."""

    rows: list[list[str]] = field(default_factory=list)
    heads: list[bool] = field(default_factory=list)  # whether a row is of <th> alone
    spans: dict[int, tuple[int, str]] = field(default_factory=dict)  # column → rows to come, cell

    def begin(self) -> None:
        self.rows.append([])
        self.heads.append(True)
        self._fill()

    def add(self, cell: str, is_head: bool, attributes: str) -> None:
        if not self.rows:
            self.begin()
        sizes = {kind.lower(): min(int(size), WIDEST) for kind, size in _SPAN.findall(attributes)}
        self.heads[-1] &= is_head
        for at in range(min(sizes.get("col", 1), MOST_CELLS - len(self.rows[-1]))):
            if (down := sizes.get("row", 1)) > 1:
                self.spans[len(self.rows[-1])] = down - 1, cell
            self.rows[-1].append("" if at else cell)
        self._fill()

    def _fill(self) -> None:
        """Take the cells that reach down from rows above."""
        while held := self.spans.get(at := len(self.rows[-1])):
            if not held[0]:
                del self.spans[at]
                return
            self.spans[at] = held[0] - 1, held[1]
            self.rows[-1].append(held[1])


def begins(path: Path, head: bytes) -> bool:
    """Tell by its beginning whether a file is a page with a table."""
    if _PAGE.match(head) is None:
        return False
    with opened(path) as file:
        beginning = file.read(BEGINNING)
    found = _TABLE.search(beginning)
    return found is not None and _ROW.search(beginning, found.end()) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the only table of a page, or that which is far larger than all others.

    Raises:
        DataError: There is none of several rows and columns, or there are several.
    """
    grid, others = _chosen(path)
    first, body = grid.rows[0], grid.rows[1:]
    heads = header_lines.whole(first, body)
    has_header, said = True, "header: the first row, whose cells are those of a head (<th>)"
    if not grid.heads[0]:
        has_header, said = is_header(first, body[heads.further :], text_only=False)
    names, remark = tuple(str(n) for n, _ in enumerate(first, start=1)), ""
    if has_header:
        names, remark = column_names(f"{path.name}: row 1", [*heads.names])
    begin = 1 + heads.further if has_header else 0
    reason = "format: the table of a page (HTML)" + f"; {others} smaller ones are not read" * bool(
        others
    )
    reasons = (*why, reason, said, heads.why if has_header else "", remark)
    rows = partial(_rows, path, names, begin)
    return Table.of_file(path, "jsonl", names, reasons, rows, has_header=has_header)


def _rows(path: Path, names: tuple[str, ...], begin: int) -> Iterator[Row]:
    grid, _ = _chosen(path)
    with problems_of(path) as problems:
        for number, row in enumerate(grid.rows[begin:], start=begin + 1):
            origin = f"{path.name}: row {number}"
            if len(row) != len(names):
                problems.add(
                    f"{origin}: expected {len(names)} cells, found {len(row)}",
                    "give the row a cell (<td>) for each column",
                    row=" | ".join(row),
                    origin=origin,
                )
                continue
            yield from jsonlines.sound(tuple(row), names, origin, problems)


def _chosen(path: Path) -> tuple[_Grid, int]:
    """Take the table that is meant, and count the others.

    Raises:
        DataError: Nobody can tell which.
    """
    page: list[str] = []
    size = 0
    for piece in pieces(path):
        page.append(piece)
        size += len(piece)
        if size > MOST:
            raise DataError(f"{path.name}: a page of more than {MOST >> 20} MiB; save it as CSV")
    found = [grid for grid in _grids("".join(shown("".join(page)))) if _is_table(grid)]
    found.sort(key=lambda grid: -len(grid.rows))
    if not found:
        raise DataError(
            f"{path.name}: this is a web page, without a table of texts and labels; fetch the file "
            "itself, or write its texts and labels as CSV or as JSON, one object a row"
        )
    if len(found) > 1 and len(found[0].rows) < LARGER * len(found[1].rows):
        sizes = some([f"{len(one.rows):,} rows, {', '.join(one.rows[0])}" for one in found], 3)
        raise DataError(
            f"{path.name}: the page has {len(found)} tables ({sizes}); save the one that is meant "
            "as CSV"
        )
    return found[0], len(found) - 1


def _is_table(grid: _Grid) -> bool:
    return len(grid.rows) > 1 and min(len(grid.rows[0]), len(grid.rows[1])) > 1


def shown(page: str) -> Iterator[str]:
    """Leave out what nobody sees of a page: its head, programs, styles and comments."""
    at = 0
    while found := _ASIDE.search(page, at):
        yield page[at : found.start()]
        end = _ENDS.get(found[1].lower(), _COMMENTED).search(page, found.end())
        if end is None:
            return
        at = end.end() if end[0] == "-->" else end.start()
    yield page[at:]


def _grids(page: str) -> Iterator[_Grid]:
    """Read the tables of a page in which no other one stands."""
    reader, at = _Reader(), 0
    for mark in _MARK.finditer(page):
        reader.held.append(page[at : mark.start()])
        at, name, is_end = mark.end(), mark[2].lower(), bool(mark[1])
        if name in _BREAKS:
            reader.held.append("\n")
        elif name in _PARTS:
            reader.end_cell()
            if name == "table" and is_end and reader.grid:
                yield reader.grid
            reader.go_on(name, mark[3], is_end)
    if reader.grid and reader.grid.rows:
        yield reader.grid


@dataclass(slots=True)
class _Reader:
    """Where the reading of a page stands."""

    grid: _Grid | None = None  # that is open
    cell: tuple[str, str] | None = None  # name and attributes of the one that is open
    held: list[str] = field(default_factory=list)  # its text

    def end_cell(self) -> None:
        if self.cell and self.grid:
            self.grid.add(_text(self.held), self.cell[0] == "th", self.cell[1])
        self.cell, self.held = None, []

    def go_on(self, name: str, attributes: str, is_end: bool) -> None:
        if name == "table":
            self.grid = None if is_end else _Grid()
        elif self.grid and not is_end:
            if name == "tr":
                self.grid.begin()
            else:
                self.cell = name, attributes


def _text(pieces_of_it: Sequence[str]) -> str:
    lines = unescape("".join(pieces_of_it)).replace("\xa0", " ").split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))
