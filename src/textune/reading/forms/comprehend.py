"""Annotations for Amazon Comprehend become rows: a table of places, whose texts stand beside it.

Its columns are File, Line, Begin Offset, End Offset, Type. Each line of a file is a text; where no
line is named, the file is. A list of entities, Text and Type, says of no text where they stand.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from textune.errors import DataError, Problems, excerpt
from textune.reading import jsonlines
from textune.reading.forms.interface import first_rows, span
from textune.reading.lines import lines, pieces
from textune.records import Row, Table

COLUMNS = ("File", "Begin Offset", "End Offset", "Type")
LINE = "Line"
LISTED = ("Text", "Type")
SAMPLE = 500  # rows of a list that are looked at
NAMES = 4  # words of a name, in the mean

_TYPE = re.compile(r"[A-Z][A-Z0-9_]*")

ByLine = dict[int | None, list[dict[str, object]]]
Marks = dict[str, ByLine]


def texts(table: Table) -> Table | None:
    """Recognise places of entities in other files; None for other tables.

    Raises:
        DataError: A file that is named is not there, or a place is none; or it is a list of names.
    """
    _refuse_names(table)
    if not table.path or not table.has_header or not set(table.columns) >= set(COLUMNS):
        return None
    marks = _marks(table)
    folder = Path(table.path).parent
    files = {name: _find(folder, name, table.name) for name in marks}
    columns = ("text", "label")

    def rows() -> Iterator[Row]:
        with Problems(table.name) as problems:
            for name, by_line in marks.items():
                for number, text in _texts(files[name], by_line):
                    origin = name if number is None else f"{name}:{number + 1}"
                    held = (text, by_line.get(number, []))
                    yield from jsonlines.sound(held, columns, origin, problems)

    reason = f"annotations for Amazon Comprehend: the texts are those of {', '.join(files)}"
    found = replace(table, format="jsonl", columns=columns, rows=rows)
    return replace(found, reasons=(*table.reasons, reason[:200]))


def _refuse_names(table: Table) -> None:
    """Refuse a list of entities: names and their types, in no text.

    Raises:
        DataError: It is one.
    """
    if not table.has_header or table.columns != LISTED:
        return
    rows = first_rows(table, SAMPLE)
    words = sum(len(text.split()) for text, _ in rows)
    if rows and words <= NAMES * len(rows) and all(_TYPE.fullmatch(kind) for _, kind in rows):
        raise DataError(
            f"{table.name}: a list of entities for Amazon Comprehend, names with their types, "
            f"which says of no text where they stand, as {excerpt(', '.join(rows[0]))}; give the "
            "annotations (File, Line, Begin Offset, End Offset, Type) beside their texts, or, if "
            "these are texts with classes, call the columns otherwise: text,label"
        )


def _marks(table: Table) -> Marks:
    """Collect the places, by file and line.

    Raises:
        DataError: With each row whose places are no whole numbers, and each file that has places
            both with a line and without.
    """
    found: dict[str, ByLine] = defaultdict(lambda: defaultdict(list))
    places = {name: table.columns.index(name) for name in (*COLUMNS, LINE) if name in table.columns}
    with Problems(table.name) as problems:
        for row in table.rows():
            file, start, end, kind = (row.cells[places[name]].strip() for name in COLUMNS)
            line = row.cells[places[LINE]].strip() if LINE in places else ""
            numbers = (start, end, line or "0")
            if not (file and kind and all(map(str.isdecimal, numbers))):
                held = excerpt(", ".join(row.cells))
                problems.add(f"{row.origin}: no place of an entity: {held}")
                continue
            number = int(line) if line else None
            found[Path(file).name][number].append(span(int(start), int(end), kind))
        for name, by_line in found.items():
            if None in by_line and len(by_line) > 1:
                what = f"{name!r}: some of its places name a line and some do not"
                problems.add(f"{table.name}: {what}", "name it for all of them, or for none")
    return found


def _find(folder: Path, name: str, table: str) -> Path:
    """Find a file beside the table, below it, or below the folder above.

    Raises:
        DataError: It is not there, or in several places.
    """
    for root in (folder, folder.parent):
        found = sorted({root / name, *root.glob(f"*/{name}")})
        there = [path for path in found if path.is_file()]
        if len(there) == 1:
            return there[0]
        if there:
            listed = " and ".join(map(str, there[:3]))
            raise DataError(f"{table}: {name!r} stands in {listed}; leave one of them")
    raise DataError(
        f"{table}: the text {name!r} is not there; put it beside the table, or in a folder there"
    )


def _texts(path: Path, marks: ByLine) -> Iterator[tuple[int | None, str]]:
    """Yield the texts of a file, each with its line, counted from 0.

    Raises:
        DataError: A line that is marked is not there.
    """
    if None in marks:
        yield None, "".join(pieces(path))
        return
    number = -1
    for number, line in enumerate(lines(path)):
        text = line.rstrip("\r\n")
        if text.strip() or number in marks:
            yield number, text
    if lost := [at for at in marks if at is not None and at > number]:
        raise DataError(
            f"{path.name}: has no line {lost[0]}, counted from 0, of which the annotations name "
            "places; is it the file that was annotated?"
        )
