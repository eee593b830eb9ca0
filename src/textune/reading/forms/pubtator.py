"""PubTator's documents become rows: title and abstract as one text, with the spans of their types.

A document is "1234|t|title", "1234|a|abstract" and a line a mention: its number, start, end, the
words, the type; places count the characters of both with one sign between them.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading import jsonlines
from textune.reading.forms.interface import left_out, span
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "PubTator"
COLUMNS = ("id", "text", "label")

APART = "a blank line parts documents, each has one title and one abstract"
_BEGINS = re.compile(rb"\s*[\w.-]+\|[ta]\|")
_PART = re.compile(r"([\w.-]+)\|([ta])\|(.*)", re.DOTALL)


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is one of PubTator's."""
    return _BEGINS.match(head) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe a file of PubTator; what is wrong with it is raised by `Table.rows`."""
    relations = sum(_is_relation(line.split("\t")) for line in lines(path))
    reasons = (*why, "format: PubTator, title and abstract are one text")
    findings = left_out({"relations between entities": relations})
    rows = partial(_rows, path)
    return Table.of_file(path, "jsonl", COLUMNS, reasons, rows, findings=findings)


def _rows(path: Path) -> Iterator[Row]:
    count = 0
    with problems_of(path) as problems:
        for first, document in _documents(path):
            count += 1
            place = f"{path.name}:{first}"
            cells, torn = _read(path.name, document)
            if not cells[1]:
                torn.append((f"{place}: mentions without a title or an abstract", ""))
            if torn:
                row = "\n".join(line for _, line in document)
                problems.add_together(torn, "a document", row=row, origin=place)
                continue
            yield from jsonlines.sound(cells, COLUMNS, place, problems)
    if not count:
        raise DataError(f"{path.name}: there is no document in it")


def _read(
    file: str, document: Sequence[tuple[int, str]]
) -> tuple[tuple[object, ...], list[tuple[str, str]]]:
    """Read number, text and spans of a document, and what is wrong with it."""
    parts: dict[str, str] = {}
    spans: list[dict[str, object]] = []
    torn: list[tuple[str, str]] = []
    name = ""
    for number, line in document:
        if match := _PART.fullmatch(line):
            if match[2] in parts or name not in ("", match[1]):
                what = f"another {'title' if match[2] == 't' else 'abstract'}"
                torn.append((f"{file}:{number}: {what} in one document", APART))
            name = match[1]
            parts[match[2]] = match[3]
        elif fault := _mention(line, spans):
            torn.append((f"{file}:{number}: {fault}: {excerpt(line)}", ""))
    text = " ".join(parts[key] for key in ("t", "a") if key in parts)
    return (name, text, spans), torn


def _documents(path: Path) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """Part the numbered lines where a blank line stands or another title begins."""
    held: list[tuple[int, str]] = []
    for number, line in enumerate(lines(path), start=1):
        text = line.rstrip("\r\n")
        is_title = bool(match := _PART.fullmatch(text)) and match is not None and match[2] == "t"
        if held and (not text.strip() or is_title):
            yield held[0][0], held
            held = []
        if text.strip():
            held.append((number, text))
    if held:
        yield held[0][0], held


def _mention(line: str, spans: list[dict[str, object]]) -> str:
    """Take a mention; say what is wrong with its line, "" where it is sound or a relation."""
    cells = line.split("\t")
    if _is_relation(cells):
        return ""
    if len(cells) < 5 or not (cells[1].isdecimal() and cells[2].isdecimal()):
        return "expected number, start, end, words and type, parted by tabs"
    spans.append(span(int(cells[1]), int(cells[2]), cells[4], cells[3]))
    return ""


def _is_relation(cells: list[str]) -> bool:
    """Tell a relation: its kind, the two it is between and, of BioRED, whether it is new."""
    return len(cells) in (4, 5) and not cells[1].isdecimal()
