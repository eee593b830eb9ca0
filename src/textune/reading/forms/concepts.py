"""Concepts of i2b2 (.con) become rows: each line of the text beside them, with its spans.

A line `c="a fall" 13:29 13:30||t="problem"` names the words of a concept: the line, counted from 1,
and the word in it, counted from 0, of the first and of the last one. Assertions (.ast) say of each
concept whether it is there, ||a="absent", by which it goes then; beside concepts they are not read.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from glob import escape
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading import jsonlines, kinds, splits
from textune.reading.forms.interface import span
from textune.reading.lines import BOM, lines, opened
from textune.reading.told import below, problems_of
from textune.records import Row, Table

NAME = "concepts of i2b2"
COLUMNS = ("text", "label")
ENDING = ".con"
ENDINGS = (ENDING, ".ast")  # of which a folder is read by the first that is there
HEAD = 4096
_BEGINS = re.compile(rb'\s*c="[^\n]*" \d+:\d+ \d+:\d+\|\|t="')
_CONCEPT = re.compile(
    r'c="(.*)" (\d{1,9}):(\d{1,9}) (\d{1,9}):(\d{1,9})\|\|t="([^"]+)"(?:\|\|a="([^"]+)")?'
)
_WORD = re.compile(r"\S+")

Found = dict[int, list[tuple[int, int, str, str]]]
"""By the number of a line: the first and the last word of a concept, its type and its words."""


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file holds concepts of i2b2."""
    return _BEGINS.match(head) is not None or (path.suffix == ENDING and not head.strip())


def is_folder(folder: Path) -> bool:
    """Tell whether a folder holds concepts of i2b2, at any depth."""
    return bool(_files(folder))


def is_file(path: Path) -> bool:
    """Tell whether a file holds concepts of i2b2, rather than what other programs call so."""
    if path.suffix not in ENDINGS or not path.is_file():
        return False
    with opened(path) as file:
        return _BEGINS.match(file.read(HEAD).removeprefix(BOM)) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the lines of one text by the path of its concepts."""
    return _table(below(path, path.parent), [path], path, why)


def read_folder(folder: Path) -> Table:
    """Describe the lines of all texts of a folder."""
    return _table(folder, _files(folder), folder, ())


def _files(folder: Path) -> list[Path]:
    """List the concepts of a folder, not all of them empty; [] where there are none.

    Assertions alone that stand beside tables are of these, which are read.
    """
    for ending in ENDINGS:
        files = sorted(folder.rglob(f"*{ending}"))
        if any(map(is_file, files)):
            return files if ending == ENDING or not _has_tables(folder) else []
    return []


def _has_tables(folder: Path) -> bool:
    files = (file for file in folder.rglob("*") if file.is_file() and not splits.is_noise(file))
    return any(kinds.holds_rows(file) for file in files)


def _table(root: Path, files: Sequence[Path], place: Path, why: tuple[str, ...]) -> Table:
    for file in files:
        _text_of(root, file)
    reasons = (
        f"format: {NAME}, a row for each line of the texts beside them that is not blank",
        *why,
    )
    return Table.of_file(place, "jsonl", COLUMNS, reasons, partial(_rows, root, files))


def _text_of(root: Path, file: Path) -> Path:
    """Find the text of concepts: beside them, or in a folder beside theirs.

    Raises:
        DataError: It is not there, or in several places.
    """
    name = f"{file.stem}.txt"
    beside = file.with_name(name)
    found = [beside] if beside.is_file() else sorted(file.parent.parent.glob(f"*/{escape(name)}"))
    if len(found) == 1:
        return below(root, found[0])
    what = f"stands in {' and '.join(map(str, found[:3]))}" if found else "is not there"
    raise DataError(
        f"{file.name}: the text {name!r} {what}; put it beside the concepts, or in a folder beside "
        "theirs (concept/, txt/)"
    )


def _rows(root: Path, files: Sequence[Path]) -> Iterator[Row]:
    with problems_of(root) as problems:
        for file in files:
            text = _text_of(root, file)
            try:
                concepts = _concepts(root, file)
                held = [*_lines(text, concepts)]
            except ValueError as error:
                problems.add(f"{file.name}: {error}", origin=file.name)
                continue
            for number, line, spans in held:
                origin = f"{text.name}:{number}"
                yield from jsonlines.sound((line, spans), COLUMNS, origin, problems)


def _concepts(root: Path, file: Path) -> Found:
    """Read the concepts of a file.

    Raises:
        ValueError: A line is none, or a concept goes over a line's end.
    """
    found: Found = defaultdict(list)
    for number, line in enumerate(lines(below(root, file)), start=1):
        match = _CONCEPT.fullmatch(line.strip())
        if line.strip() and (match is None or match[2] != match[4]):
            raise ValueError(f"line {number}: no concept of words in one line: {excerpt(line)}")
        if match:
            kind = match[7] or match[6]
            found[int(match[2])].append((int(match[3]), int(match[5]), kind, match[1]))
    return found


def _lines(text: Path, concepts: Found) -> Iterator[tuple[int, str, list[dict[str, object]]]]:
    """Yield the lines of a text with their numbers and spans.

    Raises:
        ValueError: Other words stand where a concept is said to.
    """
    left = dict(concepts)
    for number, held in enumerate(lines(text), start=1):
        line = held.rstrip("\r\n")
        words = [match.span() for match in _WORD.finditer(line)]
        spans = []
        for first, last, kind, said in left.pop(number, ()):
            there = " ".join(line[a:b] for a, b in words[first : last + 1])
            if not there or there.lower() != " ".join(said.split()).lower():
                what = f"{excerpt(said)} is not at {number}:{first} {number}:{last}"
                raise ValueError(f"{what} of {text.name}, where {excerpt(there)} stands")
            spans.append(span(words[first][0], words[last][1], kind))
        if line.strip():
            yield number, line, spans
    if left:
        raise ValueError(f"{text.name} has no line {min(left)}, of which a concept is said")
