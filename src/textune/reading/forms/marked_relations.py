"""Numbered sentences with two marked terms, each with its relation beneath, become rows.

So SemEval-2010 task 8, KBP37 and others after it are handed on; blank lines part the sentences:

    1   "The <e1>child</e1> was wrapped and bound into the <e2>cradle</e2>."
    Entity-Destination(e1,e2)
    Comment: what an annotator remarked, or nothing
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textune.errors import Problems
from textune.reading import jsonlines
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "numbered sentences with <e1> and <e2>, their relation beneath"
MARKS = ("<e1>", "</e1>", "<e2>", "</e2>")
COMMENT = "comment:"
COLUMNS = ("id", "text", "relation")
LOOKED_AT = 8  # sentences by which it is recognised
_NUMBERED = re.compile(r"(\d+)\s+(\S.*)")


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first lines whether a file has sentences with a relation beneath each."""
    if MARKS[0].encode() not in head:
        return False
    found = [line.strip() for line in head.decode(errors="replace").splitlines()]
    starts = [at for at, line in enumerate(found[:-1]) if _is_sentence(line)][:LOOKED_AT]
    after = [at for at in starts if found[at + 1] and not _is_sentence(found[at + 1])]
    return bool(starts) and starts[0] == 0 and after == starts


def _is_sentence(line: str) -> bool:
    return bool(_NUMBERED.fullmatch(line)) and all(mark in line for mark in MARKS)


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the sentences of a file."""
    reasons = (
        *why,
        f"format: {NAME}",
        "the marks stay in the text, for they say whose relation it is; comments are left out",
    )
    return Table.of_file(path, "jsonl", COLUMNS, reasons, partial(_rows, path))


def _rows(path: Path) -> Iterator[Row]:
    """Join the lines of each sentence.

    Raises:
        DataError: A sentence has no relation, or a relation no sentence.
    """
    held: list[str] = []
    began = 1
    with problems_of(path) as problems:
        for number, line in enumerate(lines(path), start=1):
            if held and (not line.strip() or _is_sentence(line.strip())):
                yield from _row(held, f"{path.name}:{began}", problems)
                held = []
            if line.strip():
                began = number if not held else began
                held.append(line.strip())
        if held:
            yield from _row(held, f"{path.name}:{began}", problems)


def _row(held: list[str], origin: str, problems: Problems) -> Iterator[Row]:
    said = [line for line in held if not line.lower().startswith(COMMENT)]
    if len(said) != 2 or not _is_sentence(said[0]):
        what = "expected a number, a sentence with <e1> and <e2>, and its relation on the next line"
        problems.add(f"{origin}: {what}, found {held[0]!r:.60}", row=held[0], origin=origin)
        return
    found = _NUMBERED.fullmatch(said[0])
    assert found is not None  # of a sentence
    number, text = found.groups()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    yield from jsonlines.sound((number, text, said[1]), COLUMNS, origin, problems)
