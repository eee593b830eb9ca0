"""Training data of Rasa NLU in Markdown: "## intent:greet", then "- an example" a line.

Entities are marked as in its YAML; sections of synonyms, look-up tables and regular expressions
hold no examples.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textune.errors import DataError, Problems, excerpt
from textune.reading import jsonlines
from textune.reading.forms import rasa
from textune.reading.forms.interface import left_out
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "training data of Rasa in Markdown"

_BEGINS = re.compile(rb"(?s)(\s*<!--.*?-->)*\s*##\s*(intent|synonym|lookup|regex):")
_SECTION = re.compile(r"##\s*(\w+):\s*(.+)")
_COMMENT = re.compile(r"<!--.*?-->")
_BULLETS = "-*+"


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is Rasa's Markdown."""
    return _BEGINS.match(head) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the examples of a file of Markdown.

    Raises:
        DataError: It has no example.
    """
    sections = [match[1] for _, line in _lines(path) if (match := _SECTION.fullmatch(line))]
    counts = Counter(f"lists of {kind}" for kind in sections if kind != "intent")
    found = list(_examples(path, Problems(path.name)))
    if not found:
        raise DataError(f"{path.name}: no intent has an example ('- how are you' under it)")
    columns = rasa.COLUMNS if any(spans for _, _, _, spans in found) else rasa.COLUMNS[:2]
    reasons = (*why, f"format: {NAME}: the intent of each example, the marks taken out of the text")
    rows = partial(_rows, path, columns)
    return Table.of_file(path, "jsonl", columns, reasons, rows, findings=left_out(counts))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines(path), start=1):
        if text := _COMMENT.sub("", line).strip():
            yield number, text


def _examples(
    path: Path, problems: Problems
) -> Iterator[tuple[int, str, str, list[dict[str, object]]]]:
    intent = ""
    for number, line in _lines(path):
        if match := _SECTION.fullmatch(line):
            intent = match[2].strip() if match[1] == "intent" else ""
        elif intent and line[0] in _BULLETS and line.strip(_BULLETS + " "):
            try:
                text, spans = rasa.unmarked(line[1:].strip())
            except ValueError as error:
                problems.add(f"{path.name}:{number}: {error}: {excerpt(line)}", row=line)
                continue
            yield number, text, intent, spans


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for number, text, intent, spans in _examples(path, problems):
            held = (text, intent, spans)[: len(columns)]
            yield from jsonlines.sound(held, columns, f"{path.name}:{number}", problems)
