"""Documents become those that are learned from and those that are held out, before any is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError
from textune.records import Paragraph

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Division:
    """Which documents are learned from; nothing of the others may reach what is learned."""

    held: Numbers  # documents, numbered as they are read, ascending
    learned: Numbers
    cut: int | None = None  # characters after which the only document is parted in two; else None


def draw(
    sizes: Numbers, *, share: float, most: float, limit: int | None, nsp: bool, seed: int
) -> Division:
    """Draw documents that are held out, and those that are learned from.

    A document that alone would be more than what is to be held out is learned from. The only
    document of a text is learned from.

    Args:
        sizes: (D,) tokens of each document.
        share: Of the tokens that are held out.
        most: Tokens held out, whatever the share.
        limit: Documents that are used at all; None for all.
        nsp: Whether next sentences will be predicted, which takes two documents on each side.
        seed: Of the run.

    Raises:
        DataError: There are too few documents for next sentences.
    """
    order = np.random.default_rng([seed, len(sizes)]).permutation(len(sizes))
    if limit is not None:
        order = order[:limit]
    least = 2 if nsp else 1
    if nsp and share and len(order) < 2 * least:
        raise DataError(
            f"next sentences need {2 * least} documents at least, two to learn from and two held "
            f"out, and there are {len(order)}; part the text by blank lines, name more files, or "
            "leave out --nsp"
        )
    if len(order) == 1 or share == 0:
        return Division(order[:0], np.sort(order) if share == 0 else order)
    most = min(share * float(sizes[order].sum()), most)
    small = order[sizes[order] <= most]
    if len(small) < least:
        small = order[np.argsort(sizes[order], kind="stable")]
    count = int(np.searchsorted(np.cumsum(sizes[small]), most)) + 1
    count = min(max(count, least), len(order) - least)
    held = np.sort(small[:count])
    return Division(held, np.setdiff1d(order, held))


def part(characters: int, *, share: float) -> Division:
    """Part the only document of a text in two, the end held out, before it is tokenised."""
    cut = characters - max(round(share * characters), 1)
    return Division(np.array([1]), np.array([0]), cut)


def parted(paragraphs: Iterable[Paragraph], found: Division | None) -> Iterator[Paragraph]:
    """Let a second document begin where the only one is parted, at the next blank."""
    cut = None if found is None else found.cut
    if cut is None:
        yield from paragraphs
        return
    seen = 0
    is_second = False
    for paragraph in paragraphs:
        if is_second:
            yield paragraph
            continue
        text = paragraph.text
        place = _next_blank(text, cut - seen) if seen < cut else 0
        if text[:place].strip():
            yield replace(paragraph, text=text[:place])
        if text[place:].strip():
            yield replace(paragraph, text=text[place:], begins=True)
            is_second = True
        seen += len(text)


def learned_texts(paragraphs: Iterable[Paragraph], found: Division) -> Iterator[str]:
    """Yield the texts of the documents that are learned from, and no others."""
    learned = set(found.learned.tolist())
    document = -1
    for paragraph in parted(paragraphs, found):
        document += paragraph.begins or document < 0
        if document in learned:
            yield paragraph.text


def _next_blank(text: str, place: int) -> int:
    """Return where the first blank at or after a place is, or the end of the text."""
    for number in range(max(place, 0), len(text)):
        if text[number].isspace():
            return number
    return len(text)
