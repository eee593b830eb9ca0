"""XML of language processing, a word an element, becomes sentences: FoLiA, NAF and KAF, TCF.

What is said of words stands in layers of its own, which name the words by their ids: entities, and
a class of each word; of what was corrected, the correction is read. Other layers (lemmas, chunks,
parses, coreference) are left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

from textune.errors import DataError
from textune.reading.conll import as_lists
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import left_out
from textune.reading.forms.xml_fields import bare
from textune.reading.lines import pieces
from textune.records import Row, Table

NAME = "words in XML (FoLiA, NAF, KAF, TCF)"
WORD, CLASS, ENTITY = "word", "pos", "entity"
OVERLAPPING = "entities that overlap others"
UNPLACED = "entities of no type or no word"
PARTS = frozenset(["p", "head", "item", "cell", "caption", "note", "event", "utt"])
BESIDE = frozenset(["original", "suggestion", "alt", "altlayers"])  # what holds no longer, or may
CORRECTED = frozenset(["correction", "new", "current"])
WORDS = re.compile(r"<(?:\w+:)?(?:w|wf|token)[\s>]")
_WAY_OUT = "write its texts and labels as CSV or as JSON, one object a row"


@dataclass(slots=True)
class _Document:
    """The words of a document, and what is said of them."""

    words: dict[str, str] = field(default_factory=dict)  # id → the word
    sentences: list[list[str]] = field(default_factory=list)  # of ids
    classes: dict[str, str] = field(default_factory=dict)  # id → its class
    entities: list[tuple[str, list[str]]] = field(default_factory=list)  # type, ids
    unplaced: int = 0  # entities of no type, or of no word


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is one of these, and holds a word."""
    is_one = xml_elements.begins(head, *(rf"(?:\w+:)?{name}" for name in READERS))
    return is_one and any(map(WORDS.search, pieces(path)))


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the sentences of a document.

    Raises:
        DataError: It is no XML, or holds no word.
    """
    found = _parsed(path)
    tags, lost = _tags(found)
    columns = (WORD, *([CLASS] if found.classes else []), *([ENTITY] if found.entities else []))
    reasons = (*why, "format: words in XML, with what other elements say of them")
    rows = partial(_rows, path, columns, tags)
    findings = left_out({OVERLAPPING: lost, UNPLACED: found.unplaced})
    return Table.of_file(path, "conll", columns, reasons, rows, findings=findings)


def _parsed(path: Path) -> _Document:
    root = xml_elements.tree(path)
    found = READERS[bare(root.tag)](root)
    if not found.words:
        raise DataError(f"{path.name}: {bare(root.tag)} without a word; {_WAY_OUT}")
    return found


def _rows(path: Path, columns: Sequence[str], tags: Mapping[str, str]) -> Iterator[Row]:
    found = _parsed(path)
    held = {WORD: found.words, CLASS: found.classes, ENTITY: tags}
    for number, ids in enumerate(found.sentences, start=1):
        words = [[held[column].get(one) or _nothing(column) for column in columns] for one in ids]
        if words:
            yield as_lists(words, f"{path.name}: sentence {number}")


def _nothing(column: str) -> str:
    return "O" if column == ENTITY else "_"


def _tags(found: _Document) -> tuple[dict[str, str], int]:
    """Write entities as tags in IOB2; of those that overlap the first, the others are counted."""
    tags: dict[str, str] = {}
    after = {two: one for ids in found.sentences for one, two in pairwise(ids)}
    lost = 0
    for kind, named in found.entities:
        ids = dict.fromkeys(named)
        if tags.keys() & ids.keys():
            lost += 1
            continue
        for one in ids:
            tags[one] = f"{'I' if after.get(one) in ids else 'B'}-{kind}"
    return tags, lost


def _folia(root: Element) -> _Document:
    found = _Document()
    by_part: dict[int, list[str]] = {}
    for word, part in _folia_words(root):
        said = _of_word(word, "t")
        texts = [one for one in said if one.get("class", "current") == "current"] or said
        if text := "".join(texts[0].itertext()).strip() if texts else "":
            by_part.setdefault(part, []).append(own := _add(word, text, found))
            kinds = [one.get("class", "") for one in _of_word(word, "pos")]
            found.classes.update((own, kind) for kind in kinds[:1] if kind)
    found.sentences = [*by_part.values()]
    for element in _valid(root):
        if bare(element.tag) == "entity":
            ids = [one.get("id", "") for one in _valid(element) if bare(one.tag) == "wref"]
            found.entities.append((element.get("class", ""), _known(ids, found)))
    return _sound(found)


def _folia_words(root: Element) -> Iterator[tuple[Element, int]]:
    """Yield each word with a number of the sentence around it, or the paragraph where none is."""
    waiting: list[tuple[Element, Element]] = [(root, root)]
    while waiting:
        element, part = waiting.pop()
        name = bare(element.tag)
        if name == "w":
            yield element, id(part)
            continue
        part = element if name == "s" or (name in PARTS and bare(part.tag) != "s") else part
        waiting.extend((child, part) for child in reversed(element) if not _is_beside(child))


def _valid(element: Element) -> Iterator[Element]:
    """Yield the elements in one, without what it was, or could be instead."""
    waiting = [element]
    while waiting:
        yield (one := waiting.pop())
        waiting.extend(child for child in reversed(one) if not _is_beside(child))


def _is_beside(element: Element) -> bool:
    return not isinstance(element.tag, str) or bare(element.tag) in BESIDE


def _of_word(word: Element, name: str) -> list[Element]:
    """List what is said of a word itself, and not of its morphemes; it may have been corrected."""
    found, waiting = [], [word]
    while waiting:
        for child in waiting.pop():
            kind = "" if _is_beside(child) else bare(child.tag)
            found += [child] if kind == name else []
            waiting += [child] if kind in CORRECTED else []
    return found


def _add(element: Element, text: str, found: _Document) -> str:
    """Add a word by its id, or by its number where it has none, or another one's; return that."""
    own = _id(element)
    own = own if own and own not in found.words else f"{own} {len(found.words)}"
    found.words[own] = text
    return own


def _naf(root: Element) -> _Document:
    """Read NAF, and KAF before it: entities name terms, and terms the words."""
    found = _Document()
    by_sentence: dict[str, list[str]] = {}
    for word in _named(root, "wf"):
        if said := (word.text or "").strip():
            by_sentence.setdefault(word.get("sent", ""), []).append(_add(word, said, found))
    found.sentences = [*by_sentence.values()]
    terms: dict[str, list[str]] = {}
    for term in _named(root, "term"):
        terms[_id(term)] = _targets(term)
        kind = term.get("pos", "")
        found.classes.update({one: kind for one in terms[_id(term)] if kind})
    for entity in _named(root, "entity"):
        for span in _named(entity, "span"):
            ids = [word for one in _targets(span) for word in terms.get(one, [one])]
            found.entities.append((entity.get("type", ""), _known(ids, found)))
    return _sound(found)


def _tcf(root: Element) -> _Document:
    found = _Document()
    found.words = {_id(word): said for word in _named(root, "token") if (said := word.text or "")}
    parts = [one.get("tokenIDs", "").split() for one in _named(root, "sentence")]
    found.sentences = [_known(ids, found) for ids in parts] or [[*found.words]]
    for tag in _named(root, "tag"):
        found.classes.update(dict.fromkeys(tag.get("tokenIDs", "").split(), tag.text or ""))
    for entity in _named(root, "entity"):
        ids = entity.get("tokenIDs", "").split()
        found.entities.append((entity.get("class", ""), _known(ids, found)))
    return _sound(found)


READERS: Mapping[str, Callable[[Element], _Document]] = {
    "FoLiA": _folia,
    "NAF": _naf,
    "KAF": _naf,
    "D-Spin": _tcf,
}


def _named(element: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a name, whatever its namespace."""
    return (one for one in element.iter() if isinstance(one.tag, str) and bare(one.tag) == name)


def _id(element: Element) -> str:
    names = ("id", "wid", "tid", "ID")
    return next((held for key, held in element.attrib.items() if bare(key) in names), "")


def _targets(element: Element) -> list[str]:
    return [one.get("id", "") for one in _named(element, "target")]


def _known(ids: Sequence[str], found: _Document) -> list[str]:
    return [one for one in ids if one in found.words]


def _sound(found: _Document) -> _Document:
    """Leave out entities of no type, or of no word, and count them."""
    sound = [(kind, ids) for kind, ids in found.entities if kind and ids]
    found.unplaced = len(found.entities) - len(sound)
    found.entities = sound
    return found
