"""TEI becomes sentences of words with their classes and names, or texts with spans of names.

Words are <w>, <mw>, <pc> and <c>, their class stands in pos, ana, msd or type. Without words, the
names that are marked in running text (<persName>, <name type="place">, <rs type="…">) are spans of
it. Of what was normalised or corrected, that which was written is read; notes are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from textune.errors import DataError
from textune.reading import jsonlines
from textune.reading.conll import as_lists
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import span
from textune.reading.forms.xml_fields import bare
from textune.reading.lines import opened
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "TEI"
ROOTS = (r"(?:\w+:)?TEI", r"(?:\w+:)?teiCorpus")  # of P5
BEFORE = (r"TEI\.2", r"teiCorpus\.2")  # of P4 and before, whose texts may be read as any XML
BEGUN = re.compile(rb"<w[\s>]")
BLOCK = 1 << 20  # bytes
WORD, CLASS, ENTITY = "word", "pos", "entity"
WORDS = frozenset(["w", "pc", "c"])  # a sign that stands by itself is one, as in Brown
JOINED = "mw"  # a word of several classes, as in Brown; elsewhere it holds its words
CLASSES = ("pos", "ana", "msd", "type")
NAMES = frozenset(
    [
        *("persName", "placeName", "orgName", "geogName", "name", "rs", "objectName", "eventName"),
        *("settlement", "country", "region", "date", "time", "term", "roleName", "num", "measure"),
    ]
)
BLOCKS = ("s", "p", "ab", "l", "u", "head", "item", "cell", "seg")
BESIDE = frozenset(["teiHeader", "standOff", "note", "rdg", "del", "fw", "figDesc", "desc"])
WRITTEN = frozenset(["orig", "sic", "abbr"])  # beside which stands what was made of it
MADE = frozenset(["reg", "corr", "expan"])
_SPACE = re.compile(r"\s+")
_WAY_OUT = (
    "write a row for each text, with its label or a list of its spans: "
    '{"text": "…", "label": [[start, end, "type"], …]}'
)
Word = tuple[str, str, str]  # it, its class, its tag


@dataclass(slots=True)
class _Text:
    """Running text, and the names marked in it."""

    pieces: list[str] = field(default_factory=list)
    size: int = 0
    spans: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, text: str | None) -> None:
        """Add text, of which any white space is one space."""
        said = _SPACE.sub(" ", text or "")
        is_spaced = not self.pieces or self.pieces[-1].endswith(" ")
        if said := said.lstrip(" ") if is_spaced else said:
            self.pieces.append(said)
            self.size += len(said)


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is TEI; if before P5, whether it holds words."""
    if not xml_elements.begins(head, *BEFORE):
        return xml_elements.begins(head, *ROOTS)
    with opened(path) as file:
        end = b""
        while block := file.read(BLOCK):
            if BEGUN.search(end + block):
                return True
            end = block[-2:]
    return False


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the sentences, or the texts, of a file.

    Raises:
        DataError: It is no XML, or nothing is marked in it.
    """
    root = xml_elements.tree(path)
    if any(True for one in _valid(root) if bare(one.tag) == "w"):
        words = [word for sentence in _sentences(root) for word in sentence]
        has = (bool([1 for word in words if word[1] != "_"]), any(word[2] != "O" for word in words))
        columns = (WORD, *([CLASS] if has[0] else []), *([ENTITY] if has[1] else []))
        said = (*why, f"format: {NAME}, its words with their classes and names")
        rows = partial(_rows_of_words, path, has)
        return Table.of_file(path, "conll", columns, said, rows)
    if not any(found.spans for found in _texts(root)):
        raise DataError(
            f"{path.name}: this is {NAME}, in which neither words (<w>) nor names (<persName>, "
            f"<placeName>, <name>) are marked; {_WAY_OUT}"
        )
    said = (*why, f"format: {NAME}, a text for each paragraph, with the names that are marked")
    return Table.of_file(path, "jsonl", ("text", "label"), said, partial(_rows_of_texts, path))


def _rows_of_words(path: Path, has: tuple[bool, bool]) -> Iterator[Row]:
    kept = [0, *([1] if has[0] else []), *([2] if has[1] else [])]
    for number, words in enumerate(_sentences(xml_elements.tree(path)), start=1):
        cells = [[word[at] for at in kept] for word in words]
        yield as_lists(cells, f"{path.name}: sentence {number}")


def _rows_of_texts(path: Path) -> Iterator[Row]:
    with problems_of(path) as problems:
        for number, found in enumerate(_texts(xml_elements.tree(path)), start=1):
            text = "".join(found.pieces).rstrip()
            spans = [span(start, min(end, len(text)), kind) for start, end, kind in found.spans]
            origin = f"{path.name}: text {number}"
            yield from jsonlines.sound((text, spans), ("text", "label"), origin, problems)


def _children(element: Element) -> Iterator[tuple[Element, bool]]:
    """Yield what stands in an element, and whether it is text of the document.

    Notes are none, nor is what was made of something that stands beside it.
    """
    names = [bare(one.tag) if isinstance(one.tag, str) else "" for one in element]
    beside = BESIDE | (MADE if WRITTEN.intersection(names) else frozenset())
    for child, name in zip(element, names, strict=True):
        yield child, name not in beside and bool(name)


def _valid(element: Element) -> Iterator[Element]:
    """Yield the elements in one, in their order, without those that are no text."""
    waiting = [element]
    while waiting:
        yield (one := waiting.pop())
        waiting.extend(reversed([child for child, is_text in _children(one) if is_text]))


def _blocks(root: Element) -> Iterator[Element]:
    """Yield the sentences, or where there are none the innermost paragraphs, verses and turns."""
    names = {bare(one.tag) for one in _valid(root)}
    kinds = {"s"} if "s" in names else set(BLOCKS) - {"seg"}
    kinds = kinds if kinds & names else {"seg"} if "seg" in names else {"body", "text"}
    for one in _valid(root):
        if bare(one.tag) in kinds and not any(
            bare(part.tag) in kinds for part in _valid(one) if part is not one
        ):
            yield one


def _sentences(root: Element) -> Iterator[list[Word]]:
    for block in _blocks(root):
        words: list[Word] = []
        _words(block, words, is_within=False)
        if words:
            yield words


def _words(element: Element, words: list[Word], *, is_within: bool) -> None:
    """Add the words of an element; of names in each other the outermost is the tag."""
    kind = bare(element.tag)
    if kind in WORDS or (kind == JOINED and len(element) == 0):
        if said := _SPACE.sub(" ", "".join(_said(element))).strip():
            words.append((said, _class(element), "O"))
        return
    own, first = "" if is_within else _name(element), len(words)
    for child, is_text in _children(element):
        if is_text:
            _words(child, words, is_within=is_within or bool(own))
    for at in range(first, len(words) if own else first):
        words[at] = (*words[at][:2], f"{'B' if at == first else 'I'}-{own}")


def _said(element: Element) -> Iterator[str]:
    """Yield the text of a word."""
    yield element.text or ""
    for child, is_text in _children(element):
        if is_text:
            yield from _said(child)
        yield child.tail or ""


def _class(word: Element) -> str:
    said = next((held for key in CLASSES if (held := word.get(key, "").strip())), "_")
    return "+".join((said.rpartition("#")[2].rpartition(":")[2] or said).split())


def _name(element: Element) -> str:
    """Name what a marked name is: by its element, or the type that it says."""
    kind = bare(element.tag)
    if kind not in NAMES:
        return ""
    return element.get("type", kind) if kind in ("name", "rs") else kind


def _texts(root: Element) -> Iterator[_Text]:
    for block in _blocks(root):
        found = _Text()
        _run(block, found, is_within=False)
        if "".join(found.pieces).strip():
            yield found


def _run(element: Element, found: _Text, *, is_within: bool) -> None:
    """Add the text of an element; of names in each other the outermost is marked."""
    own = "" if is_within else _name(element)
    found.add(element.text)
    for child, is_text in _children(element):
        if is_text:
            start, count = found.size, len(found.pieces)
            name = "" if is_within or own else _name(child)
            if bare(child.tag) in ("lb", "pb", "cb"):
                found.add("" if child.get("break") == "no" else " ")
            _run(child, found, is_within=is_within or bool(own or name))
            text = "".join(found.pieces[count:]) if name else ""
            if text.strip():
                begin = start + len(text) - len(text.lstrip())
                found.spans.append((begin, start + len(text.rstrip()), name))
        found.add(child.tail)
