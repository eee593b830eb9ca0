"""A seed, an epoch and the lengths become optimizer steps, the same on every process.

Every optimizer batch is the one that plain random shuffling draws. Only inside it are the texts
ordered and parted, by their tokens: that changes nothing in the gradient, which is the exact mean
over the batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
EACH = 48  # tokens that another micro-batch costs as much as, where texts are padded
EACH_SHARE = 0.05  # the same, as a part of the tokens that are computed at once


@dataclass(frozen=True, slots=True)
class Update:
    """One optimizer step as one process sees it."""

    rows: Rows  # (B,) the whole optimizer batch, over all processes
    parts: tuple[Rows, ...]  # this process's micro-batches, longest texts first; some may be empty


def padding(lengths: NDArray[np.int64], *, seed: int, batch_size: int) -> float:
    """Say what padding each batch of an epoch to its longest text would have computed in vain.

    Returns:
        Tokens of padding beside each token of a text; 0 where there are none.

    Example:
        >>> padding(np.array([1, 3]), seed=0, batch_size=2)
        0.5
    """
    order = np.random.default_rng([seed, 1]).permutation(len(lengths))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    computed = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    tokens = int(lengths.sum())
    return computed / tokens - 1 if tokens else 0.0


def epoch(
    lengths: NDArray[np.int64],
    *,
    seed: int,
    number: int,
    batch_size: int,
    micro_tokens: int,
    padded: bool = False,
    rank: int = 0,
    world: int = 1,
    copies: NDArray[np.float64] | None = None,
) -> list[Update]:
    """Plan one pass over the texts.

    Args:
        lengths: (N,) tokens of each text.
        seed: The run's seed.
        number: Which epoch, from 1.
        batch_size: Texts in one update, over all processes.
        micro_tokens: Most tokens in one micro-batch; a longer text gets one of its own.
        padded: Whether micro-batches will be padded: they are then made of texts of like length.
        rank: This process.
        world: Number of processes.
        copies: (N,) how often each text is drawn, in the mean; None: each once.

    Returns:
        One entry a step; every rank gets as many, with as many micro-batches in each.
    """
    rng = np.random.default_rng([seed, number])
    order = rng.permutation(len(lengths)) if copies is None else drawn(copies, rng)
    return [
        update(
            order[start : start + batch_size],
            lengths,
            micro_tokens,
            padded=padded,
            rank=rank,
            world=world,
        )
        for start in range(0, len(order), batch_size)
    ]


def update(
    rows: Rows,
    lengths: NDArray[np.int64],
    micro_tokens: int,
    *,
    padded: bool = False,
    rank: int = 0,
    world: int = 1,
) -> Update:
    """Part one optimizer batch over processes and micro-batches, by tokens."""
    ranked = rows[np.argsort(-lengths[rows], kind="stable")]
    shares = _shares(ranked, lengths, world)
    parts = [_cut(share, lengths, micro_tokens, padded=padded) for share in shares]
    most = max(len(part) for part in parts)
    mine = parts[rank] + [ranked[:0]] * (most - len(parts[rank]))
    return Update(rows=rows, parts=tuple(mine))


def drawn(copies: NDArray[np.float64], rng: np.random.Generator) -> Rows:
    """Draw as many texts as there are, each about as often as it is wanted, and mix them.

    By systematic sampling (Madow, 1949): a text that is wanted 1.4 times comes once or twice, and
    texts that are wanted alike come together as often as they should, to one more or less.
    """
    count = len(copies)
    mixed = rng.permutation(count)
    ranked = mixed[np.argsort(copies[mixed], kind="stable")]
    ends = np.cumsum(copies[ranked])
    points = (np.arange(count) + rng.random()) * ends[-1] / count
    places = np.searchsorted(ends, points, side="right").clip(max=count - 1)
    return rng.permutation(ranked[places])


def steps_in_epoch(texts: int, batch_size: int) -> int:
    """Count the updates of one epoch; the last may be smaller."""
    return -(-texts // batch_size)


def in_order(
    lengths: NDArray[np.int64],
    *,
    micro_tokens: int,
    padded: bool = False,
    window: int = 4096,
    most: int | None = None,
) -> Iterator[Rows]:
    """Group texts for prediction: sorted by length inside a window, packed up to the budget.

    Args:
        lengths: (N,) tokens of each text.
        micro_tokens: Most tokens of a group; a longer text gets one of its own.
        padded: Whether groups will be padded: they are then made of texts of like length.
        window: Texts that are sorted together.
        most: Texts of a group at most; None: as many as the budget holds.

    Yields:
        Positions in `lengths`, each exactly once.
    """
    for start in range(0, len(lengths), window):
        part = np.arange(start, min(start + window, len(lengths)))
        ranked = part[np.argsort(-lengths[part], kind="stable")]
        for group in _cut(ranked, lengths, micro_tokens, padded=padded):
            yield from np.split(group, range(most or len(group), len(group), most or 1))


def _shares(ranked: Rows, lengths: NDArray[np.int64], world: int) -> list[Rows]:
    """Give each text, longest first, to the process with the fewest tokens so far.

    All processes get as many texts, to one more or less.
    """
    if world == 1:
        return [ranked]
    loads = [0] * world
    room = [len(ranked) // world + (number < len(ranked) % world) for number in range(world)]
    chosen: list[list[int]] = [[] for _ in range(world)]
    for row in ranked.tolist():
        free = (number for number in range(world) if room[number])
        lightest = min(free, key=lambda number: (loads[number], number))
        chosen[lightest].append(row)
        loads[lightest] += int(lengths[row])
        room[lightest] -= 1
    return [np.asarray(rows, dtype=np.int64) for rows in chosen]


def _cut(ranked: Rows, lengths: NDArray[np.int64], budget: int, *, padded: bool) -> list[Rows]:
    """Cut a run of texts, longest first, where the budget is full or padding would be much."""
    if not len(ranked):
        return []
    sizes = lengths[ranked]
    ends = _like_ends(sizes, budget) if padded else _full_ends(sizes.tolist(), budget)
    return np.split(ranked, ends)


def _full_ends(sizes: Sequence[int], budget: int) -> list[int]:
    """Return where micro-batches end but the last: each as full as the budget allows."""
    ends: list[int] = []
    tokens = 0
    for place, size in enumerate(sizes):
        if place and tokens + size > budget:
            ends.append(place)
            tokens = 0
        tokens += size
    return ends


def _like_ends(sizes: NDArray[np.int64], budget: int) -> list[int]:
    """Return where micro-batches that are padded end but the last, so that all cost least.

    A micro-batch costs the tokens that are computed, padding included, and some for itself. By
    dynamic programming over the ends, as the sizes fall (Bellman, 1957).
    """
    each = max(EACH, EACH_SHARE * min(int(sizes.sum()), budget))
    counts = np.arange(len(sizes), 0, -1)
    best, starts = np.zeros(len(sizes) + 1), [0]
    first, longest = 0, sizes.tolist()
    for end in range(1, len(sizes) + 1):
        while first < end - 1 and longest[first] * (end - first) > budget:
            first += 1  # but one text alone is always computed
        costs = best[first:end] + sizes[first:end] * counts[first - end :]
        place = int(costs.argmin())
        best[end] = costs[place] + each
        starts.append(first + place)
    ends, place = [], starts[-1]
    while place:
        ends.append(place)
        place = starts[place]
    return ends[::-1]
