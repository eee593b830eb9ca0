"""An element of XML becomes fields: attributes and texts by name, lists where they come back.

Text in which other elements stand (<p>met <EM CATEG="PER">Ada</EM> twice</p>) is a text with its
marks. Elements that say where they begin and end are spans of the text beside them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from textune.reading.forms.interface import span

KINDS = ("type", "category", "categ", "class", "label", "polarity", "kind", "ne")
"""Attributes that say what a marked stretch is, the first that is there."""
IDS = ("id", "no", "num", "number", "n", "nr", "index", "idx")
SAID = "said"  # of a mark: whether an attribute says what it is
SURFACES = ("text", "term", "target", "surface", "word")
STARTS = {"from": "to", "start": "end", "begin": "end", "startoffset": "endoffset"}
Span = dict[str, Any]
_RANGES = re.compile(r"\d+[-:]\d+(?:;\d+[-:]\d+)*")
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Fields:
    """What an element holds, by the names of the elements in it and of their attributes."""

    held: dict[str, list[str]] = field(default_factory=dict)
    marks: dict[str, list[list[Span]]] = field(default_factory=dict)  # in each of these values
    spans: list[Span] = field(default_factory=list)  # of elements with places
    stray: str = ""  # text beside elements where no text is looked for

    def add(self, name: str, value: str, marks: Sequence[Span] = ()) -> None:
        """Take a value into account; several of one name are a list."""
        self.held.setdefault(name, []).append(value)
        self.marks.setdefault(name, []).append([*marks])


def of(element: Element, own: str, mixed: frozenset[str]) -> Fields:
    """Take all that an element holds.

    Args:
        element: Of a tree.
        own: The name of its own text.
        mixed: Names of elements that are a text, and those in them marks.
    """
    found = Fields()
    for name, value in element.attrib.items():
        found.add(bare(name), value.strip())
    _inside(found, element, own, "", mixed)
    return found


def _inside(found: Fields, element: Element, own: str, prefix: str, mixed: frozenset[str]) -> None:
    """Take the text of an element, or what the elements in it hold."""
    if not len(element):
        if (element.text or "").strip() or not prefix:
            found.add(own, element.text or "")  # as it stands: places may count its signs
        return
    if element.tag in mixed:
        found.add(own, *marked(element))
        return
    pieces = (element.text, *(child.tail for child in element))
    found.stray = found.stray or next((one.strip() for one in pieces if one and one.strip()), "")
    for child in element:
        _walk(found, child, f"{prefix}{bare(child.tag)}", mixed)


def _walk(found: Fields, element: Element, name: str, mixed: frozenset[str]) -> None:
    given = {bare(key).lower(): value.strip() for key, value in element.attrib.items()}
    if given and (places := places_of(given)):
        kind = next((given[key] for key in KINDS if given.get(key)), bare(element.tag))
        surface = next((given[key] for key in SURFACES if given.get(key)), element.text)
        surface = surface if surface and len(places) == 1 else None
        found.spans += [span(start, end, kind, surface) for start, end in places]
        return
    for key, value in element.attrib.items():
        found.add(f"{name}.{bare(key)}", value.strip())
    _inside(found, element, name, f"{name}.", mixed)


def places_of(given: Mapping[str, str]) -> list[tuple[int, int]]:
    """Read the places that attributes give, in the one or the other of the usual ways."""
    for start, end in STARTS.items():
        if given.get(start, "").isdecimal() and given.get(end, "").isdecimal():
            return [(int(given[start]), int(given[end]))]
    ranges = given.get("charoffset", "")
    if _RANGES.fullmatch(ranges):
        return [(int(a), int(b)) for a, b in re.findall(r"(\d+)[-:](\d+)", ranges)]
    return []


def is_mixed(element: Element) -> bool:
    """Tell whether text stands between the elements in an element."""
    return any((child.tail or "").strip() for child in element) or (
        len(element) > 0 and bool((element.text or "").strip())
    )


def bare(tag: object) -> str:
    """Take the name of a namespace off a name."""
    return str(tag).rpartition("}")[2]


def marked(element: Element) -> tuple[str, list[Span]]:
    """Return the text of an element, its runs of white space as one space, and what is marked."""
    text, marks = "", list[Span]()

    def write(piece: str | None) -> None:
        nonlocal text
        plain = _SPACE.sub(" ", piece or "")
        text += plain.lstrip() if not text or text.endswith(" ") else plain

    def read(inner: Element) -> None:
        write(inner.text)
        for child in inner:
            known = len(marks)
            start = len(text)
            read(child)
            surface = text[start:]
            first = start + len(surface) - len(surface.lstrip())
            if surface.strip():
                end = first + len(surface.strip())
                kind, is_said = kind_of(child)
                mark = span(first, end, kind, surface.strip()) | {SAID: is_said}
                marks.insert(known, mark)
            write(child.tail)

    read(element)
    return text.rstrip(), marks


def kind_of(element: Element) -> tuple[str, bool]:
    """Name what an element marks, and tell whether an attribute says so, or its own name.

    It is blank where other attributes say what it is, as senses of words do.
    """
    given = {bare(key).lower(): value for key, value in element.attrib.items()}
    said = next((given[key] for key in KINDS if given.get(key)), "")
    return said or ("" if {*given} - {*IDS} else bare(element.tag)), bool(said)


def fitting(found: Sequence[Fields], name: str) -> int | None:
    """Tell whether spans stand in the texts of a name: 0, or 1 where their ends are inclusive.

    None where most say what stands there and it does not.
    """
    fits, said = [0, 0], 0
    for text, one in _spans_in(found, name):
        surface = one.get("text")
        said += surface is not None
        for more in (0, 1):
            fits[more] += surface == text[one["start"] : one["end"] + more]
    if not said:
        return 0 if all(one["end"] <= len(text) for text, one in _spans_in(found, name)) else None
    best = max((0, 1), key=lambda more: fits[more])
    return best if fits[best] >= 0.9 * said else None


def end_of(one: Mapping[str, Any], text: str, more: int) -> int:
    """Return where a span ends: as most do, or as its words say."""
    surface, start, end = one.get("text"), int(one["start"]), int(one["end"])
    fits = [each for each in (0, 1) if surface == text[start : end + each]]
    return end + (fits[0] if len(fits) == 1 else more)


def _spans_in(found: Sequence[Fields], name: str) -> Iterator[tuple[str, Span]]:
    for one in found:
        text = "\n".join(one.held.get(name, ()))
        yield from ((text, each) for each in one.spans)
