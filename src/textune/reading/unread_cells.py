"""A sheet's XML becomes the cells whose values nobody has: errors, and formulas never computed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

PIECE = 1 << 20  # bytes read at a time
MOST_LISTED = 1 << 22  # bytes of the list of sheets

_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?<!/)>(.*?)</(?:\w+:)?c>", re.S)
_PLACE = re.compile(rb'\br="([A-Z]+\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*(?<!/)>[^<]")


@dataclass(slots=True)
class Cells:
    """How many cells, and which is the first."""

    count: int = 0
    first: str = ""

    def add(self, place: str) -> None:
        """Count one more."""
        self.first = self.first or place
        self.count += 1


@dataclass(frozen=True, slots=True)
class Unread:
    """Cells that are blank to whoever reads the values of a sheet, and not to whoever sees it."""

    errors: Cells = field(default_factory=Cells)  # "#N/A"
    formulas: Cells = field(default_factory=Cells)  # without the value that they had


def unread_in(content: IO[bytes], sheet: str) -> Unread:
    """Look for such cells in a sheet of an .xlsx; of other files nothing is known."""
    found = Unread()
    try:
        with ZipFile(content) as book:
            member = _member(book, sheet)
            if member is not None:
                with book.open(member) as file:
                    _look(file, found)
    except (BadZipFile, KeyError, ElementTree.ParseError, EOFError, NotImplementedError):
        return found  # whoever reads the values says what is wrong
    return found


def _member(book: ZipFile, sheet: str) -> str | None:
    """Find the file of a sheet by its name."""
    if "xl/workbook.xml" not in book.namelist():
        return None
    listed, links = (
        list(_elements(book, name)) for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    ids = [
        value
        for item in listed
        if item.tag.endswith("}sheet") and item.get("name") == sheet
        for name, value in item.items()
        if name.endswith("}id")
    ]
    targets = [item.get("Target", "") for item in links if ids and item.get("Id") == ids[0]]
    if not targets:
        return None
    return str(PurePosixPath("xl", targets[0])).lstrip("/")


def _elements(book: ZipFile, name: str) -> Iterator[ElementTree.Element]:
    with book.open(name) as file:
        return ElementTree.fromstring(file.read(MOST_LISTED)).iter()


def _look(file: IO[bytes], found: Unread) -> None:
    held = b""
    while piece := file.read(PIECE):
        held += piece
        end = held.rfind(b"c>") + 2
        if end < 2:
            held = held[-PIECE:]
            continue
        for cell in _CELL.finditer(held[:end]):
            place = _PLACE.search(cell[1])
            where = place[1].decode() if place else ""
            if b't="e"' in cell[1]:
                found.errors.add(where)
            elif _FORMULA.search(cell[2]) and not (b't="str"' in cell[1] or _VALUE.search(cell[2])):
                found.formulas.add(where)
        held = held[end:]
