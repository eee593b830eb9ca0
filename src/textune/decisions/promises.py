"""Held-out answers become what can be promised of fresh ones: bounds of shares.

Clopper & Pearson, 1934: exact bounds of a share.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]
RISK = 0.01  # that a bound does not hold
STEPS = 1.1  # by which counts grow from one threshold that is tried to the next


def least_share(hits: NDArray[np.int64], count: NDArray[np.int64], *, risk: float = RISK) -> Floats:
    """Return below which shares the true ones lie with a probability of `risk` only.

    Args:
        hits: Of each of some samples, (S,).
        count: Of its items, (S,).
        risk: That the bound does not hold.
    """
    from scipy import special  # a while to import

    found = special.betaincinv(np.maximum(hits, 1), count - hits + 1, risk)
    return np.where(hits > 0, found, 0.0)


def of_those_above(is_right: Marks, chances: Floats, share: float) -> tuple[float, bool]:
    """Return the lowest probability from which a share of items is right, and whether it is sure.

    Args:
        is_right: (N,).
        chances: (N,) that they are.
        share: Of those at or above the probability, that is to be right.

    Returns:
        Where the data cannot promise it, the probability above which so many are likeliest right:
        a bound that holds would be highest where nearly all items are taken.
    """
    order = np.argsort(-chances, kind="stable")
    ranked, right = chances[order], np.cumsum(is_right[order].astype(np.int64))
    counts = np.asarray(list(_counts(ranked)), dtype=np.int64)
    if not len(counts):
        return 1.0, False
    bounds = least_share(right[counts - 1], counts)
    met = np.flatnonzero(bounds >= share)
    if not len(met):
        bounds = least_share(right[counts - 1], counts, risk=0.5)
    place = int(counts[met[-1]] if len(met) else counts[int(bounds.argmax())])
    return between(ranked, place), bool(len(met))


def of_those_found(is_right: Marks, chances: Floats, share: float) -> tuple[float, bool]:
    """Return the highest probability at or above which a share of the right items lies.

    Args:
        is_right: (N,).
        chances: (N,) that they are.
        share: Of the right ones.

    Returns:
        The probability, and whether the data promise it; where they cannot, the lowest of them.
    """
    own = -np.sort(-chances[is_right])  # (P,) falling
    if not len(own):
        return 0.0, False
    hits = np.arange(1, len(own) + 1)
    met = np.flatnonzero(least_share(hits, np.full(len(own), len(own))) >= share)
    last = int(met[0]) if len(met) else len(own) - 1
    lower = chances[chances < own[last]]
    below = float(lower.max()) if len(lower) else 0.0
    return float((own[last] + below) / 2), bool(len(met))


def between(ranked: Floats, count: int) -> float:
    """Return the probability that parts the first items, in falling order, from the others."""
    below = float(ranked[count]) if count < len(ranked) else 0.0
    return (float(ranked[count - 1]) + below) / 2


def _counts(ranked: Floats) -> Iterator[int]:
    """Yield how many of the first items are tried; equal ones are never parted."""
    count = 1
    while count <= len(ranked):
        last = int(np.searchsorted(-ranked, -ranked[count - 1], side="right"))
        yield last
        count = max(last + 1, int(last * STEPS))
    if len(ranked) and last < len(ranked):
        yield len(ranked)
