"""Tags of words, in any of the usual schemes, become tags in IOB2.

An entity is a run of words with a type. IOB2 writes B-PER on its first word and I-PER on the rest,
O outside; IOB1 writes B-PER only where an entity follows another of its type, IO never; BIOES (also
BILOU, BMES and BMEW) marks the last word (E, L) and the only word (S, U, W) as well. Where a tag
cannot stand, the entity is the one that conlleval finds (Tjong Kim Sang and Buchholz, 2000): one
begins there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textune.records import OUTSIDE
from textune.tasks.tags import notation as notations
from textune.tasks.tags.notation import FIRSTS, LASTS, Notation

SCHEMES = ("iob2", "iob1", "io", "ioe", "bioes", "plain")
"""`io`: no tag begins an entity; `ioe`: the last word of one has a tag of its own; `plain`: tags of
no scheme, such as parts of speech, each for its word alone."""

MOST = 100_000  # different tags, and pairs of neighbours, that are counted
USUAL = Notation()
Counted = TypeVar("Counted")

_LETTERS = {"iob2": "BI", "iob1": "BI", "io": "I", "ioe": "IEL", "bioes": notations.LETTERS}
_ALLOWED = {
    "iob2": "O, B-TYPE or I-TYPE",
    "iob1": "O, B-TYPE or I-TYPE",
    "io": "O or I-TYPE",
    "ioe": "O, I-TYPE or E-TYPE",
    "bioes": "O, or B, I, E, S (L, U, M, W) with a type, as in B-TYPE",
    "plain": "a name",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A tag that cannot stand where it does."""

    word: int  # its place in the sentence, from 0
    message: str
    is_mended: bool  # whether it was read as conlleval reads it, or cannot be read at all


class Census:
    """Counts by which scheme and notation of a file are recognised while its sentences pass by."""

    def __init__(self) -> None:
        self.tags: Counter[str] = Counter()  # at most `MOST` different ones
        self._pairs: Counter[tuple[str, str]] = Counter()  # of neighbours, as many

    def add(self, tags: Sequence[str]) -> None:
        """Take a sentence into account."""
        _count(self.tags, tags)
        _count(self._pairs, list(zip(("", *tags), tags, strict=False)))

    def notation(self) -> Notation | None:
        """Return how tags are written; None where they mark no entities."""
        return notations.decide(self.tags)

    def scheme(self) -> str:
        """Name the scheme: one of `SCHEMES`."""
        found = self.notation()
        return "plain" if found is None else self._scheme(found)

    def _scheme(self, found: Notation) -> str:
        letters: Counter[str] = Counter()
        for tag, count in self.tags.items():
            letters[(found.parts(tag) or ("",))[0]] += count
        if _marks_ends(letters):
            only = letters["I"] and not any(letters[letter] for letter in FIRSTS)
            return "ioe" if only else "bioes"
        if letters["I"] and not letters["B"]:
            return "io"
        begun: Counter[str] = Counter()  # the letters with which entities begin
        for (one, two), count in self._pairs.items():
            before, now = found.parts(one) or ("", ""), found.parts(two) or ("", "")
            now = _continued(before, now)
            if now[0] and (not before[0] or before[1] != now[1]):
                begun[now[0]] += count
        return "iob1" if begun["I"] > begun["B"] else "iob2"

    def types(self) -> tuple[str, ...]:
        """Name the types of entities, sorted; of plain tags, the tags."""
        found = self.notation()
        if found is None:
            return tuple(sorted(tag for tag in map(str.strip, self.tags) if tag))
        kinds = {parts[1] for parts in map(found.parts, self.tags) if parts}
        return tuple(sorted(kinds - {""} if self._all_continue(found) else kinds))

    def _all_continue(self, found: Notation) -> bool:
        """Tell whether each tag without a type goes on with an entity that has one."""
        pairs = ((found.parts(one) or ("", ""), found.parts(two)) for one, two in self._pairs)
        bare = [(before, now) for before, now in pairs if now and not now[1]]
        typed = any(before[1] for before, _ in bare)
        return typed and all(now[0] not in FIRSTS and _is_open(before) for before, now in bare)


def _count(counts: Counter[Counted], found: Sequence[Counted]) -> None:
    counts.update(found if len(counts) < MOST else [one for one in found if one in counts])


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


def to_iob2(
    tags: Sequence[str], scheme: str, notation: Notation = USUAL
) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """Write the tags of a sentence in IOB2; plain tags stay as they are.

    Args:
        tags: One for each word; space around them is dropped.
        scheme: One of `SCHEMES`.
        notation: How the file writes them.

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
        now = notation.parts(tag) or ("", "")
        if not notation.is_outside(tag) and (wrong := _unreadable(tag, now[0], scheme)):
            faults.append(Fault(place, wrong, is_mended=False))
            now = ("", "")
        now = _continued(before, now)
        begins = bool(now[0]) and (
            now[0] in FIRSTS or before[0] in ("", *LASTS) or before[1] != now[1]
        )
        if scheme == "bioes" and _is_open(before) and (begins or not now[0]):
            faults += _unclosed(place - 1, before)
        if begins and now[0] not in FIRSTS and scheme in ("iob2", "bioes"):
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
    parts = USUAL.parts(tag)
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
    parts = USUAL.parts(tag)
    return parts[1] if parts else None


def _joined(letter: str, kind: str) -> str:
    return f"{letter}-{kind}" if kind else letter


def _marks_ends(counts: Counter[str]) -> bool:
    """Tell BIOES, where every entity has a last or an only word, from a slip in IOB."""
    ends = sum(counts[letter] for letter in LASTS)
    return ends > 0 and ends >= counts["B"] / 2


def _blanks(tags: Sequence[str]) -> list[tuple[int, str, bool]]:
    return [(place, "the tag is blank", False) for place, tag in enumerate(tags) if not tag]


def _unreadable(tag: str, letter: str, scheme: str) -> str:
    if not tag:
        return "the tag is blank"
    if letter and letter in _LETTERS[scheme]:
        return ""
    shown = tag if len(tag) <= 60 else f"{tag[:59]}…"
    return f"the tag {shown!r} is not known in {scheme.upper()}; allowed: {_ALLOWED[scheme]}"


def _is_open(before: tuple[str, str]) -> bool:
    return bool(before[0]) and before[0] not in LASTS


def _continued(before: tuple[str, str], now: tuple[str, str]) -> tuple[str, str]:
    """Give a tag without a type that of the entity that it goes on with: B-PER, I."""
    is_bare = bool(now[0]) and not now[1] and now[0] not in FIRSTS
    return (now[0], before[1]) if is_bare and _is_open(before) else now


def _begins(tag: str, kind: str) -> str:
    first = _joined("B", kind)
    return f"{tag} without {first} before it was read as {first}"


def _unclosed(place: int, before: tuple[str, str]) -> list[Fault]:
    tag = _joined(*before)
    last = _joined("E", before[1])
    return [Fault(place, f"{tag} without {last} after it was read as the end of the entity", True)]
