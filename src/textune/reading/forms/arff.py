"""A file of Weka (ARFF) with a column of text becomes a table: its attributes are the columns.

Cells stand between commas, in single or double quotes where they hold spaces or commas, with a
backslash before a quote inside; ? stands for no value. Rows between braces name the place of each
value; what they leave out is 0, or the first class of those declared, but no text.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "a file of Weka (ARFF)"
BEGINS = re.compile(rb"(?i)(?:%[^\n]*\n|\s)*@relation\b")  # each sign in one way only
_ATTRIBUTE = re.compile(
    r"""(?i)\s*@attribute\s+(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+))\s+(.*)"""
)
_DATA = re.compile(r"(?i)\s*@data\b")
_QUOTED = re.compile(r"""(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?=,|$)""")
_FIRST = re.compile(r"""\{\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,}\s]+))""")
_PLACE = re.compile(r"\s*(\d{1,6})\s+")
_ESCAPE = re.compile(r"\\(.)")
_SIGNS = {"n": "\n", "t": "\t", "r": "\r"}
MISSING = "?"


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is Weka's."""
    return BEGINS.match(head) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the rows of a file.

    Raises:
        DataError: It has no attributes, or none of them is text, or no data.
    """
    names, kinds, has_data = [], [], False
    for line in lines(path):
        if has_data := _DATA.match(line) is not None:
            break
        if found := _ATTRIBUTE.match(line.rstrip("\r\n")):
            names.append(_plain(found[1] or found[2] or found[3]))
            kinds.append(found[4].strip())
    if not names or not has_data:
        raise DataError(f"{path.name}: {NAME} without @attribute or @data; save it anew")
    if not any(kind.lower().startswith("string") for kind in kinds):
        raise DataError(
            f"{path.name}: {NAME} in which no attribute is a string: it holds numbers and classes "
            "without their texts; give the texts that they were made of, each beside its label"
        )
    reasons = (*why, f"format: {NAME}, a column for each attribute; {MISSING!r} is no value")
    rows = partial(_rows, path, [_left_out(kind) for kind in kinds])
    return Table.of_file(path, "csv", tuple(names), reasons, rows)


def _left_out(kind: str) -> str | None:
    """Tell what a row between braces means that leaves an attribute out; None for a text."""
    first = _FIRST.match(kind)
    if first is not None:
        return _plain(first[1] or first[2] or first[3] or "")
    return "0" if kind.lower().startswith(("num", "real", "int")) else None


def _rows(path: Path, usual: Sequence[str | None]) -> Iterator[Row]:
    """Yield the rows below @data."""
    width = len(usual)
    is_data = False
    with problems_of(path) as problems:
        for number, line in enumerate(lines(path), start=1):
            if not is_data:
                is_data = _DATA.match(line) is not None
                continue
            if not line.strip() or line.lstrip().startswith("%"):
                continue
            origin = f"{path.name}:{number}"
            if line.strip().startswith("{"):
                cells = _between_braces(line.strip(), usual)
                if cells is None:
                    what = (
                        f"expected {{place value, …}} with each text, found {excerpt(line.strip())}"
                    )
                    problems.add(f"{origin}: {what}", row=line, origin=origin)
                else:
                    yield Row(cells, origin)
                continue
            cells = _cells(line.strip())
            if cells is None or len(cells) != width:
                found = "quotes that do not match" if cells is None else f"{len(cells)}"
                what = f"expected {width} cells, found {found}: {excerpt(line.strip())}"
                problems.add(f"{origin}: {what}", row=line, origin=origin)
                continue
            yield Row(cells, origin)


def _between_braces(line: str, usual: Sequence[str | None]) -> tuple[str, ...] | None:
    """Read `{0 'a text', 2 pos}`; None where a place is none, or a text is left out."""
    if not line.endswith("}"):
        return None
    found = dict(enumerate(usual))
    held, at = line[1:-1].rstrip(), 0
    while at < len(held):
        place = _PLACE.match(held, at)
        if place is None or int(place[1]) >= len(usual):
            return None
        quoted = _QUOTED.match(held, place.end())
        comma = held.find(",", place.end())
        at = quoted.end() if quoted else len(held) if comma < 0 else comma
        value = held[place.end() : at]
        plain = "" if value.strip() == MISSING else value.strip()
        is_double = quoted is not None and quoted[1] is None
        found[int(place[1])] = _plain(quoted[2 if is_double else 1]) if quoted else plain
        at += 1
    cells = [found[number] for number in range(len(usual))]
    return None if None in cells else tuple(str(cell) for cell in cells)


def _cells(line: str) -> tuple[str, ...] | None:
    """Cut a row into its cells; None where its quotes do not match."""
    cells: list[str] = []
    at = 0
    while True:
        at += len(line[at:]) - len(line[at:].lstrip())
        if line[at : at + 1] in ("'", '"'):
            quoted = _QUOTED.match(line, at)
            if quoted is None:
                return None
            cells.append(_plain(quoted[1] if quoted[1] is not None else quoted[2]))
            at = quoted.end()
        else:
            plain, _, _ = line[at:].partition(",")
            cells.append("" if plain.strip() == MISSING else plain.strip())
            at += len(plain)
        if at >= len(line):
            return tuple(cells)
        at += 1


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda found: _SIGNS.get(found[1], found[1]), text)
