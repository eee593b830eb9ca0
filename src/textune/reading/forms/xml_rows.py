"""XML or SGML whose elements come back becomes a table: a row for each, its fields as columns.

An attribute, and an element in a row that holds text, is a column; where several of one name stand
in a row they are a list, or paragraphs of one text. What the elements around a row say of it are
columns, too. Marks in running text, and elements with places in a text, are spans.
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import unescape
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from textune.errors import DataError, excerpt, some
from textune.reading import jsonlines
from textune.reading.forms import (
    anafora,
    foreign,
    page_tables,
    tagged_documents,
    tei,
    xml_elements,
    xml_fields,
    xml_layout,
    xml_words,
)
from textune.reading.forms.interface import span
from textune.reading.forms.xml_fields import SAID, Fields
from textune.reading.forms.xml_layout import SPANS, TEXT, Layout
from textune.reading.lines import mending, opened, pieces
from textune.reading.told import Told, problems_of
from textune.records import Finding, Row, Table

NAME = "elements that come back"
SAMPLE = 1 << 22  # characters of the beginning by which the rows are found
SHORT = 1 << 13  # characters that are parsed at once
SHOWN = 8  # names in a message
COMPARED = 200  # elements in whose text columns are looked for
ENDINGS = (".xml", ".sgml", ".sgm")
OTHERS = (
    *("sentences", "Reviews", "collection", "entailment-corpus"),  # forms of their own
    *(
        "TEI",
        "teiCorpus",
        "tmx",
        "xliff",
        "html",
        "svg",
        "rdf:RDF",
        "xmi:XMI",
        "mxfile",
        "project",
        "component",
    ),
)
ROOT = "root"
HEAD = 200  # bytes in which the encoding stands
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)["']""")
_DECLARED = re.compile(rb"\s*<\?xml")
_NESTED = re.compile(rb"<[A-Za-z][^<>]*>\s*\n\s*<[A-Za-z]")
_STRAY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(\w{2,10};)?")
_CONTROL = re.compile(r"&#(?:[0-8]|1[124-9]|2\d|3[01]);|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PROLOG = re.compile(r"<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>")


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is XML or SGML that no other form is for."""
    if not xml_elements.begins(head, r"[A-Za-z][\w:.-]*") or xml_elements.begins(head, *OTHERS):
        return False
    if xml_words.begins(path, head):
        return False
    is_named = path.suffix.lower() in ENDINGS
    is_xml = is_named or bool(_DECLARED.match(head)) or bool(_NESTED.match(head.lstrip()))
    others = (anafora, page_tables, tagged_documents, tei)
    return is_xml and not any(form.begins(path, head) for form in others)


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the rows of a file.

    Raises:
        DataError: It is damaged; no element that comes back holds a text, or several kinds do.
    """
    path, encoding = _as_declared(path)
    root = _beginning(path)
    _refuse_columns(path, root)
    found = xml_layout.find(root)
    if len(found) != 1:
        raise DataError(
            f"{path.name}: this is {_unread(root, found)}; write its texts and labels as CSV or as "
            f"JSON, one object a row. textune reads {foreign.FORMATS}"
        )
    layout = found[0]
    columns = (*layout.columns, *layout.around)
    reasons = (
        *why,
        f"encoding: {encoding}, as its first line says" * bool(encoding),
        f"format: XML, a row for each <{layout.name}>; attributes and elements in it are columns",
        f"what stands around it is in {some([*map(repr, layout.around)], SHOWN)}"
        * bool(layout.around),
        f"{SPANS!r} holds what is marked in {layout.marked!r}" * bool(layout.marked),
    )
    rows, said = partial(_rows, path, layout), _beside(layout)
    return Table.of_file(path, "jsonl", columns, reasons, rows, findings=said)


def _beside(layout: Layout) -> tuple[Finding, ...]:
    """Say which texts stand around the rows, and are in none of them."""
    if not layout.beside:
        return ()
    listed = some([*map(repr, layout.beside)], SHOWN)
    message = (
        f"texts that stand around each <{layout.name}> are not read: {listed}; if the labels are "
        "said of these, write them beside each label as CSV or as JSON, one object a row"
    )
    return (Finding("left out", "warning", message, len(layout.beside)),)


def _refuse_columns(path: Path, root: Element) -> None:
    """Refuse elements that hold words with their columns, one a line, as corpus programs do.

    Raises:
        DataError: With the command that makes sentences of CoNLL of them.
    """
    held: dict[str, list[str]] = {}
    for one in root.iter():
        if one.text and one.text.strip() and len(held.setdefault(one.tag, [])) < COMPARED:
            held[one.tag].append(one.text)
    for tag, texts in held.items():
        if len(texts) > 1 and _are_columns(texts):
            name = xml_fields.bare(tag)
            command = mending(path, f"sed -e 's/^<.{name}>.*//' -e '/^</d'", mark="words")
            raise DataError(
                f"{path.name}: each <{name}> holds words with columns, parted by tabs, one a line; "
                f"write them as CoNLL: {command}"
            )


def _are_columns(texts: Sequence[str]) -> bool:
    """Tell a word a line, with as many columns each, from lines of text with tabs in or before."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    words = [line.split("\t") for line in lines]
    has_several = len(lines) > len(texts)
    is_even = len({len(cells) for cells in words}) == 1 and len(words[0]) > 1
    return has_several and is_even and not any(" " in cells[0] for cells in words)


def _unread(root: Element, found: Sequence[Layout]) -> str:
    """Say why nobody can tell what the rows of a file are."""
    if found:
        names = some([f"<{one.name}>" for one in found], SHOWN)
        return f"XML in which several elements could be a row each: {names}"
    name, inside = xml_layout.pieces(root)
    if name:
        listed = some([f"<{one}>" for one in inside], SHOWN)
        return (
            f"XML in which a text stands in pieces: <{name}> is made of {listed}; put the pieces "
            "of each together, with the places of those that are marked as spans"
        )
    return "XML in which no element that comes back holds a text"


def _as_declared(path: Path) -> tuple[Path, str]:
    """Return the path with the encoding that the first line names, where it is not UTF-8."""
    with opened(path) as file:
        named = _ENCODING.match(file.read(HEAD))
    name = named[1].decode() if named else "utf-8"
    try:
        is_usual = codecs.lookup(name).name in ("utf-8", "ascii")
    except LookupError:
        is_usual = True  # and what is not UTF-8 is asked about
    if is_usual or (isinstance(path, Told) and path.encoding):
        return path, ""
    return Told.of(path, name, path.faults if isinstance(path, Told) else None), name


def _beginning(path: Path) -> Element:
    """Parse the beginning of a file as a tree."""
    stack: list[Element] = []
    root: Element | None = None
    for event, element in _events(path, SAMPLE):
        root = element if root is None else root
        if event == "start":
            stack.append(element)
        else:
            stack.pop()
    if root is None:
        raise DataError(f"{path.name}: there is no element in it")
    for outer, inner in pairwise(stack):  # what comes back, and the sample has cut
        if sum(one.tag == inner.tag for one in outer) > 1:
            outer.remove(inner)
            break
    return root


def _events(path: Path, most: int = 0) -> Iterator[tuple[str, Element]]:
    parser: Any = XMLPullParser(events=("start", "end"))
    size = depth = 0
    try:
        for piece in _short(_source(path)):
            parser.feed(piece)
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                if depth > xml_elements.DEEPEST:
                    raise xml_elements.too_deep(path)
                yield event, element
            size += len(piece)
            if most and size > most:
                return
        parser.close()
    except ParseError as error:
        raise DataError(
            f"{path.name}:{error.position[0]}: this is no sound XML ({error}); close each element, "
            "write & as &amp; and < as &lt;"
        ) from error
    yield from parser.read_events()


def _short(read: Iterator[str]) -> Iterator[str]:
    """Cut pieces short: of what is read at once, each row looks at all that stand beside it."""
    for piece in read:
        yield from (piece[at : at + SHORT] for at in range(0, len(piece), SHORT))


def _source(path: Path) -> Iterator[str]:
    """Stream a file; SGML, which has no outermost element and looser signs, as XML."""
    read = pieces(path)
    first = next(read, "")
    if first.lstrip("\ufeff \t\r\n").startswith("<?xml"):
        yield from chain([first.lstrip("\ufeff \t\r\n")], read)
        return
    yield f"<{ROOT}>"  # on the first line, so that lines keep their numbers
    yield _mended(_PROLOG.sub("", first, count=1))
    yield from map(_mended, read)
    yield f"</{ROOT}>"


def _mended(piece: str) -> str:
    """Write signs that stand for themselves in SGML as XML has them."""
    return _STRAY.sub(_entity, _CONTROL.sub("", piece))


def _entity(found: re.Match[str]) -> str:
    plain = unescape(found[0])
    return plain if plain != found[0] and plain not in "<>&" else f"&amp;{found[1] or ''}"


def _rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Yield a row for each element of the name, wherever it stands."""
    stack: list[Element] = []
    columns = (*layout.columns, *layout.around)
    number = 0
    with problems_of(path) as problems:
        for event, element in _events(path):
            if event == "start":
                stack.append(element)
                continue
            stack.pop()
            if element.tag != layout.path[-1] or any(one.tag == element.tag for one in stack):
                continue
            number += 1
            origin = f"{path.name}: {layout.name} {number}"
            around = pairwise((*stack, element))
            said = dict(pair for one, inner in around for pair in xml_layout.told(one, inner.tag))
            found = xml_fields.of(element, TEXT, layout.mixed)
            cells = (*_cells(found, layout), *(said.get(name, "") for name in layout.around))
            if fault := _fault(found, layout):
                problems.add(f"{origin}: {fault}", row=str(cells))
            else:
                yield from jsonlines.sound(cells, columns, origin, problems)
            stack[-1].remove(element)


def _fault(found: Fields, layout: Layout) -> str:
    """Say what a row holds that has no column."""
    if found.stray:
        return f"text stands beside elements, where other rows have none: {excerpt(found.stray)}"
    late = next((name for name in found.held if name not in layout.columns), "")
    return late and f"{late!r} is in none of the first rows, whose elements are the columns"


def _cells(found: Fields, layout: Layout) -> Iterator[object]:
    for name in layout.columns:
        held = found.held.get(name, [])
        if name == SPANS and layout.marked:
            yield _spans(found, layout)
        elif name in layout.lists:
            yield [one.strip() for one in held]
        else:
            whole = "\n".join(held)
            yield whole if found.spans and name == layout.marked else whole.strip()


def _spans(found: Fields, layout: Layout) -> list[Mapping[str, Any]]:
    """Take the marks of a text, which may be of several paragraphs, or the places beside it."""
    if found.spans:
        text = "\n".join(found.held.get(layout.marked, []))
        return [one | {"end": xml_fields.end_of(one, text, layout.more)} for one in found.spans]
    made: list[Mapping[str, Any]] = []
    at = 0
    held = found.held.get(layout.marked, [])
    for text, marks in zip(held, found.marks.get(layout.marked, []), strict=True):
        for mark in marks:
            if mark[SAID] or not layout.is_said:
                made.append(span(mark["start"] + at, mark["end"] + at, mark["label"], mark["text"]))
        at += len(text) + 1
    return made
