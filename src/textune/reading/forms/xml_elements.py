"""A file of XML becomes its elements of some names, one after the other, in bounded memory."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from textune.errors import DataError
from textune.reading.lines import pieces

PROLOG = rb"(?s)(?:\s*<\?.*?\?>|\s*<!--.*?-->|\s*<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>)*\s*"
"""What may stand before the first element."""
DEEPEST = 200  # elements in each other


def begins(head: bytes, *names: str) -> bool:
    """Tell by the first bytes whether the first element of a file has one of these names."""
    listed = "|".join(names).encode()
    return re.match(PROLOG + rb"<(?:" + listed + rb")[\s>]", head) is not None


def too_deep(path: Path) -> DataError:
    """Return the refusal of a file whose elements stand in each other more than `DEEPEST` deep."""
    return DataError(
        f"{path.name}: elements stand in each other more than {DEEPEST} deep; write its texts and "
        "labels as CSV or as JSON, one object a row"
    )


def tree(path: Path) -> Element:
    """Parse a file as a whole, and return its first element.

    Raises:
        DataError: It is no XML, with the line, or its elements stand too deep in each other.
    """
    root, depth = None, 0
    for event, element in _events(path):
        root = element if root is None else root
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise too_deep(path)
    if root is None:
        raise DataError(f"{path.name}: this is no XML; no element stands in it")
    return root


def elements(path: Path, *names: str) -> Iterator[tuple[Element, int]]:
    """Stream the elements of these names, each with its number among those of its name.

    Raises:
        DataError: It is no XML, with the line.
    """
    counts = dict.fromkeys(names, 0)
    inside = 0  # elements of these names that are open
    for event, element in _events(path):
        if element.tag not in counts:
            if event == "end" and not inside:
                element.clear()
            continue
        inside += 1 if event == "start" else -1
        if event == "end":
            counts[element.tag] += 1
            if not inside:
                yield element, counts[element.tag]
                element.clear()


def _events(path: Path) -> Iterator[tuple[str, Element]]:
    parser: Any = XMLPullParser(events=("start", "end"))
    try:
        for piece in pieces(path):
            parser.feed(piece)
            yield from parser.read_events()
        parser.close()
    except ParseError as error:
        raise DataError(f"{path.name}:{error.position[0]}: this is no XML ({error})") from error
    yield from parser.read_events()
