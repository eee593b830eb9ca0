"""Tags in IOB2, as a model gives them, become tags in the scheme that y was written in.

What stands for the first, a middle, the last or the only word of an entity is taken from the tags
that were learned from, so that any scheme comes back as it was: IO, IOB1, IOE, BIOES, BILOU, …
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from textune.metrics import entities
from textune.records import OUTSIDE, Contract
from textune.tasks.tags import schemes
from textune.tasks.tags.notation import Notation


class Place(NamedTuple):
    """Where in an entity a word stands."""

    kind: str
    is_first: bool
    is_last: bool
    follows: bool  # whether an entity of the same type ends just before


Written = Mapping[Place | None, str]
"""What is written for a word at a place; None: outside of entities."""


def to_iob2(tags: Sequence[str], contract: Contract) -> list[str]:
    """Write the tags of a text in IOB2, as the run read them; plain tags stay as they are."""
    notation = Notation.of(contract.notation)
    return list(schemes.to_iob2(tags, contract.separator or "plain", notation)[0])


def learn(rows: Sequence[Sequence[str]], contract: Contract) -> dict[Place | None, str]:
    """Learn how the tags of a text are written; nothing of plain tags."""
    if contract.separator == "plain":
        return {}
    found: defaultdict[Place | None, Counter[str]] = defaultdict(Counter)
    for tags in rows:
        for place, tag in zip(places(to_iob2(tags, contract)), tags, strict=True):
            found[place][tag] += 1
    return {place: max(sorted(tags), key=tags.__getitem__) for place, tags in found.items()}


def write(tags: Sequence[str], written: Written) -> list[str]:
    """Write tags in IOB2 as those were that were learned from; as they are where there were none.

    Example:
        >>> write(["B-PER", "O"], {Place("PER", True, True, False): "S-PER", None: "O"})
        ['S-PER', 'O']
    """
    if not written:
        return list(tags)
    return [_written(place, written) for place in places(tags)]


def places(tags: Sequence[str]) -> list[Place | None]:
    """Say where in an entity each word stands, by tags in IOB2; None outside."""
    found: list[Place | None] = [None] * len(tags)
    ended = ("", 0)  # type and end of the entity before
    for kind, start, end in entities.entities(tags):
        for word in range(start, end):
            is_first = word == start
            follows = is_first and ended == (kind, start)
            found[word] = Place(kind, is_first, word == end - 1, follows)
        ended = (kind, end)
    return found


def _written(place: Place | None, written: Written) -> str:
    """Return what is written at a place, or at the one most like it that was learned from."""
    if place is None:
        return written.get(None, OUTSIDE)
    for one in (place, place._replace(follows=not place.follows)):
        if one in written:
            return written[one]
    for other, tag in written.items():  # as another type has it
        if other is not None and other[1:3] == place[1:3] and other.kind in tag:
            return tag.replace(other.kind, place.kind)
    return next(tag for other, tag in written.items() if other and other.kind == place.kind)
