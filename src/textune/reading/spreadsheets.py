"""A sheet of a spreadsheet (.xlsx, .xlsb, .xls, .ods) becomes a Table, each row with its number.

Blank rows and columns around a table are passed over, and so are lines of a title above it. A cell
merged over several rows has its value in each of them. Of a formula the value is read that was
saved with it. Whole numbers are written without a point, dates as 2026-01-31.
"""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
)

from textune.errors import DataError, excerpt, first_line
from textune.reading import header_lines, jsonlines, packing, passed_over, sheets
from textune.reading.delimited import no_rows
from textune.reading.dialect import column_names
from textune.reading.header import is_header
from textune.reading.lines import opened
from textune.reading.told import problems_of
from textune.reading.unread_cells import Unread, unread_in
from textune.records import Finding, ReadOptions, Row, Table

OLD = b"\xd0\xcf\x11\xe0"  # how an .xls begins, and any other old file of Office
SIGNS = ("xl/workbook.xml", "xl/workbook.bin")  # members of the zip archive that a book is
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
MOST_BYTES = 4 << 30  # of a book that is unpacked
SAMPLE_ROWS = 2_000
TITLES = 20  # rows above a table that may be none of it
EXACT = 1e15  # from which numbers have no units digit of their own
WAY_OUT = "save the sheet as CSV UTF-8"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the table stands in a sheet."""

    sheet: str
    first: int  # its first row, from 0
    columns: tuple[int, ...]  # the columns that are not blank, from 0
    names: tuple[str, ...]
    has_header: bool
    are_full: bool = False  # whether a row with one filled cell may be a remark below the table


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes, and by what is in it, whether a file is a spreadsheet."""
    if head.startswith(OLD):
        return True
    if not head.startswith(packing.ZIP):
        return False
    with _content(path) as content:
        try:
            book = ZipFile(content)
        except (BadZipFile, NotImplementedError, ValueError):
            return False
        with book:
            names = book.namelist()
            if "mimetype" in names and book.getinfo("mimetype").file_size < 200:
                return book.read("mimetype").strip().startswith(OPEN_DOCUMENT)
            return any(sign in names for sign in SIGNS)


def read(path: Path, why: tuple[str, ...], options: ReadOptions) -> Table:
    """Describe the sheet that is named, or the only one that holds a table.

    Of a file that validates or tests, the one sheet that is called so is read, whatever the sheet
    is called that is learned from.

    Raises:
        DataError: The book is damaged or encrypted, there is no such sheet, or there are several.
    """
    _refuse_large(path)
    with _book(path) as book:
        chosen, reason = sheets.chosen(path, book, options)
        name = f"{path.name}: {chosen.name}"
        sample = list(islice(_cells(chosen), SAMPLE_ROWS + TITLES))
        filled = sum(bottom[0] - top[0] for top, bottom in _upright(chosen))
        place, reasons = _place(name, chosen, sample, options.header)
    with _content(path) as content:
        unread = unread_in(content, chosen.name)
    return Table(
        name=name,
        path=str(path),
        format="sheet",
        columns=place.names,
        has_header=place.has_header,
        delimiter=None,
        reasons=(*why, reason, *filter(None, reasons)),
        rows=partial(rows, path, place),
        findings=tuple(_said(filled, unread)),
    )


def rows(path: Path, place: _Place) -> Iterator[Row]:
    """Stream the rows below the header; blank ones are passed over.

    Raises:
        DataError: With the faulty rows, by their numbers; or there is no row.
    """
    passed = passed_over.PassedOver()
    return passed_over.told_at_the_end(_rows(path, place, passed), passed)


def _rows(path: Path, place: _Place, passed: passed_over.PassedOver) -> Iterator[Row]:
    name, found = f"{path.name}: {place.sheet}", 0
    endings = passed_over.Endings()
    with _book(path) as book, problems_of(path, name) as problems:
        sheet = book.get_sheet_by_name(place.sheet)
        begin = place.first + place.has_header
        for number, cells in enumerate(islice(_cells(sheet), begin, None), start=begin + 1):
            origin = f"{name} row {number}"
            held = [cells[at] if at < len(cells) else "" for at in place.columns]
            if not any(map(_is_there, held)):
                continue
            texts = [jsonlines.cell(value) for value in held] if "" in held else []
            is_ending = place.are_full and passed_over.is_ending(texts, len(held) if texts else 0)
            if is_ending and not problems.skips and endings.hold(origin, held):
                continue
            for where, one in (*endings.back(), (origin, held)):
                found += 1
                yield from jsonlines.sound(tuple(one), place.names, where, problems)
        endings.pass_over(passed)
    if not found:
        raise no_rows(name, place.names if place.has_header else None)


def _refuse_large(path: Path) -> None:
    """Refuse a book that would not fit into memory.

    Raises:
        DataError: It is larger than is read.
    """
    size = packing.size(path)
    if packing.is_zip(path):
        with ZipFile(path) as book:
            size = sum(item.file_size for item in book.infolist())
    if size > MOST_BYTES:
        raise DataError(
            f"{path.name}: the spreadsheet holds {size >> 20:,} MiB, at most {MOST_BYTES >> 20:,} "
            f"are read; {WAY_OUT}"
        )


@contextmanager
def _content(path: Path) -> Iterator[Any]:
    """Open a book for reading here and there; a packed one is held in memory."""
    if path.is_file() and packing.of(path) is None:
        with path.open("rb") as file:
            yield file
        return
    with opened(path) as packed:
        held = packed.read(MOST_BYTES + 1)
    if len(held) > MOST_BYTES:
        raise DataError(f"{path.name}: the spreadsheet is too large to be unpacked; {WAY_OUT}")
    yield BytesIO(held)


@contextmanager
def _book(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        with _content(path) as content:
            with _silent():
                book = CalamineWorkbook.from_filelike(content)
            with book:
                yield book
    except PasswordError as error:
        raise DataError(
            f"{path.name}: the spreadsheet is encrypted; save it without a password"
        ) from error
    except CalamineError as error:
        raise _damaged(path, first_line(error, 200)) from error
    except BaseException as error:  # where calamine itself panics
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(path, "what it holds contradicts itself") from None


@contextmanager
def _silent() -> Iterator[None]:
    """Keep from the screen what calamine writes there itself, where it panics."""
    before, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path.name}: the spreadsheet is damaged, or it is none ({why}); open it and {WAY_OUT}"
    )


def of_part(path: Path, part: str, wanted: str | None) -> str | None:
    """Name the one sheet of a part, where none is wanted, or one that is called another part.

    Raises:
        DataError: The book is damaged or encrypted.
    """
    with _book(path) as book:
        return sheets.of_part(book, part, wanted)


def _cells(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Stream the rows of a sheet from its first, each from its first column."""
    before: list[Any] = [""] * (sheet.start[1] if sheet.start else 0)
    left = deque(_upright(sheet))  # by the row in which they begin
    open_: dict[int, tuple[int, Any]] = {}  # column → the last row of a merged cell, and its value
    for number, row in enumerate(sheet.iter_rows()):
        cells = before + [_plain(value) for value in row]
        for at, (last, value) in [*open_.items()]:
            cells[at] = value
            if number >= last:
                del open_[at]
        while left and left[0][0][0] <= number:
            (top, at), (bottom, _) = left.popleft()
            if top == number and at < len(cells):
                open_[at] = bottom, cells[at]
        yield cells


def _upright(sheet: CalamineSheet) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """List the cells that are merged over rows, within one column, by where they begin."""
    found = sheet.merged_cell_ranges or []
    return sorted((a, b) for a, b in found if a[1] == b[1] and a[0] < b[0])


def _plain(value: Any) -> Any:
    """Take a number as people see it: 1, where the book says 1.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value if isinstance(value, int | float | str) else str(value)


def _place(
    name: str, sheet: CalamineSheet, sample: list[list[Any]], header: bool | None
) -> tuple[_Place, list[str]]:
    """Find where the table begins, which columns it has, and what they are called."""
    numbers = [number for number, cells in enumerate(sample) if any(map(_is_there, cells))]
    if not numbers:
        raise no_rows(name, None)
    usual = sorted(_count(sample[number]) for number in numbers)[len(numbers) // 2]
    first = next(number for number in numbers if _count(sample[number]) > 1 or usual < 2)
    above = [number for number in numbers if number < first]
    if len(above) > TITLES:
        first, above = numbers[0], []
    columns = _columns(sheet, first)
    texts = [[_text(cells, at) for at in columns] for cells in sample[first:]]
    rows = [at for at, cells in enumerate(texts, start=first) if any(cells)]  # which are not blank
    begun, *body = [cells for cells in texts if any(cells)]
    why = "header: the first row, as told" if header else "no header, as told"
    heads = header_lines.whole(begun, body if header is not False else [])
    if header is None:
        below = [row for row in body[heads.further :] if row != begun]
        header, why = is_header(begun, below, text_only=False)
        why = why.replace("the first line", f"row {first + 1}")
    names, remark = tuple(str(n) for n, _ in enumerate(columns, start=1)), ""
    heads = heads if header else header_lines.whole(begun, [])
    if header:
        names, remark = column_names(f"{name} row {first + 1}", list(heads.names))
    said = [why, heads.why.replace("line", "row", 1), remark]
    if above:
        title = next(str(value) for value in sample[above[0]] if _is_there(value))
        many = len(above) > 1
        listed = f"{len(above)} rows of one cell are" if many else "a row of one cell is"
        said.append(f"above the table, {listed} passed over: {excerpt(title)}")
    full = passed_over.are_full(body[heads.further :])
    first = max(first, rows[heads.further])
    return _Place(sheet.name, first, columns, names, header, full), said


def _columns(sheet: CalamineSheet, first: int) -> tuple[int, ...]:
    """List the columns in which something stands, in any row from the first of the table."""
    found: set[int] = set()
    for cells in islice(_cells(sheet), first, None):
        if len(found) < len(cells):
            found |= {at for at, value in enumerate(cells) if _is_there(value)}
    return tuple(sorted(found))


def _is_there(value: Any) -> bool:
    return value != "" and not (isinstance(value, str) and not value.strip())


def _count(cells: list[Any]) -> int:
    return sum(map(_is_there, cells))


def _text(cells: list[Any], at: int) -> str:
    return jsonlines.cell(cells[at]) if at < len(cells) else ""


def _said(filled: int, unread: Unread) -> Iterator[Finding]:
    """Say what a person would see in the sheet, and is not simply read."""
    if filled:
        message = f"{filled:,} rows lie within a merged cell, and have its value"
        yield Finding("merged", "note", message, filled)
    for what, cells in (("errors", unread.errors), ("formulas without a value", unread.formulas)):
        if cells.count:
            message = f"{cells.count:,} cells hold {what}, and are read as blank; first: "
            yield Finding("blank", "warning", message + cells.first, cells.count)
