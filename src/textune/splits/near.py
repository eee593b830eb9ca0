"""Sketches become pairs of texts that share most of their words.

Numbers of MinHash find candidates where a band of them agrees (Leskovec et al., "Mining of massive
datasets", chapter 3), and each candidate's share of common words is then computed. Time grows with
the number of texts, however alike they are: of those that share a band a text meets its next ones.
"""

import numpy as np
from numpy.typing import NDArray

from textune.splits.sketches import SIZE, Hashes, Places, Sketches, chunks, mixed

ALIKE = 0.55  # share of common words and pairs of words, from which texts are nearly the same
BANDS, ROWS = (
    20,
    4,
)  # candidates agree in all numbers of a band; they come from hashes of the sketch
MEETS = 16  # others that a text meets in a band, to either side
TOGETHER, TEXTS = 1 << 16, 1 << 11  # pairs that are compared, texts that are hashed at once
NONE = -1

_SEEDS = mixed(np.arange(1, BANDS * ROWS + 1, dtype=np.uint64)) | np.uint64(1)


def repeats(found: Sketches) -> Places:
    """Find for each text an earlier one that it nearly repeats.

    Returns:
        (N,) its place; -1 where there is none.
    """
    return _partners(found, len(found), 0)


def matches(known: Sketches, others: Sketches) -> Places:
    """Find for each of other texts one of those that are known, that it nearly repeats.

    Returns:
        (M,) its place among the known; -1 where there is none.
    """
    return _partners(known.beside(others), len(known), len(known))[len(known) :]


def _partners(found: Sketches, known: int, start: int) -> Places:
    """Look among the first texts, so many, for partners of those from a place on; (N,)."""
    partner = np.full(len(found), NONE, dtype=np.int64)
    rows = np.flatnonzero(np.diff(found.borders))
    bands = _bands(found, rows)  # (BANDS, R)
    are_known = rows < known
    for number in range(BANDS):
        keys = _joined(bands[number], bands[(number + 1) % BANDS])  # (R,)
        own = keys[are_known]
        order = np.argsort(own, kind="stable")
        sought = np.flatnonzero((rows >= start) & (partner[rows] == NONE))
        _meet(found, partner, rows[are_known][order], own[order], rows[sought], keys[sought])
    return partner


def _meet(
    found: Sketches,
    partner: Places,
    known: Places,
    keys: NDArray[np.uint64],
    sought: Places,
    theirs: NDArray[np.uint64],
) -> None:
    """Compare texts with known ones of the same band, those that agree in the next band first."""
    at = np.searchsorted(keys, theirs)
    band = theirs >> np.uint64(32)
    for way in (1, -1):
        places, left = at if way == 1 else at - 1, np.arange(len(sought))
        for _ in range(MEETS):
            left = left[(partner[sought[left]] == NONE) & (places[left] >= 0)]
            left = left[places[left] < len(known)]
            left = left[keys[places[left]] >> np.uint64(32) == band[left]]
            if not len(left):
                break
            one, other = known[places[left]], sought[left]
            is_earlier = one < other
            one, other = one[is_earlier], other[is_earlier]
            for part in chunks(len(one), TOGETHER):
                alike = shares(found, one[part], other[part]) >= ALIKE
                partner[other[part][alike]] = one[part][alike]
            places = places + way


def shares(found: Sketches, one: Places, other: Places) -> NDArray[np.float64]:
    """Say which share of their words and pairs of words two texts have in common.

    It is exact where both sketches hold all of a text. Of longer texts it is estimated by all
    numbers up to the greatest of a sketch that is full: of these both sketches tell.

    Returns:
        (P,) of each pair of places.
    """
    firsts = np.concatenate([found.borders[one], found.borders[other]])
    ends = np.concatenate([found.borders[one + 1], found.borders[other + 1]])
    owner = np.repeat(np.tile(np.arange(len(one)), 2), ends - firsts)
    last = np.where(ends - firsts < SIZE, np.iinfo(np.uint32).max, found.hashes[ends - 1])
    limit = np.minimum(last[: len(one)], last[len(one) :])  # (P,)
    hashes = found.hashes[ranges(firsts, ends)]
    is_told = hashes <= limit[owner]
    keys = np.sort((owner[is_told].astype(np.uint64) << np.uint64(32)) | hashes[is_told])
    again = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
    common = np.bincount(again.astype(np.int64), minlength=len(one))
    total = np.bincount(owner[is_told], minlength=len(one))
    return np.asarray(common / np.maximum(1, total - common), dtype=np.float64)


def _bands(found: Sketches, rows: Places) -> Hashes:
    """Say what each text has in each band; texts of the same words have the same; (BANDS, R)."""
    keys = np.zeros((BANDS, len(rows)), dtype=np.uint32)
    for part in chunks(len(rows), TEXTS):
        firsts, ends = found.borders[rows[part]], found.borders[rows[part] + 1]
        hashes = found.hashes[ranges(firsts, ends)].astype(np.uint64)
        starts = np.cumsum(ends - firsts) - (ends - firsts)
        for band in range(BANDS):
            key = np.zeros(len(firsts), dtype=np.uint64)
            for seed in _SEEDS[band * ROWS : (band + 1) * ROWS]:
                least = np.minimum.reduceat((hashes * seed) >> np.uint64(32), starts)
                key = mixed(key ^ least)
            keys[band, part] = (key >> np.uint64(32)).astype(np.uint32)
    return keys


def _joined(first: Hashes, then: Hashes) -> NDArray[np.uint64]:
    return (first.astype(np.uint64) << np.uint64(32)) | then


def ranges(starts: Places, ends: Places) -> Places:
    """Return all whole numbers of each range, one range behind the other."""
    sizes = ends - starts
    return np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
