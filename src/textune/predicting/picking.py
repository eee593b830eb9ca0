"""How unsure a model is, and what texts are like, become the texts to label next.

Texts are parted into as many groups as are wanted, by their features, those of which the model is
unsure weighing more (weighted k-means: Zhdanov, "Diverse mini-batch active learning", 2019); of
each group comes the text next to its center. So none is chosen twice for the same reason, and
none that is like no other. Which power of the uncertainty weighs best was measured by
`python -m bench.suggest`. N texts, D width of a feature, K groups.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubts = NDArray[np.float64]
MOST_GROUPS = 500  # in which texts are parted, to bound time; more texts come from each then
POWER = 4  # of the uncertainty, by which a text weighs
LEAST = 1e-6  # uncertainty that a text has at least: where the model is sure of all, all count
ROUNDS = 20  # of k-means, at most


def choose(
    features: Floats | None, doubts: Doubts | None, *, count: int, seed: int, power: float = POWER
) -> NDArray[np.int64]:
    """Choose texts to label next.

    Args:
        features: (N, D) of each text; without them the least sure are chosen.
        doubts: (N,) how unsure the model is, 0 to 1; without them every text weighs the same.
        count: Texts wanted.
        seed: Of the draw by which groups begin, and of what comes first where doubts are equal.
        power: Of the doubts, by which a text weighs.

    Returns:
        Positions, at most `count`, those first that are most worth a label.

    Example:
        >>> choose(None, np.asarray([0.1, 0.9, 0.5]), count=2, seed=0)
        array([1, 2])
    """
    rows = len(features) if features is not None else 0 if doubts is None else len(doubts)
    draw = np.random.default_rng(seed)
    known = np.ones(rows) if doubts is None else doubts
    if features is None or rows == 0:
        return np.lexsort((draw.random(rows), -known))[:count]
    weights = np.maximum(known, LEAST) ** power
    units = _unit(features)
    centers, groups = parted(units, weights / weights.max(), min(count, MOST_GROUPS), draw)
    far = np.square(units - centers[groups]).sum(axis=1)  # (N,)
    worth = np.bincount(groups, weights, len(centers))  # (K,)
    order = np.lexsort((far, -worth[groups]))
    return _in_turns(order, groups[order])[:count]


def parted(
    units: Floats, weights: Doubts, count: int, draw: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """Part features into groups around centers, by k-means begun as k-means++.

    Args:
        units: (N, D) features.
        weights: (N,) above 0.
        count: Groups; fewer come of it where others are copies.
        draw: Draws where groups begin.

    Returns:
        (K, D) the centers, and (N,) the group of each.
    """
    centers = _begun(units, weights, count, draw)
    groups = _nearest(units, centers)
    for _ in range(ROUNDS):
        sums = np.zeros(centers.shape)
        np.add.at(sums, groups, weights[:, None] * units)
        sizes = np.bincount(groups, weights, len(centers))
        held = sizes > 0
        centers[held] = sums[held] / sizes[held, None]
        before, groups = groups, _nearest(units, centers)
        if (before == groups).all():
            break
    return centers, groups


def _begun(units: Floats, weights: Doubts, count: int, draw: np.random.Generator) -> Floats:
    """Draw first centers, by weight and squared distance to those before; (K, D).

    Each is the best of a few that are drawn: the one that leaves least distance (greedy k-means++).
    """
    tries = 2 + int(np.log(count))
    chances = weights
    nearest = np.full(len(units), np.inf)
    places: list[int] = []
    while len(places) < min(count, len(units)) and chances.sum() > 0:
        drawn = draw.choice(len(units), size=tries, p=chances / chances.sum())
        gaps = np.minimum(nearest, _gaps(units, units[drawn]))  # (tries, N)
        best = int((gaps @ weights).argmin())
        places.append(int(drawn[best]))
        nearest = gaps[best]
        chances = weights * nearest
    return units[places].copy()


def _gaps(units: Floats, some: Floats) -> Doubts:
    """Return squared distances, 0 below what rounding makes of copies; (S, N)."""
    lengths = (np.square(each).sum(axis=1, dtype=np.float64) for each in (some, units))
    found = np.add.outer(*lengths) - 2 * (some @ units.T)
    return np.where(found > 1e-6, found, 0.0)


def _nearest(units: Floats, centers: Floats) -> NDArray[np.int64]:
    lengths = np.square(centers).sum(axis=1)  # (K,)
    return np.asarray((lengths - 2 * (units @ centers.T)).argmin(axis=1), dtype=np.int64)


def _unit(features: Floats) -> Floats:
    """Bring features to length 1; what is no number or 0 becomes 0."""
    finite = np.nan_to_num(features, nan=0.0, posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(finite, axis=1, keepdims=True)
    return np.asarray(finite / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _in_turns(order: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the first of each group, then the second of each, and so on; both (N,)."""
    by_group = np.argsort(groups, kind="stable")
    held = groups[by_group]
    begins = np.flatnonzero(np.r_[True, held[1:] != held[:-1]])
    turn = np.empty(len(order), dtype=np.int64)
    sizes = np.diff(np.r_[begins, len(held)])
    turn[by_group] = np.arange(len(held)) - np.repeat(begins, sizes)
    return order[np.argsort(turn, kind="stable")]
