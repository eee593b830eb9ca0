"""BioC's XML becomes rows: a text for each sentence of a passage, or for the passage itself.

Places of annotations count the characters of the document; where the words do not stand there, but
where the same places of the sentence or passage are, these are meant.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from textune.errors import DataError
from textune.reading import jsonlines
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import left_out, span
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "BioC"
COLUMNS = ("id", "text", "label")
KINDS = ("label", "type")  # keys of what an annotation is called, the first that is there


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is BioC."""
    return xml_elements.begins(head, "collection")


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe a collection of BioC.

    Raises:
        DataError: It is no XML, or holds no document.
    """
    others: Counter[str] = Counter()
    count = marked = 0
    for document, _ in xml_elements.elements(path, "document"):
        count += 1
        marked += document.find(".//annotation") is not None
        others["relations between entities"] += len(list(document.iter("relation")))
    if not count:
        raise DataError(f"{path.name}: BioC without a document")
    reasons = (*why, f"format: BioC (XML), {count:,} documents; each sentence or passage is a text")
    columns = COLUMNS if marked else COLUMNS[:-1]
    rows = partial(_rows, path, columns)
    return Table.of_file(path, "jsonl", columns, reasons, rows, findings=left_out(others))


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for document, number in xml_elements.elements(path, "document"):
            name = document.findtext("id") or str(number)
            for passage in document.iter("passage"):
                outer = passage.findall("annotation")
                for part in passage.findall("sentence") or [passage]:
                    origin = f"{path.name}: document {name}"
                    try:
                        text, spans = _read(part, passage, outer if part is not passage else ())
                    except ValueError as error:
                        row = part.findtext("text") or ""
                        problems.add(f"{origin}: {error}", row=row, origin=origin)
                        continue
                    if text:
                        held = (name, text, spans)[: len(columns)]
                        yield from jsonlines.sound(held, columns, origin, problems)


def _read(
    part: Element, passage: Element, outer: Sequence[Element]
) -> tuple[str, list[dict[str, object]]]:
    """Take the text of a sentence or passage, and the spans in it; those of the passage around too.

    Raises:
        ValueError: A place is no number.
    """
    text = part.findtext("text") or ""
    offset = _number(part.findtext("offset") or passage.findtext("offset") or "0")
    spans = [held for item in part.findall("annotation") for held in _spans(item, text, offset)]
    for item in outer:
        starts = [_number(place.get("offset")) for place in item.findall("location")]
        if starts and offset <= starts[0] < offset + len(text):
            spans += _spans(item, text, offset)
    return text, spans


def _spans(annotation: Element, text: str, offset: int) -> Iterator[dict[str, object]]:
    named = {item.get("key"): item.text for item in annotation.findall("infon")}
    kind = next((named[key] for key in KINDS if named.get(key)), next(iter(named.values()), None))
    places = annotation.findall("location")
    surface = annotation.findtext("text") if len(places) == 1 else None
    for place in places:
        start, length = _number(place.get("offset")), _number(place.get("length"))
        is_own = surface is not None and text[start : start + length] == surface
        is_whole = text[start - offset : start - offset + length] == surface
        start -= 0 if is_own and not is_whole else offset
        yield span(start, start + length, kind, surface)


def _number(text: str | None) -> int:
    if text is None or not text.strip().isdecimal():
        raise ValueError(f"a place is {text!r:.40}; allowed: a whole number")
    return int(text)
