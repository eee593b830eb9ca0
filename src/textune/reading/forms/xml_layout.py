"""The beginning of a tree of XML becomes its layout: which element is a row, with which columns."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from xml.etree.ElementTree import Element

from textune.reading.forms import xml_fields
from textune.reading.forms.interface import is_prose
from textune.reading.forms.xml_fields import SAID, Fields, bare

MOST = 2_000  # elements of a name that are looked at
ONCE = 0.98  # share of elements in which a value stands once, where it is no list
OFTEN = 0.5  # share of elements with a text, from which they are rows
WORDS = 3  # values of one name in a row, in the mean, from which they are its words
SELDOM = 0.1  # share of elements with others in their text, up to which these are no marks in it
TYPES = 200  # different marks, above which they mark something else
TEXT, SPANS = "text", "spans"

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a row is, and its columns."""

    path: Path  # names of elements, from the outermost one to that of a row
    columns: tuple[str, ...]  # of what stands in it
    lists: frozenset[str] = frozenset()  # columns that hold a list
    mixed: frozenset[str] = frozenset()  # names of elements that are a text with marks
    marked: str = ""  # the column whose text has marks in it, or places beside it
    more: int = 0  # what the end of a place lacks
    is_said: bool = False  # whether attributes say what is marked: marks without them say nothing
    around: tuple[str, ...] = ()  # columns of the elements around it
    beside: tuple[str, ...] = ()  # texts in these that are no columns

    @property
    def name(self) -> str:
        """Name the element that is a row."""
        return bare(self.path[-1])


class _Tree:
    """Elements by their paths, as many as are looked at, and how many there are."""

    def __init__(self, root: Element) -> None:
        self.elements: dict[Path, list[Element]] = {}
        self.counts: Counter[Path] = Counter()
        self._texts: Counter[Path] = Counter()  # elements in whose text others stand
        self._pieces: Counter[Path] = Counter()  # whose text is cut into pieces of several names
        self._take(root, (root.tag,))
        often = self._often(self._texts)
        self.mixed = {path for path in often if not any(_is_inside(path, one) for one in often)}
        self.broken = {path for path in self._often(self._pieces) if not self._is_text(path)}

    def _take(self, element: Element, path: Path) -> None:
        self.counts[path] += 1
        if self.counts[path] <= MOST:
            self.elements.setdefault(path, []).append(element)
        self._texts[path] += xml_fields.is_mixed(element)
        self._pieces[path] += _is_broken(element)
        for child in element:
            self._take(child, (*path, child.tag))

    def _often(self, counts: Counter[Path]) -> set[Path]:
        return {path for path, count in counts.items() if count > SELDOM * self.counts[path]}

    def rows(self) -> Iterator[Path]:
        """Yield the paths of elements that may be rows: they come back, and stand in no text."""
        for path, count in self.counts.items():
            inside = self._is_text(path[:-1])
            is_torn = any(one[: len(path)] == path[: len(one)] for one in self.broken)
            if len(path) > 1 and count > 1 and not inside and not is_torn:
                yield path

    def _is_text(self, path: Path) -> bool:
        """Tell elements that are a text with marks, or stand in one."""
        return any(path[:end] in self.mixed for end in range(1, len(path) + 1))


def find(root: Element) -> list[Layout]:
    """Find the elements that could be rows: none, one, or several of which none is the likelier."""
    tree = _Tree(root)
    mixed = frozenset(path[-1] for path in tree.mixed)
    rows = {path: _layout(path, tree.elements[path], mixed) for path in tree.rows()}
    able = {path: made for path, made in rows.items() if made}
    outer = [path for path in able if not _is_part(path, able, tree.counts)]
    kept = [path for path in outer if not any(_is_inside(other, path) for other in outer)]
    by_name = {path[-1]: path for path in sorted(kept, key=lambda path: tree.counts[path])}
    return [
        replace(able[path], around=(*_around(path, able[path], tree),), beside=_beside(path, tree))
        for path in by_name.values()
    ]


def pieces(root: Element) -> tuple[str, tuple[str, ...]]:
    """Name an element whose text stands in pieces, and these; "" where there is none."""
    tree = _Tree(root)
    for path in tree.counts:
        if path in tree.broken:
            inside = dict.fromkeys(bare(child.tag) for child in tree.elements[path][0])
            return bare(path[-1]), (*inside,)
    return "", ()


def _is_inside(path: Path, other: Path) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _is_broken(element: Element) -> bool:
    """Tell text that is cut into pieces of several names, in turns, from fields and paragraphs."""
    pieces = [child.tag for child in element if not len(child) and (child.text or "").strip()]
    runs = Counter(tag for tag, _ in groupby(pieces))
    return len(runs) > 1 and max(runs.values()) > 1


def _is_part(path: Path, able: Mapping[Path, Layout], counts: Mapping[Path, int]) -> bool:
    """Tell pieces of a larger row: its one text, or paragraphs of which nothing more is said."""
    outer = [one for one in able if _is_inside(path, one)]
    if not outer:
        return False
    told = {name.lower() for name in able[path].columns} - {*xml_fields.IDS, TEXT}
    return not told or counts[path] <= counts[max(outer, key=len)] * (2 - ONCE)


def _layout(path: Path, elements: Sequence[Element], mixed: frozenset[str]) -> Layout | None:
    """Describe what elements of a path hold; None where they hold no text."""
    found = [xml_fields.of(element, TEXT, mixed) for element in elements]
    names = dict.fromkeys(name for one in found for name in one.held)
    values = {name: [one.held.get(name, []) for one in found] for name in names}
    prose = [name for name, held in values.items() if _is_text(held)]
    if not prose and not any(map(_are_words, values.values())):
        return None
    lists = {name for name, held in values.items() if _are_several(held)} - {*prose}
    layout = _marked(Layout(path, (*values,), frozenset(lists), mixed), found, prose)
    return replace(layout, columns=(*values, SPANS)) if layout.marked else layout


def _is_text(held: Sequence[Sequence[str]]) -> bool:
    return sum(is_prose(max(row, key=len, default="")) for row in held) >= OFTEN * len(held)


def _are_words(held: Sequence[Sequence[str]]) -> bool:
    often = sum(map(bool, held)) >= OFTEN * len(held)
    return often and sum(map(len, held)) >= WORDS * len(held)


def _are_several(held: Sequence[Sequence[str]]) -> bool:
    return sum(len(row) <= 1 for row in held) < ONCE * len(held)


def _marked(layout: Layout, found: Sequence[Fields], prose: Sequence[str]) -> Layout:
    """Add which text has marks of few types in it, or places beside it."""
    for name in prose if any(one.spans for one in found) else ():
        if (more := xml_fields.fitting(found, name)) is not None:
            return replace(layout, marked=name, more=more)
    for name in prose:
        marks = [mark for one in found for held in one.marks.get(name, ()) for mark in held]
        said = [mark for mark in marks if mark[SAID]]
        kinds = [mark["label"] for mark in said or marks]
        if kinds and all(kinds) and len({*kinds}) <= min(TYPES, len(kinds) / 2):
            return replace(layout, marked=name, is_said=bool(said))
    return layout


def _beside(path: Path, tree: _Tree) -> tuple[str, ...]:
    """Name texts that stand in elements around rows, which come back, deeper than what they say."""
    found: dict[str, None] = {}
    for end in range(2, len(path)):
        elements = tree.elements[path[:end]]
        told_here = {name for one in elements for name, _ in told(one, path[end])}
        rest = [_without(one, path[end]) for one in elements]
        held = [xml_fields.of(one, TEXT, frozenset()).held for one in rest if len(one)]
        for name in dict.fromkeys(name for one in held for name in one):
            whole = f"{bare(path[end - 1])}.{name}"
            if whole not in told_here and _is_text([one.get(name, []) for one in held]):
                found[whole] = None
    return (*found,)


def _without(element: Element, tag: str) -> Element:
    rest = Element(element.tag)
    rest.extend(child for child in element if child.tag != tag)
    return rest


def _around(path: Path, layout: Layout, tree: _Tree) -> Iterator[str]:
    """Name what the elements around a row say: their attributes, and texts that stand once."""
    seen = {*layout.columns}
    for end in range(1, len(path)):
        elements = tree.elements[path[:end]]
        before = path[end]
        for name in dict.fromkeys(name for one in elements for name, _ in told(one, before)):
            if name not in seen:
                seen.add(name)
                yield name


def told(element: Element, before: str) -> Iterator[tuple[str, str]]:
    """Yield what an element says of the rows in it: attributes, and texts that stand above them."""
    name = bare(element.tag)
    for key, value in element.attrib.items():
        yield f"{name}.{bare(key)}", value.strip()
    above = [*takewhile(lambda child: child.tag != before, element)]
    if not above:  # as in most: there may be many rows in it, each of which asks
        return
    tags = Counter(child.tag for child in element)
    for child in above:
        if tags[child.tag] == 1 and not len(child) and (child.text or "").strip():
            yield f"{name}.{bare(child.tag)}", str(child.text).strip()
