"""The tags of a whole file become how it writes them: the sign, the order, what stands for O.

Usual is a letter, - or _, and the type: B-PER. Other files write PER-B, B:PER or BPER, or the type
alone, and others than O where nothing is marked.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from textune.reading import marks
from textune.records import OUTSIDE

LETTERS = "BIESLUMW"
FIRSTS = frozenset("BSUW")  # of an entity
LASTS = frozenset("ESLUW")
OUTSIDES = frozenset([OUTSIDE, "o", "-", "0"])
"""What stands for O in any file that marks entities."""

EMPTY = frozenset(["", "_", "*", "na", "n/a", "nil", "no", "none", "null", "other", "out"])
EMPTY_TOO = frozenset(["outside", "out_of_entity", "no_entity", "not_entity", "x"])
"""What files write in the place of O, in any case of letters, where O does not occur."""

MOST_TAGS = 2_000  # the most frequent ones, by which it is decided
MOST_TYPES = 100  # written alone, above which they are no types of entities
HALF = 0.5  # share of words outside, below which types that are written alone are no entities
TIMES = 3  # by which words outside must be more than those of the most frequent type
LEAST = 0.3  # share of words outside, below which a name that nobody knows does not stand for O
_SIGNS = (":", ".", "/", "|", " ", "+", "~", "=")
_TYPE = r"\S(?:.*\S)?"
_USUAL = re.compile(rf"([{LETTERS}])(?:[-_]({_TYPE}))?|([{LETTERS.lower()}])[-_]({_TYPE})", re.S)
_USUAL_LAST = re.compile(rf"({_TYPE})[-_]([{LETTERS}]|[{LETTERS.lower()}])", re.S)
_JOINED = re.compile(rf"([{LETTERS}])([^\W\d_]{{2,}}.*)", re.S)


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes its tags."""

    sign: str = "-"  # between letter and type; "-" stands for "_" too
    order: str = "first"  # of the letter: "first", "last", "joined" (no sign), "none" (no letter)
    outside: tuple[str, ...] = ()  # what stands for O, besides `OUTSIDES`

    @classmethod
    def of(cls, written: tuple[str, ...]) -> "Notation":
        """Take it from a contract; what is not said is usual."""
        return cls(written[0], written[1], tuple(written[2:])) if len(written) > 1 else cls()

    def written(self) -> tuple[str, ...]:
        """Return it for a contract: nothing where it is usual."""
        return () if self == Notation() else (self.sign, self.order, *self.outside)

    def is_outside(self, tag: str) -> bool:
        """Tell whether a tag, without space around it, says that a word belongs to nothing."""
        return tag in OUTSIDES or tag in self.outside

    def parts(self, tag: str) -> tuple[str, str] | None:
        """Part a tag into its letter and its type; None where it is outside, or of no scheme."""
        return _parts(self, tag.strip())

    def described(self, tags: Mapping[str, int]) -> Iterator[str]:
        """Say how tags are written, where that is not usual."""
        if self.order == "none":
            yield "the types alone are written: words of one type side by side are one entity"
        elif self != Notation(outside=self.outside):
            marked = (tag.strip() for tag in tags if self.parts(tag) and len(tag) > 1)
            yield f"tags are written as {next(marked, self.sign)!r}"
        if bare := self._bare(tags):
            yield f"{bare!r} without a type goes on with the entity before it"
        for tag in (*sorted(OUTSIDES - {OUTSIDE}), *self.outside):
            if count := sum(n for one, n in tags.items() if one.strip() == tag):
                shown = repr(tag) if tag else "a blank"
                yield f"{shown} stands for O ({count:,} words)"

    def _bare(self, tags: Mapping[str, int]) -> str | None:
        """Find a tag inside of an entity that leaves its type to the first one: B-PER, I."""
        found = [(tag.strip(), parts) for tag in tags if (parts := self.parts(tag))]
        is_typed = any(kind for _, (_, kind) in found)
        bare = (tag for tag, (letter, kind) in found if not kind and letter not in FIRSTS)
        return next(bare, None) if is_typed else None


def decide(tags: Mapping[str, int]) -> Notation | None:
    """Decide by all tags of a file how it writes them; None where they mark no entities.

    Args:
        tags: Each with its count. Blank tags alone say nothing.
    """
    counts: Counter[str] = Counter()
    for tag, count in Counter(tags).most_common(MOST_TAGS):
        counts[tag.strip()] += count
    if not set(counts) - {*OUTSIDES, ""}:
        only_numbers = "0" in counts and OUTSIDE not in counts
        return None if only_numbers or "-" in counts else Notation()
    return next(filter(None, _fitting(counts)), None)


def _fitting(counts: Mapping[str, int]) -> Iterator[Notation | None]:
    lasts = sum(n for tag, n in counts.items() if _last(tag))
    is_last = lasts > sum(n for tag, n in counts.items() if _first(tag))
    yield _best(counts, [Notation(order="last" if is_last else "first")])
    others = [Notation(sign, order) for sign in _SIGNS for order in ("first", "last")]
    yield _best(counts, others, strict=True)
    yield _best(counts, [Notation("", "joined")], strict=True)
    yield _alone(counts)


def _best(
    counts: Mapping[str, int], candidates: list[Notation], *, strict: bool = False
) -> Notation | None:
    """Choose the notation that reads most tags; None where each leaves too many unread."""
    read = {one: sum(n for tag, n in counts.items() if one.parts(tag)) for one in candidates}
    best = max(candidates, key=lambda one: read[one])
    if not read[best]:
        return None
    parted = {tag: found for tag in counts if (found := best.parts(tag))}
    rest = {tag: n for tag, n in counts.items() if tag not in parted and tag not in OUTSIDES}
    bare = any(not kind for _, kind in parted.values())
    outside = () if bare else _outside(counts, rest, read[best])
    others = sum(n for tag, n in rest.items() if tag and tag not in outside)
    if (
        others > read[best]
        or (others and bare)
        or (strict and (others or not _is_sure(parted, best.sign)))
    ):
        return None
    letters = {letter for letter, _ in parted.values()}
    names = {kind for _, kind in parted.values()}
    is_odd = 10 * others > read[best] and not letters & FIRSTS
    if not letters & {"I", *FIRSTS} or (is_odd and len(names) < len(rest)):
        return None  # names as e-mail, among others that have no letter
    if strict and not outside and not any(tag in OUTSIDES for tag in counts):
        return None
    return Notation(best.sign, best.order, outside)


def _is_sure(parted: Mapping[str, tuple[str, str]], sign: str) -> bool:
    """Tell letters of a scheme from what happens to stand before a sign: a type has two of them."""
    found: dict[str, set[str]] = {}
    for letter, kind in parted.values():
        found.setdefault(kind, set()).add(letter)
    letters = set().union(*found.values())
    paired = sum(len(held) > 1 for held in found.values())
    is_inside = letters == {"I"} and bool(sign)
    return bool(letters & {"B", "I"}) and (is_inside or 2 * paired >= len(found))


def _outside(counts: Mapping[str, int], rest: Mapping[str, int], marked: int) -> tuple[str, ...]:
    """Find what stands for O where O itself does not occur: a known name, or the one most used."""
    if not rest or any(tag in OUTSIDES for tag in counts):
        return ()
    most = max(rest, key=lambda tag: (rest[tag], tag))
    others = sum(rest.values()) - rest[most]
    is_known = most.lower() in EMPTY | EMPTY_TOO
    is_most = rest[most] >= LEAST * sum(counts.values())
    return (most,) if (is_known or is_most) and 10 * others <= marked else ()


def _alone(counts: Mapping[str, int]) -> Notation | None:
    """Recognise types without letters: by their names, or as most words are outside."""
    total = sum(counts.values())
    empty = {tag: n for tag, n in counts.items() if tag in OUTSIDES or tag.lower() in EMPTY}
    if not empty:
        return None
    outside = max(empty, key=lambda tag: (tag == OUTSIDE, empty[tag]))
    kinds = {tag: n for tag, n in counts.items() if tag != outside and tag not in OUTSIDES}
    kinds = {tag: n for tag, n in kinds.items() if tag}
    is_most = counts[outside] >= HALF * total and bool(kinds)
    is_most = is_most and counts[outside] >= TIMES * max(kinds.values(), default=0)
    is_named = all(len(kind) > 1 and not kind[0].isdigit() and kind[0].isalpha() for kind in kinds)
    is_often = sum(kinds.values()) >= marks.OFTEN * len(kinds)
    is_known = outside == OUTSIDE and is_often and marks.name_entities(kinds)
    if not (is_most or is_known) or not is_named or len(kinds) > MOST_TYPES:
        return None
    return Notation("", "none", () if outside in OUTSIDES else (outside,))


@lru_cache(maxsize=20_000)
def _parts(notation: Notation, tag: str) -> tuple[str, str] | None:
    if notation.is_outside(tag) or not tag:
        return None
    if notation.order == "none":
        return "I", tag
    if notation.order == "joined":
        joined = _JOINED.fullmatch(tag)
        return (joined[1], joined[2]) if joined else None
    if notation.sign != "-":
        return _at_sign(notation, tag)
    forms = (_first, _last) if notation.order == "first" else (_last, _first)
    return next(filter(None, (form(tag) for form in forms)), None)


def _first(tag: str) -> tuple[str, str] | None:
    found = _USUAL.fullmatch(tag)
    return (found[1] or found[3].upper(), found[2] or found[4] or "") if found else None


def _last(tag: str) -> tuple[str, str] | None:
    found = _USUAL_LAST.fullmatch(tag)
    return (found[2].upper(), found[1]) if found else None


def _at_sign(notation: Notation, tag: str) -> tuple[str, str] | None:
    if notation.order == "first":
        letter, _, kind = tag.partition(notation.sign)
    else:
        kind, _, letter = tag.rpartition(notation.sign)
    is_letter = len(letter) == 1 and letter.upper() in LETTERS
    return (letter.upper(), kind) if is_letter and kind.strip() == kind and kind else None
