"""WebAnno TSV 1 and 2 become sentences, as those of WebAnno TSV 3 do.

The first line names layers and their features: " # ….NamedEntity | value". A word is
"1-1<tab>Clara<tab>B-PER". "O" and "_" are no mark, and of stacked marks ("B-PER|B-LOC") the first
is read.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading.conll import as_lists
from textune.reading.forms.interface import left_out
from textune.reading.forms.webanno import NUMBER, STACKED, Word, by_sentence, sound
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "WebAnno TSV 1 or 2"

_BEGINS = re.compile(rb" ?# [\w.]+ \|[^\n]*\n(\s*\n)*#id=")


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is an old WebAnno TSV."""
    return _BEGINS.match(head) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe a file of old WebAnno TSV; what is wrong with it is raised by `Table.rows`.

    Raises:
        DataError: No layer of it marks words.
    """
    features = _features(next(lines(path)))
    if not features:
        raise DataError(f"{path.name}: {NAME} without a layer that marks words; export another")
    stacked = 0
    for line in lines(path):
        cells = line.rstrip("\r\n").split("\t")
        if NUMBER.fullmatch(cells[0]):
            stacked += sum("|" in cells[at] for at in features.values() if at < len(cells))
    reasons = (*why, f"format: {NAME}, one word a line")
    rows = partial(_rows, path, tuple(features.values()))
    names = ("word", *features)
    findings = left_out({STACKED: stacked})
    return Table.of_file(path, "conll", names, reasons, rows, findings=findings)


def _features(header: str) -> dict[str, int]:
    """Name the features that mark words, with their columns; relations between words mark none."""
    found: dict[str, int] = {}
    place = 2
    for part in re.split(r"(?:^|\s)# ", header.strip()):
        layer, *names = (name.strip() for name in part.split("|"))
        is_relation = any(name.startswith("AttachTo=") for name in names)
        for name in names:
            if not is_relation:
                free = name if name not in found else f"{layer.rpartition('.')[2]}.{name}"
                found[free] = place
            place += 1
    return found


def _rows(path: Path, places: tuple[int, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for first, words in sound(by_sentence(_words(path, max(places))), path.name, problems):
            if not problems.count:
                table = [[cells[1], *(_mark(cells[at]) for at in places)] for cells in words]
                yield as_lists(table, f"{path.name}:{first}")


def _mark(cell: str) -> str:
    first = cell.split("|")[0].strip()
    return "O" if first in ("", "_") else first


def _words(path: Path, last: int) -> Iterator[Word]:
    """Yield the words, each with its line, and the lines that should be one."""
    is_after_blank = True
    for number, line in enumerate(lines(path), start=1):
        text = line.rstrip("\r\n")
        if number == 1 or not text.strip() or text.startswith("#"):
            is_after_blank = True
            continue
        cells = text.split("\t")
        is_sound = NUMBER.fullmatch(cells[0]) and len(cells) > last
        what = f"expected the number of a word, the word and its marks: {excerpt(text)}"
        yield Word(number, cells, "" if is_sound else what, is_after_blank)
        is_after_blank = False
