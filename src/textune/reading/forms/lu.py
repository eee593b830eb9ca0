"""Utterances of Bot Framework (.lu): "# Intent", then "- an utterance" a line, become rows.

Entities are marked, {@city=Oslo} or {city=Oslo}, marks in marks too. Patterns, in which an entity
stands without words ({@city}), definitions of entities and their values, comments (>) and links to
other files hold no utterances.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textune.errors import DataError, Problems, excerpt
from textune.reading import jsonlines
from textune.reading.forms.interface import left_out, span
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "utterances of Bot Framework (.lu)"
ENDING = ".lu"
DEEPEST = 20  # marks in each other, beyond which a line is no utterance
COLUMNS = ("text", "intent", "entities")
_HEADING = re.compile(r"#+\s*([^\s#?].*)")
_PATTERN = re.compile(r"\{@?[\w:. -]+\}")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")
_MARK = re.compile(r"\{\s*+(?:@\s*+)?+(?P<name>[\w:.-]++(?: ++[\w:.-]++)*+)\s*+=\s*+|\}")

Spans = list[dict[str, object]]


def begins(path: Path, head: bytes) -> bool:
    """Tell by its ending, and by an utterance, whether a file is one of Bot Framework."""
    return (
        path.suffix.lower() == ENDING and re.search(rb"(?m)^\s*#.*\n+\s*[-*+] ", head) is not None
    )


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the utterances of a file.

    Raises:
        DataError: It has none.
    """
    others: Counter[str] = Counter()
    found = list(_utterances(path, Problems(path.name), others))
    if not found:
        raise DataError(f"{path.name}: no intent has an utterance ('- book a flight' under it)")
    columns = COLUMNS if any(spans for _, _, _, spans in found) else COLUMNS[:2]
    reasons = (*why, f"format: {NAME}: the intent of each, the marks taken out of the text")
    rows = partial(_rows, path, columns)
    return Table.of_file(path, "jsonl", columns, reasons, rows, findings=left_out(others))


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for number, text, intent, spans in _utterances(path, problems, Counter()):
            held = (text, intent, spans)[: len(columns)]
            yield from jsonlines.sound(held, columns, f"{path.name}:{number}", problems)


def _utterances(
    path: Path, problems: Problems, others: Counter[str]
) -> Iterator[tuple[int, str, str, Spans]]:
    intent = ""
    for number, held in enumerate(lines(path), start=1):
        line = held.strip()
        if line.startswith("#"):
            match = _HEADING.fullmatch(line)
            intent = match[1].strip() if match else ""
        elif line.startswith(("@", "$")):
            intent = ""  # what follows are values of an entity
            others["definitions of entities"] += 1
        elif intent and line[:1] in ("-", "*", "+") and (said := line[1:].strip()):
            if _LINK.fullmatch(said) or _PATTERN.search(said):
                others["patterns and links"] += 1
                continue
            try:
                text, spans = _unmarked(said)
            except ValueError as error:
                problems.add(f"{path.name}:{number}: {error}: {excerpt(line)}", row=line)
                continue
            yield number, text, intent, spans


def _unmarked(said: str) -> tuple[str, Spans]:
    """Take the marks out of an utterance.

    Raises:
        ValueError: One is opened and not closed, or the other way round; or too deep in others.
    """
    text, at = "", 0
    opened: list[tuple[str, int]] = []
    spans: Spans = []
    for mark in _MARK.finditer(said):
        before = said[at : mark.start()]
        text += before if mark["name"] else before.rstrip()
        at = mark.end()
        if mark["name"]:
            if len(opened) == DEEPEST:
                what = f"more than {DEEPEST} marks stand in each other"
                raise ValueError(f"{what}; allowed: {DEEPEST}; mark fewer")
            opened.append((mark["name"], len(text)))
            continue
        if not opened:
            raise ValueError("a mark is closed that was not opened")
        name, start = opened.pop()
        spans.append(span(start, len(text), name))
    if opened:
        raise ValueError(f"the mark {opened[0][0]!r} is never closed")
    return text + said[at:], sorted(spans, key=lambda one: int(str(one["start"])))
