"""Documents become passages that fit the encoder: every token in one of them, once an epoch.

For next sentences a passage has two parts. Half of the passages keep their second part; the others
give theirs to one another, across documents, so that no token is lost and none is seen twice.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError
from textune.text.documents import Documents

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
IS_NEXT, NOT_NEXT, NO_TARGET = 0, 1, -100  # labels of next sentences, as in BertForPreTraining


@dataclass(frozen=True, slots=True)
class Passages:
    """Stretches of a corpus's tokens; N passages of one part or two."""

    first: Numbers  # (N, 2) where the first part begins and ends
    second: Numbers  # (N, 2) the same of the second; empty where there is none
    nsp_labels: Numbers  # (N,) IS_NEXT, NOT_NEXT or NO_TARGET
    owners: Numbers  # (N,) document of the first part

    def __len__(self) -> int:
        return len(self.first)

    def lengths(self, specials: tuple[int, int]) -> Numbers:
        """Return the tokens of each passage, (N,), with the special ones around one part or two."""
        sizes = np.diff(self.second)[:, 0]
        around = np.where(sizes > 0, specials[1], specials[0])
        return np.diff(self.first)[:, 0] + sizes + around

    def take(self, rows: Numbers) -> "Passages":
        """Return some of the passages."""
        return Passages(
            self.first[rows], self.second[rows], self.nsp_labels[rows], self.owners[rows]
        )


def whole(documents: Documents, chosen: Numbers, word_starts: Flags, *, room: int) -> Passages:
    """Part each document into as few passages as hold it, of like length, between words.

    Args:
        documents: Token ids.
        chosen: (D,) which documents.
        word_starts: (V,) whether a piece begins a word.
        room: Most tokens of a passage, special ones not counted.
    """
    edges = documents.borders[documents.edges()]
    spans, owners = [], []
    for owner in chosen.tolist():
        cuts = _cuts(documents, int(edges[owner]), int(edges[owner + 1]), word_starts, room)
        spans += list(itertools.pairwise(cuts))
        owners += [owner] * (len(cuts) - 1)
    first = np.asarray(spans, dtype=np.int64).reshape(-1, 2)
    return Passages(
        first=first,
        second=np.repeat(first[:, 1:], 2, axis=1),
        nsp_labels=np.full(len(first), NO_TARGET),
        owners=np.asarray(owners, dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class PairSpans:
    """Stretches of sentences of one document, each to be parted in two between sentences."""

    edges: Numbers  # (N, 2) where the stretch begins and ends
    options: tuple[Numbers, ...]  # N lists of places where it can be parted; empty: not at all
    owners: Numbers  # (N,)

    def __len__(self) -> int:
        return len(self.owners)


def pair_spans(
    documents: Documents, chosen: Numbers, word_starts: Flags, *, room: int
) -> PairSpans:
    """Gather sentences into stretches whose two parts fit the encoder beside any other part.

    The arguments are those of `whole`; a unit is a sentence, and the room is that of two parts
    together.

    Raises:
        DataError: There is one document only, so that no sentence can come from another.
    """
    if len(chosen) < 2:
        raise DataError(
            "next sentences need two documents at least, as half of the second parts come from "
            "another one; part the text by blank lines, name more files, or leave out --nsp"
        )
    half = room // 2
    units = documents.edges()
    edges, options, owners = [], [], []
    for owner in chosen.tolist():
        ends = _sentence_ends(
            documents, int(units[owner]), int(units[owner + 1]), word_starts, half
        )
        for start, stop, places in _stretches(ends, half):
            edges.append((start, stop))
            options.append(places)
            owners.append(owner)
    return PairSpans(
        edges=np.asarray(edges, dtype=np.int64).reshape(-1, 2),
        options=tuple(options),
        owners=np.asarray(owners, dtype=np.int64),
    )


def paired(found: PairSpans, *, seed: int, epoch: int) -> Passages:
    """Part every stretch in two, and let half of them exchange their second parts.

    Stretches of one sentence stay whole, and their label is NO_TARGET.

    Epochs count from 1; 0 is that of texts that are held out.
    """
    draw = np.random.default_rng([seed, epoch, len(found)])
    places = np.asarray(
        [
            options[draw.integers(len(options))] if len(options) else end
            for options, end in zip(found.options, found.edges[:, 1].tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    first = np.stack([found.edges[:, 0], places], axis=1)
    second = np.stack([places, found.edges[:, 1]], axis=1)
    is_pair = second[:, 1] > second[:, 0]
    nsp_labels = np.where(is_pair, IS_NEXT, NO_TARGET)
    pairs = draw.permutation(np.flatnonzero(is_pair))
    givers, takers = _exchange(pairs, found.owners, draw)
    second[takers] = second[givers]
    nsp_labels[takers] = NOT_NEXT
    return Passages(first, second, nsp_labels, found.owners)


def _exchange(
    pairs: Numbers, owners: Numbers, draw: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Choose which pairs give their second part to which, so that none gets one of its document.

    Ordered by document every other pair is chosen, so that the half holds half of each document.
    Each gives to the one that stands as far on as the largest document is long. What a document
    has beyond the half of those chosen is left out first.
    """
    if len(pairs) < 2:
        return pairs[:0], pairs[:0]
    _, group = np.unique(owners[pairs], return_inverse=True)
    group = draw.permutation(int(group.max()) + 1)[group]  # documents in another order each time
    half = np.argsort(group, kind="stable")[1::2]
    chosen, group = pairs[half], group[half]
    sizes = np.bincount(group)
    largest = int(sizes.argmax())
    others = len(chosen) - int(sizes[largest])
    if sizes[largest] > others:
        places = np.flatnonzero(group == largest)[others:]
        chosen, group = np.delete(chosen, places), np.delete(group, places)
    step = int(np.bincount(group).max()) if len(group) else 0
    return chosen, np.roll(chosen, step)


def _sentence_ends(
    documents: Documents, first: int, last: int, word_starts: Flags, most: int
) -> list[int]:
    """Return where each sentence of some units begins, and where the last ends."""
    ends = [int(documents.borders[first])]
    for unit in range(first, last):
        start, stop = int(documents.borders[unit]), int(documents.borders[unit + 1])
        ends += _cuts(documents, start, stop, word_starts, most)[1:]
    return ends


def _stretches(ends: list[int], half: int) -> list[tuple[int, int, Numbers]]:
    """Fill a first part, then a second one, and say where else the two could have been parted."""
    found = []
    place = 0
    while place < len(ends) - 1:
        middle = _fill(ends, place, half)
        stop = _fill(ends, middle, half)
        inner = np.asarray(ends[place + 1 : stop], dtype=np.int64)
        fits = (inner - ends[place] <= half) & (ends[stop] - inner <= half)
        found.append((ends[place], ends[stop], inner[fits]))
        place = stop
    return found


def _fill(ends: list[int], place: int, most: int) -> int:
    """Return how far one comes from a place within so many tokens."""
    start = place
    while place + 1 < len(ends) and ends[place + 1] - ends[start] <= most:
        place += 1
    return place


def _cuts(documents: Documents, start: int, stop: int, word_starts: Flags, most: int) -> list[int]:
    """Part a stretch of tokens into as few as fit, of like length, before the start of a word."""
    parts = -(-(stop - start) // most)
    if parts <= 1:
        return [start, stop]
    cuts = [start]
    while stop - cuts[-1] > most:
        left = -(-(stop - cuts[-1]) // most)
        wanted = cuts[-1] + -(-(stop - cuts[-1]) // left)
        cuts.append(_word_before(documents, cuts[-1], wanted, word_starts))
    return [*cuts, stop]


def _word_before(documents: Documents, start: int, wanted: int, word_starts: Flags) -> int:
    """Return the last start of a word at or before a place; the place itself if there is none."""
    lowest = max(start + 1, wanted - 32)
    places = np.flatnonzero(word_starts[documents.ids[lowest : wanted + 1]])
    return lowest + int(places[-1]) if len(places) else wanted
