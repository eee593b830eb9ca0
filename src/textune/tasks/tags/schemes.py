"""Tags of words, in any of the usual schemes, become tags in IOB2.

An entity is a run of words with a type. IOB2 writes B-PER on its first word and I-PER on the rest,
O outside; IOB1 writes B-PER only where an entity follows another of its type; BIOES (also BILOU and
BMES) marks the last word (E, L) and the only word (S, U) as well. Where a tag cannot stand, the
entity is the one that conlleval finds (Tjong Kim Sang and Buchholz, 2000): one begins there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from textune.records import OUTSIDE

SCHEMES = ("iob2", "iob1", "bioes", "plain")
"""`plain`: tags of no scheme, such as parts of speech, each for its word alone."""

MOST = 100_000  # different tags that are counted
OUTSIDES = frozenset([OUTSIDE, "o", "-"])
"""What stands for O; the others only in files that mark entities."""

_TAG = re.compile(r"([BIESLUM])(?:[-_](\S(?:.*\S)?))?|([biesulm])[-_](\S(?:.*\S)?)", re.DOTALL)
_LAST = re.compile(r"(\S(?:.*\S)?)[-_]([BIESLUM])", re.DOTALL)  # the letter after the type
_FIRSTS = "BSU"  # of an entity
_LASTS = "ESLU"
_LETTERS = {"iob2": "BI", "iob1": "BI", "bioes": "BIESLUM"}
_ALLOWED = {
    "iob2": "O, B-TYPE or I-TYPE",
    "iob1": "O, B-TYPE or I-TYPE",
    "bioes": "O, or B, I, E, S (L, U, M) with a type, as in B-TYPE",
    "plain": "a name",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A tag that cannot stand where it does."""

    word: int  # its place in the sentence, from 0
    message: str
    is_mended: bool  # whether it was read as conlleval reads it, or cannot be read at all


class Census:
    """Counts by which the scheme of a file is recognised while its sentences pass by."""

    def __init__(self) -> None:
        self.tags: Counter[str] = Counter()  # at most `MOST` different ones
        self._begun_with: Counter[str] = Counter()  # the letters with which entities begin

    def add(self, tags: Sequence[str]) -> None:
        """Take a sentence into account."""
        known = tags if len(self.tags) < MOST else [tag for tag in tags if tag in self.tags]
        self.tags.update(known)
        before = ("", "")
        for tag in tags:
            now = _parts(tag) or ("", "")
            if now[0] and (not before[0] or before[1] != now[1]):
                self._begun_with[now[0]] += 1
            before = now

    def scheme(self) -> str:
        """Name the scheme: one of `SCHEMES`."""
        counts: Counter[str] = Counter()  # tags by letter; those without a type as "bare"
        others = outside = 0
        for tag, count in self.tags.items():
            parts = _parts(tag)
            if parts:
                counts[parts[0]] += count
                counts["bare"] += 0 if parts[1] else count
            elif tag.strip() in OUTSIDES:
                outside += count if tag.strip() != OUTSIDE else 0
            elif tag.strip():
                others += count
        marked = sum(counts[letter] for letter in _LETTERS["bioes"])
        others += 0 if marked else outside
        if others > marked or (others and counts["bare"]):
            return "plain"
        if marked and _marks_ends(counts):
            return "bioes"
        return "iob1" if self._begun_with["I"] > self._begun_with["B"] else "iob2"

    def types(self) -> tuple[str, ...]:
        """Name the types of entities, sorted; of plain tags, the tags."""
        if self.scheme() == "plain":
            return tuple(sorted(tag for tag in map(str.strip, self.tags) if tag))
        return tuple(sorted({parts[1] for parts in map(_parts, self.tags) if parts}))


def recognise(sequences: Iterable[Sequence[str]]) -> str:
    """Name the scheme that sentences are tagged in: one of `SCHEMES`.

    Blank tags say nothing. Where as many tags have the form of a scheme as have not, it is that
    scheme and the others are faults; without any entity it is IOB2.

    Example:
        >>> recognise([["I-PER", "I-PER", "O"], ["O", "I-LOC", "B-LOC"]])
        'iob1'
        >>> recognise([["DT", "NN", "VBZ"]])
        'plain'
    """
    census = Census()
    for tags in sequences:
        census.add(tags)
    return census.scheme()


def to_iob2(tags: Sequence[str], scheme: str) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """Write the tags of a sentence in IOB2; plain tags stay as they are.

    Args:
        tags: One for each word; space around them is dropped.
        scheme: One of `SCHEMES`.

    Returns:
        As many tags (O where one cannot be read at all), and the faults, in order.

    Example:
        >>> to_iob2(["I-PER", "O", "I-LOC", "B-LOC"], "iob1")[0]
        ('B-PER', 'O', 'B-LOC', 'B-LOC')
    """
    tags = [tag.strip() for tag in tags]
    if scheme == "plain":
        return tuple(tags), tuple(Fault(*blank) for blank in _blanks(tags))
    written: list[str] = []
    faults: list[Fault] = []
    before = ("", "")  # letter and type of the tag before; without a letter: outside
    for place, tag in enumerate(tags):
        now = _parts(tag) or ("", "")
        if wrong := _unreadable(tag, now[0], scheme):
            faults.append(Fault(place, wrong, is_mended=False))
            now = ("", "")
        begins = bool(now[0]) and (
            now[0] in _FIRSTS or before[0] in ("", *_LASTS) or before[1] != now[1]
        )
        if scheme == "bioes" and _is_open(before) and (begins or not now[0]):
            faults += _unclosed(place - 1, before)
        if begins and now[0] not in _FIRSTS and scheme != "iob1":
            faults.append(Fault(place, _begins(tag, now[1]), is_mended=True))
        written.append(_joined("B" if begins else "I", now[1]) if now[0] else OUTSIDE)
        before = now
    if scheme == "bioes" and _is_open(before):
        faults += _unclosed(len(tags) - 1, before)
    return tuple(written), tuple(sorted(faults, key=lambda fault: fault.word))


def entity_type(tag: str) -> str | None:
    """Return the type of the entity that begins with an IOB2 tag; None where none begins.

    Example:
        >>> entity_type("B-PER"), entity_type("I-PER"), entity_type("B")
        ('PER', None, '')
    """
    parts = _parts(tag)
    return parts[1] if parts and parts[0] == "B" else None


def names(types: Iterable[str]) -> tuple[str, ...]:
    """Name the IOB2 tags of some types: O, then B and I of each type by alphabet.

    Example:
        >>> names({"PER", "LOC"})
        ('O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER')
    """
    pairs = ((_joined("B", kind), _joined("I", kind)) for kind in sorted(set(types)))
    return (OUTSIDE, *(tag for pair in pairs for tag in pair))


def type_of(tag: str) -> str | None:
    """Return the type of a tag that is inside an entity; None for any other."""
    parts = _parts(tag)
    return parts[1] if parts else None


@lru_cache(maxsize=10_000)
def _parts(tag: str) -> tuple[str, str] | None:
    """Part a tag into its letter and its type; None where it is not of a scheme, or outside."""
    found = _TAG.fullmatch(tag.strip())
    if found:
        return (found[1] or found[3].upper(), found[2] or found[4] or "")
    last = _LAST.fullmatch(tag.strip())
    return (last[2], last[1]) if last else None


def _joined(letter: str, kind: str) -> str:
    return f"{letter}-{kind}" if kind else letter


def _marks_ends(counts: Counter[str]) -> bool:
    """Tell BIOES, where every entity has a last or an only word, from a slip in IOB."""
    ends = sum(counts[letter] for letter in _LASTS)
    return ends > 0 and ends >= counts["B"] / 2


def _blanks(tags: Sequence[str]) -> list[tuple[int, str, bool]]:
    return [(place, "the tag is blank", False) for place, tag in enumerate(tags) if not tag]


def _unreadable(tag: str, letter: str, scheme: str) -> str:
    if not tag:
        return "the tag is blank"
    if tag in OUTSIDES or (letter and letter in _LETTERS[scheme]):
        return ""
    shown = tag if len(tag) <= 60 else f"{tag[:59]}…"
    return f"the tag {shown!r} is not known in {scheme.upper()}; allowed: {_ALLOWED[scheme]}"


def _is_open(before: tuple[str, str]) -> bool:
    return bool(before[0]) and before[0] not in _LASTS


def _begins(tag: str, kind: str) -> str:
    first = _joined("B", kind)
    return f"{tag} without {first} before it was read as {first}"


def _unclosed(place: int, before: tuple[str, str]) -> list[Fault]:
    tag = _joined(*before)
    last = _joined("E", before[1])
    return [Fault(place, f"{tag} without {last} after it was read as the end of the entity", True)]
