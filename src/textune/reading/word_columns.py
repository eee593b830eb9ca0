"""The first lines of words become how every line is cut into columns."""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from textune.reading import arguments, brackets, marks

UNIVERSAL = 10  # columns of CoNLL-U
TAG = re.compile(r"[Oo-]|[BIESLUMW]([-_:./|+~=]\S+)?|[bieslumw][-_]\S+|\S+[-_:./|+~=][BIESLUMW]")
# fmt: off
TAGS = frozenset(["bio", "chunk", "entity", "iob", "label", "labels", "ner", "ner_tag", "ner_tags",
                  "pos", "pos_tag", "tag", "tags", "upos", "xpos"])
# fmt: on

TABS, SPACES = "\t", " "
SIGNS = {TABS: "tabs", SPACES: "spaces", ",": "commas", ";": "semicolons", "|": "bars"}

_DECLARED = re.compile(r"#\s*global\.columns\s*=")
LEAST_TITLES = 2  # sentences with a line above, from which it is a title

_SPACES = re.compile(r"[ \t]+")
_FIRST = re.compile(r"1(-\d+)?|0\.1")  # of CoNLL-U: a word, one joined of several, none
_PLACED = re.compile(r"\S{1,4}?([0-9])")  # one sign, which may be written as several
_NUMBERED = 0.95  # share of signs whose places fit each other
_LISTED = 0.98  # share of lines with as many columns, where the signs of tables part them
_COUNTED = re.compile(r"\d+([-.]\d+)?")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a line is cut into columns."""

    delimiter: str  # " " stands for a run of spaces
    width: int
    filled: frozenset[int]  # columns in which hardly any cell is blank
    header: tuple[str, ...] | None = None  # names that stand in the first line
    is_universal: bool = False  # CoNLL-U: the first of ten columns counts the words
    feature: str = ""  # of the last column of CoNLL-U that holds tags of entities, as NER=B-PER
    is_counted: bool = False  # the first column counts the words, so that "#" is none
    lacks_outside: bool = False  # a word without a tag has a column less
    bracketed: frozenset[int] = frozenset()  # columns of tags as "(PERSON*"
    is_ontonotes: bool = False  # CoNLL-2012: what stands behind the entities is left out
    has_arguments: bool = False  # CoNLL-2009: a column for each predicate behind, left out
    is_noted: bool = False  # "; the sentence" and "$the <sentence:XX>" stand above its words
    is_titled: bool = False  # "# id 7 domain=news" stands above each sentence, and is no word
    declared: tuple[str, ...] = ()  # names of a comment: "# global.columns = ID FORM NER"
    expressions: int | None = None  # the column of expressions by their numbers: "1:VID"
    kept: frozenset[str] = frozenset()  # words that part sentences in other files, as EOS
    is_numbered: bool = False  # each sign is followed by its place in its word: 北0 京1

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns: those of the header, or their numbers."""
        names = self.header or (brackets.ONTONOTES if self.is_ontonotes else ())
        names = names or self.declared or tuple(map(str, range(1, self.width + 1)))
        return (*names, self.feature) if self.feature else names

    @property
    def may_join(self) -> bool:
        """Whether lines of joined words may stand in it, numbered as 1-2, that are no words."""
        is_plus = self.declared[:1] == ("ID",)
        return self.is_universal or is_plus or (self.has_arguments and self.is_counted)

    @property
    def is_spaced(self) -> bool:
        """Whether runs of spaces part the columns, so that no cell is blank."""
        return self.delimiter == SPACES

    @property
    def sign(self) -> str:
        """What parts the columns, in words."""
        return SIGNS[self.delimiter]


def find(sentences: Sequence[Sequence[str]]) -> tuple[Layout | None, float]:
    """Find the delimiter by which most lines have the same number of columns, and their share."""
    is_noted = len(sentences) > 1 and all(sentence[0].startswith("; ") for sentence in sentences)
    words = _words(sentences, is_noted)
    sample = [line for sentence in words for line in sentence]
    parted = {way: [cells_of(line, way) for line in sample] for way in (TABS, SPACES)}
    best, most = _likeliest(sample, parted)
    if way := next(filter(lambda way: brackets.are_ontonotes(parted[way]), parted), ""):
        width = len(brackets.ONTONOTES)
        entities = frozenset([width - 1])
        return Layout(way, width, frozenset(), bracketed=entities, is_ontonotes=True), 1.0
    if best is not None and (width := _argued(words, best.delimiter)):
        best, most = replace(best, width=width, has_arguments=True), len(sample)
    if (lacking := _lacking(sample, parted[SPACES])) is not None:
        return lacking, 1.0
    if len(words) > 1 and (best is None or best.width == 1) and (listed := _listed(sample)):
        return listed, 1.0
    if best is not None and best.width == UNIVERSAL:
        firsts = {cells_of(sentence[0], best.delimiter)[0] for sentence in words}
        best = replace(best, is_universal=all(map(_FIRST.fullmatch, firsts)))
    if best is not None and best.width > 2:
        numbers = [cells[0] for cells in parted[best.delimiter]]
        best = replace(best, is_counted=all(map(_COUNTED.fullmatch, numbers)), is_noted=is_noted)
    if best is not None:
        best = replace(best, is_titled=_are_titled(sentences, parted[best.delimiter]))
    return best, most / max(1, len(sample))


def _argued(sentences: Sequence[Sequence[str]], delimiter: str) -> int:
    """Return the number of columns before those of arguments; 0 where there are none."""
    return arguments.base([[cells_of(line, delimiter) for line in one] for one in sentences])


def _likeliest(
    sample: Sequence[str], parted: Mapping[str, Sequence[list[str]]]
) -> tuple[Layout | None, int]:
    """Choose between tabs and spaces, by how many lines have as many columns."""
    best: Layout | None = None
    most = 0
    for way, found in parted.items():
        widths = Counter(map(len, found))
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        is_listed = way == SPACES and (_has_commas(sample) or _is_headed_table(sample))
        if count > most and not (way == TABS and width == 1) and not is_listed:
            best, most = Layout(way, width, frozenset()), count
    return best, most


def _words(sentences: Sequence[Sequence[str]], is_noted: bool) -> list[list[str]]:
    """Take the lines that are neither comments nor notes; none of a sentence without others."""
    kept = (
        [
            line
            for place, line in enumerate(sentence)
            if not (line.startswith("#") or (is_noted and is_note(place, line)))
        ]
        for sentence in sentences
    )
    return [sentence for sentence in kept if sentence]


def _are_titled(sentences: Sequence[Sequence[str]], words: Sequence[list[str]]) -> bool:
    """Tell lines above each sentence, as "# id 7 domain=news", from words that are "#".

    What ends such a line is no tag, and ends no line of a word. "# id = 7" is a comment anyhow.
    """
    titles = [sentence[0].split() for sentence in sentences]
    if len(titles) < LEAST_TITLES or any(title[0] != "#" or "=" in title for title in titles):
        return False
    ends = {title[-1] for title in titles}
    if len({*map(tuple, titles)}) == 1:
        return False  # "# #": a sign and its class
    return not any(map(TAG.fullmatch, ends)) and ends.isdisjoint(cells[-1] for cells in words)


def declared(sentences: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    """Take the names that CoNLL-U Plus gives its columns in its first line, if it does."""
    first = sentences[0][0] if sentences else ""
    named = _DECLARED.match(first)
    names = tuple(first[named.end() :].split()) if named else ()
    return names if len(names) == width == len(set(names)) else ()


def is_note(place: int, line: str) -> bool:
    """Tell the lines above the words of a sentence: "; the sentence", "$the <sentence:XX>"."""
    return line.startswith(("; ", "$")[place]) if place < 2 else False


def are_numbered(sentences: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Tell signs that are followed by their place in their word, as 北0 京1, by what they hold.

    The place of each is 0, or one more than that of the sign before it; some are more than 0.
    """
    steps: Counter[bool] = Counter()
    for sentence in sentences:
        places = [_PLACED.fullmatch(cells[0]) for cells in sentence]
        numbers = [-1, *(int(place[1]) if place else -2 for place in places)]
        steps.update(two in (0, one + 1) for one, two in pairwise(numbers))
    placed = [cells[0] for sentence in sentences for cells in sentence if len(cells[0]) > 1]
    if 2 * sum(map(str.isdecimal, placed)) > len(placed):  # numbers of words, 1 to 10 and on
        return False
    highest = {cell[-1] for cell in placed}
    return steps[True] >= _NUMBERED * max(1, steps.total()) and bool(highest & set("123"))


def unnumbered(word: str) -> str:
    """Take the place of a sign in its word off it."""
    return word[:-1] if _PLACED.fullmatch(word) else word


def _lacking(sample: Sequence[str], lines_of_cells: Sequence[list[str]]) -> Layout | None:
    """Recognise lines parted by spaces whose last column is left out where nothing is marked.

    Those that have it all mark entities in it, by tags or by a few types in capitals.
    """
    if any("\t" in line for line in sample):
        return None
    widths = Counter(map(len, lines_of_cells))
    width = max(widths, default=0)
    if width < 2 or set(widths) != {width, width - 1}:
        return None
    tags = [cells[-1] for cells in lines_of_cells if len(cells) == width]
    is_marked = all(len(tag) > 2 and TAG.fullmatch(tag) for tag in tags)
    is_few = len(tags) >= marks.OFTEN * len(set(tags)) and 2 * len(tags) <= len(sample)
    is_marked = is_marked or (is_few and all(map(marks.TYPE.fullmatch, tags)))
    layout = Layout(SPACES, width=width, filled=frozenset(), lacks_outside=True)
    return layout if is_marked else None


def _listed(sample: Sequence[str]) -> Layout | None:
    """Recognise words and their tags that the signs of tables part: "Ada,B-PER"."""
    for way in ",;|":
        widths = Counter(len(cells_of(line, way)) for line in sample)
        width, count = max(widths.items(), key=lambda item: item[1])
        if width > 1 and count >= _LISTED * len(sample):
            return Layout(way, width, frozenset())
    return None


def _has_commas(sample: Sequence[str]) -> bool:
    """Tell lines of a table, each with as many commas, from words of which few are commas."""
    counts = {line.count(",") for line in sample[:1_000]}
    return len(sample) > 1 and len(counts) == 1 and counts != {0}


def _is_headed_table(sample: Sequence[str]) -> bool:
    """Tell a table whose first line names columns of texts and of tags, each in one cell."""
    names = re.split("[,;|]", sample[0].strip().lower().replace('"', "")) if sample else []
    texts = marks.WORDS | {"sentence", "sentences"}
    is_named = bool(texts.intersection(names) and TAGS.intersection(names))
    return is_named and not any(" " in name.strip() for name in names)


def cells_of(line: str, delimiter: str) -> list[str]:
    """Cut a line into its cells."""
    line = line.rstrip("\r\n")
    if delimiter == SPACES:
        return _SPACES.split(line.strip(" \t"))
    if delimiter == TABS:
        return line.split(delimiter)
    if line.startswith(2 * delimiter):  # the word is this sign
        return [delimiter, *line[2:].split(delimiter)]
    quoted = next(csv.reader([line], delimiter=delimiter)) if '"' in line else ()
    return [*quoted] if len(quoted) > 1 else line.split(delimiter)
