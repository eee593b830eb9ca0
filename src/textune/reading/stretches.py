"""A text file becomes its lines, of whatever length: an endless one comes in stretches."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from textune.reading.lines import blocks

BLOCK = 1 << 20  # bytes read at a time
STRETCH = 1_000_000  # characters in the longest stretch
_END = 1 << 16  # characters at the end of a stretch among which white space is looked for

_LAST_SPACE = re.compile(r"\s\S*\Z")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line with text in it, or a part of one that is too long to be held in memory."""

    line: int  # from 1
    text: str  # without the line end
    begins: bool  # whether its line begins with it
    after_blank: bool  # whether it is the first after a blank line, or of the file


def stretches(path: Path) -> Iterator[Stretch]:
    """Stream the lines of a text file that are not blank, a long one in parts.

    Put end to end, the parts are the line; only a whole stretch of white space is left out.

    Raises:
        DataError: The file cannot be read, or is no UTF-8 text.
    """
    number, is_blank, is_after_blank = 0, True, True
    for line, text in _parts(path):
        if line != number:
            number, is_after_blank, is_blank = line, is_blank, True
        if text and not text.isspace():
            yield Stretch(line, text, is_blank, is_blank and is_after_blank)
            is_blank = False


def _parts(path: Path) -> Iterator[tuple[int, str]]:
    """Stream all lines with their numbers; the parts of a line have the same number."""
    line, held = 1, ""
    for _, piece in blocks(path, BLOCK):
        text = held + piece
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        for whole in StringIO(text[:end], newline=""):
            for part in parts(whole.rstrip("\r\n"), STRETCH):
                yield line, part
            line += 1
        *whole_parts, held = parts(text[end:], STRETCH)
        for part in whole_parts:
            yield line, part
    if held:
        yield line, held


def parts(text: str, most: int) -> list[str]:
    """Part a text after the last white space that so many characters have, else anywhere."""
    found = []
    while len(text) > most:
        space = _LAST_SPACE.search(text[most - _END : most])
        at = most - _END + space.start() + 1 if space else most
        found.append(text[:at])
        text = text[at:]
    return [*found, text]
