"""brat's annotations become rows: each .txt is a text, the .ann beside it holds its spans.

A line "T1<tab>PER 0 5<tab>Clara" marks a span, places counted in characters. Spans of several parts
are marked part by part; relations, events, attributes and notes are counted and left out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading import jsonlines, splits
from textune.reading.forms.interface import left_out, span
from textune.reading.lines import BOM, lines, opened, pieces
from textune.reading.told import below, problems_of
from textune.records import Finding, Row, Table

NAME = "annotations of brat"
COLUMNS = ("text", "label")
ENDING = ".ann"
KINDS = {
    "R": "relations",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "links to a knowledge base",
    "#": "notes",
    "*": "equivalences",
}

_BEGINS = re.compile(rb"\s*[TREAMN#*]\d*\t\S+[ \t]")
_MARK = re.compile(r"T\d*\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")

Faulty = list[tuple[str, str]]
"""What is wrong with a text or its annotations, each with the way out."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A span of one or several parts."""

    kind: str
    parts: tuple[tuple[int, int], ...]
    surface: str | None


def begins(path: Path, head: bytes) -> bool:
    """Tell by its ending and its first bytes whether a file holds annotations of brat."""
    return path.suffix == ENDING and (not head.strip() or _BEGINS.match(head) is not None)


def is_folder(folder: Path) -> bool:
    """Tell whether a folder holds annotations of brat, at any depth."""
    return next(folder.rglob(f"*{ENDING}"), None) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe one text by the path of its annotations.

    Raises:
        DataError: The text is not there, or a line of the annotations is none.
    """
    return _table(below(path, path.parent), [path], path, why)


def read_folder(folder: Path) -> Table:
    """Describe the texts of a folder; of several parts (train, test, …) that to be learned from.

    Raises:
        DataError: A text is not there, or a line of the annotations is none.
    """
    found, said = splits.learned(folder, is_folder)
    part = folder if found == folder else below(folder, found)
    return _table(part, sorted(part.rglob(f"*{ENDING}")), part, said)


def _table(root: Path, files: Sequence[Path], place: Path, why: tuple[str, ...]) -> Table:
    others: Counter[str] = Counter()
    torn: list[str] = []
    problems = problems_of(root)
    problems.name = place.name
    for file in files:
        _, marks, faults = _read(root, file, others)
        torn += [_named(root, file) for mark in marks if len(mark.parts) > 1]
        for message, way_out in () if problems.skips else faults:
            problems.add(message, way_out)
    problems.raise_any()
    reasons = (f"format: {NAME}, a text for each .txt that has an .ann beside it", *why)
    findings = list(_findings(root, files, others, torn))
    rows = partial(_rows, root, files)
    return Table.of_file(place, "jsonl", COLUMNS, reasons, rows, findings=tuple(findings))


def _read(root: Path, file: Path, others: Counter[str]) -> tuple[str, list[_Mark], Faulty]:
    """Read a file of annotations and the text beside it, and what is wrong with either."""
    beside, text, marks = file.with_suffix(".txt"), "", list[_Mark]()
    faults: Faulty = []
    if not beside.is_file():
        way_out = "put the text there, or take the annotations away"
        faults.append((f"{_named(root, file)}: there is no {beside.name} beside it", way_out))
    try:
        text = "".join(pieces(below(root, beside))) if not faults else ""
        marks += _marks(root, file, text, faults, others)
        text = _with_signs(text, beside, marks) if _fitting(text, marks) < len(marks) else text
    except DataError as error:
        faults.append((str(error), ""))
    return text, marks, faults


def _with_signs(text: str, beside: Path, marks: Sequence[_Mark]) -> str:
    """Keep byte order marks inside a text, which reading drops, where the places count them."""
    with opened(beside) as file:
        whole = file.read().removeprefix(BOM).decode(errors="replace")
    return whole if _fitting(whole, marks) > _fitting(text, marks) else text


def _fitting(text: str, marks: Sequence[_Mark]) -> int:
    """Count the marks whose words stand where they say."""
    return sum(text[start:end] == mark.surface for mark in marks for start, end in mark.parts[:1])


def _named(root: Path, file: Path) -> str:
    return str(file.relative_to(root))


def _findings(
    root: Path, files: Sequence[Path], others: Counter[str], torn: Sequence[str]
) -> Iterator[Finding]:
    yield from left_out(others)
    if torn:
        are = "spans have" if len(torn) > 1 else "span has"
        message = f"{len(torn):,} {are} a gap: each part is marked by itself; first: {torn[0]}"
        yield Finding("spans", "warning", message, len(torn), tuple(torn[:3]))
    if len(files) < 2:  # one is named by itself: what stands beside it is none of its texts
        return
    known = {file.with_suffix(".txt") for file in files}
    if alone := [text for text in sorted(root.rglob("*.txt")) if text not in known]:
        message = (
            f"without an .ann, so not annotated, and left out: {len(alone):,} of the texts; first: "
            f"{_named(root, alone[0])}"
        )
        yield Finding("left out", "warning", message, len(alone), (_named(root, alone[0]),))


def _marks(
    root: Path, file: Path, text: str, faults: Faulty, others: Counter[str]
) -> Iterator[_Mark]:
    for number, line in enumerate(lines(below(root, file)), start=1):
        line = line.rstrip("\r\n")
        if not line.startswith("T"):
            if line.strip():
                others[KINDS.get(line[0], "other lines")] += 1
            continue
        if not (match := _MARK.fullmatch(line)):
            what = "expected a number, a type with start and end, and the words, parted by tabs"
            faults.append((f"{_named(root, file)}:{number}: {what}: {excerpt(line)}", ""))
            continue
        places = [tuple(map(int, part.split())) for part in match[2].split(";")]
        parts = _joined([(start, end) for start, end in places], text)
        yield _Mark(match[1], parts, match[3] if len(parts) == 1 and len(places) == 1 else None)


def _joined(places: Sequence[tuple[int, int]], text: str) -> tuple[tuple[int, int], ...]:
    """Join parts between which only white space stands, as brat parts spans where a line ends."""
    parts: list[tuple[int, int]] = []
    for start, end in places:
        if parts and parts[-1][1] <= start and not text[parts[-1][1] : start].strip():
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
    return tuple(parts)


def _rows(root: Path, files: Sequence[Path]) -> Iterator[Row]:
    with problems_of(root) as problems:
        for file in files:
            origin = _named(root, file.with_suffix(".txt"))
            text, marks, faults = _read(root, file, Counter())
            if faults:
                problems.add_together(faults, "a text", row=text, origin=origin)
                continue
            spans = [
                span(start, end, mark.kind, mark.surface)
                for mark in marks
                for start, end in mark.parts
            ]
            yield from jsonlines.sound((text, spans), COLUMNS, origin, problems)
