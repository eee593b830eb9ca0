"""Documents of XML with tags beside their text become rows: MAE's, i2b2's and GATE's.

A file is a document: <TEXT>…</TEXT> and <TAGS> with places in it (MAE, i2b2), or GATE's text with
numbered nodes, between which its annotations stand. Links between tags are left out, and so is what
GATE marks by itself: tokens, sentences, gazetteers' finds and the marks of the original file.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from textune.reading import jsonlines, kinds, splits
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import left_out, span
from textune.reading.lines import BOM, opened, pieces
from textune.reading.told import below, problems_of
from textune.records import Row, Table

NAME = "documents with tags beside their text"
ENDING = ".xml"
TEXT, LABEL, TYPE = "text", "label", "type"
OWN_SET = "annotations"  # of GATE: the set without a name
BY_PROGRAM = frozenset(["DEFAULT_TOKEN", "Lookup", "Sentence", "SpaceToken", "Split", "Token"])
MARKUP = "Original markups"
HEAD = 4096
PIECE = 1 << 16
_DOCUMENT = re.compile(xml_elements.PROLOG + rb"<[A-Za-z][\w.-]*>\s*<TEXT[\s>]")
_TAGS = re.compile(rb"<TAGS[\s>/]")
_RANGE = r"(-?\d{1,9})~(-?\d{1,9})"
_RANGES = re.compile(f"{_RANGE}(?:,{_RANGE})*")

Spans = list[dict[str, object]]


@dataclass(slots=True)
class Document:
    """A text, and what is tagged in it: by the names of tags, by their types, by sets of GATE."""

    text: str
    spans: dict[str, Spans] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)  # what is left out
    is_typed: bool = True  # whether each tag has a type of its own, beside its name


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes, and by its tags, whether a file is such a document.

    One that is to be annotated has its text and nothing else.
    """
    if xml_elements.begins(head, "GateDocument"):
        return True
    return _DOCUMENT.match(head) is not None and (_has_tags(path) or _is_text_alone(path))


def is_folder(folder: Path) -> bool:
    """Tell whether a folder holds such documents, no other XML and no tables, at any depth."""
    files = sorted(folder.rglob(f"*{ENDING}"))
    if not files or not all(map(_is_document, (files[0], files[-1]))):
        return False
    return not any(kinds.holds_rows(file) and not splits.is_noise(file) for file in _others(folder))


def _others(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix != ENDING and file.is_file())


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe one document.

    Raises:
        DataError: It is no XML, or a place is no number.
    """
    return _table(below(path, path.parent), [path], path, why)


def read_folder(folder: Path) -> Table:
    """Describe the documents of a folder; of several parts that to be learned from.

    Raises:
        DataError: One of them is no such document.
    """
    found, said = splits.learned(folder, is_folder)
    part = folder if found == folder else below(folder, found)
    return _table(part, sorted(part.rglob(f"*{ENDING}")), part, said)


def _is_document(path: Path) -> bool:
    with opened(path) as file:
        return begins(path, file.read(HEAD).removeprefix(BOM))


def _has_tags(path: Path) -> bool:
    last = b""
    with opened(path) as file:
        while piece := file.read(PIECE):
            if _TAGS.search(last + piece):
                return True
            last = piece[-8:]
    return False


def _is_text_alone(path: Path) -> bool:
    """Tell a document without tags from rows in XML, of which there are several."""
    parser: Any = XMLParser()
    try:
        for number, piece in enumerate(pieces(path)):
            parser.feed(piece if number else piece.lstrip())
        tree: Element = parser.close()
    except ParseError:
        return False
    return [(child.tag, len(child), len(child.attrib)) for child in tree] == [("TEXT", 0, 0)]


def _table(root: Path, files: Sequence[Path], place: Path, why: tuple[str, ...]) -> Table:
    others: Counter[str] = Counter()
    columns: dict[str, None] = {TEXT: None}
    problems = problems_of(root)
    problems.name = place.name
    is_typed = True
    for file in files:
        try:
            document = _read(root, file)
        except ValueError as error:
            if not problems.skips:
                problems.add(f"{_named(root, file)}: {error}")
            continue
        others += document.others
        is_typed &= document.is_typed
        columns.update(dict.fromkeys(document.spans))
    problems.raise_any()
    names = tuple(name for name in columns if name != TYPE or is_typed)
    reasons = (
        f"format: XML, {NAME}, a row for each file",
        f"{LABEL!r} holds the names of the tags, {TYPE!r} their attribute {TYPE!r}"
        * (TYPE in names),
        *why,
    )
    rows = partial(_rows, root, files, names)
    return Table.of_file(place, "jsonl", names, reasons, rows, findings=left_out(others))


def _rows(root: Path, files: Sequence[Path], names: Sequence[str]) -> Iterator[Row]:
    with problems_of(root) as problems:
        for file in files:
            origin = _named(root, file)
            try:
                document = _read(root, file)
            except ValueError as error:
                problems.add(f"{origin}: {error}", origin=origin)
                continue
            held = (document.text, *(document.spans.get(name, []) for name in names[1:]))
            yield from jsonlines.sound(held, (*names,), origin, problems)


def _named(root: Path, file: Path) -> str:
    return str(file.relative_to(root))


def _read(root: Path, file: Path) -> Document:
    """Read a document.

    Raises:
        ValueError: It is no such document.
        DataError: It cannot be read.
    """
    parser: Any = XMLParser()
    try:
        for number, piece in enumerate(pieces(below(root, file))):
            parser.feed(piece if number else piece.lstrip())
        tree: Element = parser.close()
    except ParseError as error:
        raise ValueError(f"this is no sound XML ({error}); save it again") from error
    if (text := tree.find("TextWithNodes")) is not None:
        return _of_gate(tree, text)
    texts, tags = tree.findall("TEXT"), tree.findall("TAGS")
    if not texts:
        raise ValueError("there is no <TEXT> in it, as in the others; take it out of the folder")
    if len(texts) > 1 or len(tags) > 1:
        counts = f"{len(texts)} <TEXT> and {len(tags)} <TAGS>"
        raise ValueError(f"there are {counts} in it; write each text to a file of its own")
    whole = "".join(texts[0].itertext())
    return _of_tags(tree, whole) if tags else Document(whole)


def _of_tags(tree: Element, text: str) -> Document:
    """Take the tags of MAE and i2b2: places as start="4" end="7", or spans="4~7,9~12"."""
    made = Document(text, {LABEL: [], TYPE: []})
    for tag in tree.iterfind("TAGS/*"):
        given = {key.lower(): value for key, value in tag.attrib.items()}
        places = _places(given)
        if places is None:
            made.others["links between tags"] += 1
        elif not (places := [(start, end) for start, end in places if start >= 0]):
            made.others["tags of no words"] += 1
        elif places:
            made.others["gaps in tags, whose parts are marked each"] += len(places) > 1
            surface = given.get("text") if len(places) == 1 else None
            kind = given.get("type", "").strip()
            made.is_typed &= bool(kind)
            for start, end in places:
                said = _surface(text[start:end], surface)
                made.spans[LABEL].append(span(start, end, tag.tag, said))
                made.spans[TYPE].append(span(start, end, kind, said))
    return made


def _places(given: Mapping[str, str]) -> list[tuple[int, int]] | None:
    """Read the places of a tag; None of a link between others.

    Raises:
        ValueError: They are written otherwise.
    """
    if "spans" in given and not given["spans"].strip():
        return []
    written = given.get("spans", f"{given.get('start')}~{given.get('end')}").replace(" ", "")
    if _RANGES.fullmatch(written):
        return [(int(a), int(b)) for a, b in re.findall(_RANGE, written)]
    if not {"spans", "start", "end"} & given.keys():
        return None
    raise ValueError(f'a tag has the place {written!r}; allowed: start="4" end="7", or spans="4~7"')


def _surface(there: str, said: str | None) -> str | None:
    """Return what a tag says that it marks, its white space as it stands in the text."""
    return there if said is not None and said.split() == there.split() else said


def _of_gate(tree: Element, held: Element) -> Document:
    """Take the annotations of GATE, whose places are numbers of nodes in the text."""
    text, nodes = held.text or "", dict[str | None, int]()
    for node in held:
        nodes[node.get("id")] = len(text)
        text += node.tail or ""
    made = Document(text, is_typed=False)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    for one in tree.iterfind("AnnotationSet"):
        found = []
        for item in one.iterfind("Annotation"):
            kind = item.get("Type", "")
            if one.get("Name") == MARKUP or kind in BY_PROGRAM:
                made.others["tokens, sentences and the like"] += 1
                continue
            start, end = nodes.get(item.get("StartNode")), nodes.get(item.get("EndNode"))
            if start is None or end is None:
                raise ValueError(f"an annotation {kind!r} has a node that is not in the text")
            if start <= first and end >= last:
                made.others["annotations of whole texts"] += 1
                continue
            found.append(span(start, end, kind))
        if found:
            made.spans.setdefault(one.get("Name") or OWN_SET, []).extend(found)
    return made
