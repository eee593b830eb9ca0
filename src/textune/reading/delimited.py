"""Lines of delimited text become rows of cells; a line of plain text is one cell.

Python's `csv` does the parsing, in its strict mode; `dialect` decides how. Our own rules on top:
every row as wide as the table, no cell above `cell_limit()` characters, no header line twice. Blank
lines are skipped wherever they stand (an empty cell of a one-column file is written as `""`); where
one might be a text, as in files of one column, the last row says so.
Faults are collected to the end of the file and raised together; after the first, no row is yielded.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from textune.errors import DataError, Problems, excerpt
from textune.reading import passed_over, uneven
from textune.reading.lines import (
    LARGER_WAY_OUT,
    cell_limit,
    line_ends,
    lines,
    pieces,
    record_limit,
    too_large,
)
from textune.reading.passed_over import PassedOver
from textune.reading.told import problems_of
from textune.records import Row

if TYPE_CHECKING:
    from _csv import Reader

JOINT = "\x1f"  # between cells, in place of a delimiter of several signs
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a line is cut into cells."""

    delimiter: str | None  # None: the line is the cell
    quoted: bool = False  # whether "…" marks a cell, or a quote is a character as any other
    spaced: bool = False  # whether spaces after the delimiter are left out
    quote: str = '"'
    escape: str | None = None  # what stands before a quote inside a cell; None: the quote twice


@dataclass(frozen=True, slots=True)
class Layout:
    """What must hold for every row of a delimited file."""

    dialect: Dialect
    columns: tuple[str, ...]
    header: tuple[str, ...] | None  # its cells as they stand in the file
    known: Mapping[int, frozenset[str]]  # column → its few values, where it has few
    widths: frozenset[int] = frozenset()  # of rows that may end early, their other cells blank
    before: int = 0  # lines before the first row that are none of the table
    has_comments: bool = False  # whether what begins with "# " and has not all cells is no fault
    heads: int = 0  # lines beneath the header that name or describe columns, too
    beyond: uneven.Beyond = uneven.NOTHING  # which cells beyond the columns are cut
    are_full: bool = False  # whether a row with one filled cell may be a remark below the table


def parse(dialect: Dialect, text: Iterator[str]) -> "Reader":
    """Split lines into cells; a blank line gives none.

    Raises:
        csv.Error: A cell too large, text after a closing quote, a quote that is never closed.
    """
    if csv.field_size_limit() < cell_limit():  # one for the whole process: only ever raise it
        csv.field_size_limit(cell_limit())
    sign = dialect.delimiter or ","
    if len(sign) > 1:  # which csv cannot part by
        text, sign = _joined(text, sign), JOINT
    return csv.reader(
        text,
        delimiter=sign,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        skipinitialspace=dialect.spaced,
        strict=True,
    )


def _joined(text: Iterator[str], sign: str) -> Iterator[str]:
    return (line.replace(JOINT, " ").replace(sign, JOINT) for line in text)


def rows(path: Path, layout: Layout, known: list[DataError] | None = None) -> Iterator[Row]:
    """Stream the rows of a file; faults that are `known` of an earlier reading come at the first.

    Raises:
        DataError: With the first faults of the file, each with its line, and the count of all.
    """
    found = 0
    source = _text_rows if layout.dialect.delimiter is None else _delimited_rows
    with problems_of(path, known=known) as problems:
        for found, row in enumerate(source(path, layout, problems), start=1):  # noqa: B007
            yield row
    if not found and not problems.noted:
        raise no_rows(path.name, layout.header)


def no_rows(name: str, header: tuple[str, ...] | None) -> DataError:
    """Say that a file holds nothing to learn from."""
    if header is None:
        return DataError(f"{name}: the file is empty; textune needs at least one row of text")
    return DataError(
        f"{name}:1: only a header ({listed(header)}) and no rows; add rows, or if the first "
        "line is data, say so with --no-header (header=False)"
    )


def listed(columns: tuple[str, ...], *, most: int = 8) -> str:
    """Name the columns, not more than a line takes."""
    names = [name if len(name) <= 40 else f"{name[:39]}…" for name in columns[:most]]
    return ", ".join(names + (["…"] if len(columns) > most else []))


def _text_rows(path: Path, layout: Layout, problems: Problems) -> Iterator[Row]:
    passed = PassedOver(of_texts=True)
    return passed_over.told_at_the_end(_texts(path, layout, problems, passed), passed)


def _texts(path: Path, layout: Layout, problems: Problems, passed: PassedOver) -> Iterator[Row]:
    name, skip, limit = path.name, layout.header is not None, cell_limit()
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            passed.note_blank(f"{name}:{number}")
            continue
        if skip:
            skip = False
            continue
        cell = line.rstrip("\r\n")
        if len(cell) > limit:
            problems.add(f"{name}:{number}: {too_large(cell)}", LARGER_WAY_OUT, row=cell)
        elif not problems.count:
            yield Row((cell,), f"{name}:{number}")


def _delimited_rows(path: Path, layout: Layout, problems: Problems) -> Iterator[Row]:
    """Yield sound rows; note every problem up to the end. After the first none is sound."""
    passed = PassedOver(of_texts=len(layout.columns) == 1)
    return passed_over.told_at_the_end(_sound_rows(path, layout, problems, passed), passed)


def _sound_rows(
    path: Path, layout: Layout, problems: Problems, passed: PassedOver
) -> Iterator[Row]:
    width = len(layout.columns)
    records, above = Records(path, layout, problems), ("", 0)
    for origin, cells, lines_of_it in _likely(path.name, layout, records, passed):
        size = len(cells)
        if size in layout.widths:
            cells += [""] * (width - size)
        elif layout.beyond.are_cut(cells, width, layout.known):
            passed.note_cut(origin, cells, width)
        is_plain = len(cells) == width and lines_of_it == 1
        if problems.is_full and len(cells) != width:
            problems.count, above = problems.count + 1, (origin, size)
            continue
        fault = None if is_plain else _fault(path, cells, layout, lines_of_it, above)
        above = origin, size
        if fault:
            problems.add(f"{origin}: {fault[0]}", fault[1], row=records.part())
        elif not problems.count:
            yield Row(tuple(cells), origin, passed.told())


def _likely(
    name: str, layout: Layout, records: "Records", passed: PassedOver
) -> Iterator[tuple[str, list[str], int]]:
    """Yield the place, the cells and the number of lines of each record that may be a row."""
    width, header = len(layout.columns), passed_over.Header(layout.header or ())
    skip = layout.heads + (layout.header is not None)
    endings = passed_over.Endings()
    for line, cells in records:
        if not cells or (len(cells) == 1 < width and not cells[0].strip()):
            passed.note_blank(f"{name}:{line}")
            continue
        if skip:
            skip -= 1
            continue
        origin = f"{name}:{line}"
        if header.is_again(origin, cells):
            passed.note(origin, "the header line again")
            continue
        if len(cells) != width or (layout.are_full and "" in cells):
            if layout.has_comments and passed_over.is_comment(cells, width):
                passed.note(origin, f"a comment, {excerpt(', '.join(cells))}")
                continue
            is_ending = not records.are_kept and passed_over.is_ending(cells, width)
            if is_ending and records.lines == 1 and endings.hold(origin, cells):
                continue
        yield from ((place, held, 1) for place, held in endings.back())
        yield origin, cells, records.lines
    endings.pass_over(passed)


class Records:
    """The records of a file, each with its line; one that cannot be parsed is a problem.

    It is the last one, unless faulty rows are left out: then its first line is, and the parsing
    goes on with the next.
    """

    def __init__(self, path: Path, layout: Layout, problems: Problems) -> None:
        self._path, self._layout, self._problems = path, layout, problems
        self._held: list[str] = []  # lines of the record, where they may be needed again
        self._again: deque[str] = deque()  # lines to be parsed again
        self.line = 1 + layout.before  # on which the record begins
        self.lines = 0  # of the record

    @property
    def are_kept(self) -> bool:
        """Whether what stands in a faulty record is kept, to be named."""
        return self._problems.skips

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line of each record and its cells."""
        rest = islice(self._fed(), self._layout.before, None)
        while True:
            reader = parse(self._layout.dialect, self._taken(rest))
            try:
                for cells in reader:
                    yield self.line, cells
                    self.line += self.lines
                    self.lines = 0
                    self._held.clear()
                    if self._again:
                        break
                else:
                    return
            except csv.Error:
                text = "".join(self._held) if self._problems.skips else None
                message = _broken_record(self._path, self._layout, self.line, text)
                self._problems.add(*message, row=self._held[0] if self._held else "")
                if not self._problems.skips:
                    return
                self._part()

    def part(self) -> str:
        """Return the lines of a faulty record; where others of them are rows, only the first.

        Those are parsed again.
        """
        others = self._held[1:]
        width = len(self._layout.columns)
        if not any(len(cells_of(self._layout.dialect, line)) == width for line in others):
            return "".join(self._held)
        first = self._held[0]
        self._part()
        return first

    def _part(self) -> None:
        """Take the first line for a record of its own, and the others again."""
        self._again.extendleft(reversed(self._held[1:]))
        self.line += 1
        self._held, self.lines = [], 0

    def _taken(self, rest: Iterator[str]) -> Iterator[str]:
        """Hand on lines, those to be parsed again first."""
        while self._again:
            yield self._counted(self._again.popleft())
        if self._problems.skips:
            yield from map(self._counted, rest)
            return
        for line in rest:
            self.lines += 1
            yield line

    def _counted(self, line: str) -> str:
        self.lines += 1
        self._held.append(line)
        return line

    def _fed(self) -> Iterator[str]:
        """Stream lines, unless a record grows without end."""
        line, size = self.line, 0
        for piece in pieces(self._path):
            size = size + len(piece) if self.line == line else 0
            line = self.line
            if size > record_limit():
                raise DataError(
                    f"{self._path.name}:{line}: the record that begins here has no end within "
                    f"{record_limit() >> 20} MiB; is a closing quote missing?"
                )
            yield from StringIO(piece, newline="")


def cells_of(dialect: Dialect, line: str) -> list[str]:
    """Part a line by itself; it has no cells where it cannot be parsed."""
    try:
        return next(parse(dialect, iter([line])), [])
    except csv.Error:
        return []


def _fault(
    path: Path, cells: list[str], layout: Layout, lines_of_it: int, above: tuple[str, int]
) -> tuple[str, str] | None:
    """Say what is wrong with a record, below another of so many cells, and the way out."""
    width, dialect = len(layout.columns), layout.dialect
    delimiter = dialect.delimiter or ""
    shown = excerpt(delimiter.join(cells))
    if len(cells) != width:
        seen, way_out = "", uneven.TOO_FEW
        shown += uneven.cut(above, len(cells), layout.columns)
        if len(cells) > width:
            seen, way_out = uneven.too_many(
                path, cells, width, delimiter=delimiter, quoted=dialect.quoted
            )
        noun = "column" if width == 1 else "columns"
        expected = f"expected {width} {noun} ({listed(layout.columns)})"
        return f"{expected}, found {len(cells)}{seen}: {shown}", way_out
    what = f"a quoted cell swallows the rows after it: {shown}"
    is_torn = lines_of_it > 1 and _swallows_rows(cells, layout)
    return (what, _QUOTE_WAY_OUT) if is_torn else None


def _swallows_rows(cells: list[str], layout: Layout) -> bool:
    """Tell a lost closing quote: each line of the record is a whole row, with known values."""
    delimiter = layout.dialect.delimiter or ","
    parts = [part.split(delimiter) for part in _LINE_END.split(delimiter.join(cells))]
    if len(cells) == 1 or any(len(part) != len(cells) for part in parts):
        return False
    return any(
        all(part[at] and part[at] in seen for part in parts) for at, seen in layout.known.items()
    )


_QUOTE_WAY_OUT = (
    "close the quote, or, where a quote belongs to the text, put the whole cell into quotes and "
    'write the quote twice: "she said ""yes"" to it"'
)


def _broken_record(
    path: Path, layout: Layout, start: int, text: str | None = None
) -> tuple[str, str]:
    """Walk through the record that csv could not parse, to the cell at fault."""
    text, dialect = _text_from(path, start) if text is None else text, layout.dialect
    delimiter = dialect.delimiter or ","
    plain, in_quotes = _cell_patterns(dialect, delimiter)
    at = 0
    while at < len(text):
        while dialect.spaced and text[at : at + 1] == " ":
            at += 1
        quoted = dialect.quoted and text[at : at + 1] == dialect.quote
        cell = (in_quotes if quoted else plain).match(text, at)
        end = cell.end() if cell else len(text)
        is_last = text[end : end + 1] in ("", "\r", "\n")
        is_torn = quoted and not is_last and not text.startswith(delimiter, end)
        if cell is None or end - at > cell_limit() or is_torn:
            break
        at = end + (1 if is_last else len(delimiter))
    else:
        return f"{path.name}:{start}: the record cannot be parsed: {excerpt(text)}", _QUOTE_WAY_OUT
    line = start + line_ends(text[:at].encode(errors="surrogatepass"))
    column = at - max(text.rfind("\n", 0, at), text.rfind("\r", 0, at))
    place = f"{path.name}:{line}:{column}"
    if cell is None:
        far = f" within {cell_limit():,} characters" if len(text) - at > cell_limit() else ""
        what = f"the quoted cell that opens here is never closed{far}: {excerpt(text[at:])}"
        return f"{place}: {what}", _QUOTE_WAY_OUT
    if end - at > cell_limit():
        return f"{place}: {too_large(cell[0])}", LARGER_WAY_OUT
    last = line + line_ends(cell[0].encode(errors="surrogatepass"))
    there = "on this line" if last == line else f"on line {last:,}"
    what = f"the quoted cell that opens here is closed {there}, and more text follows"
    shown = f"{excerpt(text[end - 1 : end + 80])}: {excerpt(cell[0])}"
    return f"{place}: {what} {shown}", _QUOTE_WAY_OUT


def _cell_patterns(dialect: Dialect, delimiter: str) -> tuple["re.Pattern[str]", "re.Pattern[str]"]:
    """Write what a cell without quotes may hold, and one in quotes."""
    first, rest = re.escape(delimiter[0]), re.escape(delimiter[1:])
    plain = f"[^\r\n{first}]*(?:{first}(?!{rest})[^\r\n{first}]*)*"
    sign, escape = re.escape(dialect.quote), re.escape(dialect.escape or "")
    pair = f"(?:{sign}{sign}|{escape}.)" if escape else f"{sign}{sign}"
    inside = f"[^{sign}{escape}]*"
    return re.compile(plain), re.compile(f"{sign}{inside}(?:{pair}{inside})*{sign}", re.DOTALL)


def _text_from(path: Path, start: int) -> str:
    """Take the text from a line on, as far as a record may reach."""
    taken, most = StringIO(newline=""), record_limit()  # asked once: there may be millions of lines
    with suppress(DataError):  # what is wrong further down is not the fault that is looked for
        for line in islice(lines(path), start - 1, None):
            if taken.write(line) and taken.tell() > most:
                break
    return taken.getvalue()
