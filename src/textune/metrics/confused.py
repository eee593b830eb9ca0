"""Truth and decisions become pairs of labels that are taken for each other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics.entities import Tags, entities

MOST = 20  # pairs that are named
Pair = tuple[str | None, str | None]  # truth and decision; None: nothing


def of_classes(
    truth: NDArray[np.int64], decisions: NDArray[np.int64], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Count pairs where each text, or word, has one label; (I,) each, negative where not known."""
    rows = np.flatnonzero((truth >= 0) & (truth != decisions))
    pairs = zip(truth[rows].tolist(), decisions[rows].tolist(), strict=True)
    totals = np.bincount(truth[truth >= 0], minlength=len(labels))
    return _listed(
        ((labels[true], labels[given]) for true, given in pairs),
        dict(zip(labels, totals.tolist(), strict=True)),
    )


def of_marks(
    truth: NDArray[np.float64],
    decisions: NDArray[np.int64],
    labels: Sequence[str],
    columns: Sequence[NDArray[np.int64]] | None = None,
) -> list[dict[str, Any]]:
    """Count pairs where a text may have several labels; (N, C) each, NaN where not scored.

    Of a text, each label that it lacks is paired with each that it was given instead; with None
    where nothing was given in its place, and None with what was given too many.

    Args:
        truth: 1 where a label applies.
        decisions: 1 where it was given.
        labels: Their names.
        columns: Places of labels of which each is taken for one of its own column only; None: for
            any other.
    """
    missed, added = (truth == 1) & (decisions == 0), (truth == 0) & (decisions == 1)
    rows = np.flatnonzero((missed | added).any(axis=1))
    totals = dict(zip(labels, np.nansum(truth, axis=0).astype(int).tolist(), strict=True))
    return _listed(
        (
            pair
            for row in rows.tolist()
            for at in columns or [np.arange(len(labels))]
            if missed[row, at].any() or added[row, at].any()
            for pair in _crossed(
                [labels[place] for place in at[missed[row, at]].tolist()],
                [labels[place] for place in at[added[row, at]].tolist()],
            )
        ),
        totals,
    )


def of_entities(truth: Sequence[Tags], found: Sequence[Tags]) -> list[dict[str, Any]]:
    """Count pairs of types of entities that overlap; with None what overlaps nothing."""
    pairs: list[Pair] = []
    totals: Counter[str | None] = Counter()
    for right, given in zip(truth, found, strict=True):
        both = set(entities(right)), set(entities(given))
        totals.update(kind for kind, *_ in both[0])
        for true in both[0] - both[1]:
            near = [one[0] for one in both[1] if _overlap(true, one)]
            pairs += [(true[0], kind) for kind in near if kind != true[0]] if near else []
            pairs += [] if near else [(true[0], None)]
        pairs += [
            (None, one[0])
            for one in both[1] - both[0]
            if not any(_overlap(one, true) for true in both[0])
        ]
    return _listed(pairs, totals)


def _crossed(missed: Sequence[str], added: Sequence[str]) -> Iterator[Pair]:
    """Pair what a text lacks with what it was given too many."""
    nothing: tuple[str | None, ...] = (None,)
    for one in missed or nothing:
        for other in added or nothing:
            yield one, other


def _listed(pairs: Iterable[Pair], totals: Any) -> list[dict[str, Any]]:
    """List pairs, the most frequent first, each with how often the truth is there."""
    counts = Counter(pairs)
    order = sorted(counts, key=lambda pair: (-counts[pair], pair[0] or "", pair[1] or ""))
    return [
        {"truth": true, "given": given, "n": counts[true, given], "of": totals.get(true)}
        for true, given in order[:MOST]
    ]


def _overlap(one: Any, other: Any) -> bool:
    return bool(one[1] < other[2] and other[1] < one[2])
