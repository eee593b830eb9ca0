"""Batches of ever-changing sizes become batches of a few sizes: texts of no meaning fill them up.

What is filled up computes the same: a text of filling is seen by no other, has no target that
counts, and gives no gradient. So all batches of one size can go through the same memory, and
through one captured graph on a card.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np
import torch
from torch import Tensor

from textune.records import Batch, Items

MOST = 8  # sizes
PLANNED = 2000  # batches of a plan that are looked at
SHARE = 0.03  # of filling in all tokens, below which no further size is made
MULTIPLE = 32  # of tokens: products of such heights are quick
ROOM = 4  # tokens for texts of filling, at least
UNKNOWN = -100  # the target that is not learned


@dataclass(frozen=True, slots=True)
class Size:
    """How large a batch is in each of its directions."""

    tokens: int  # P
    texts: int  # B, windows of texts counted one by one
    items: int = 0  # I; 0 where each text is one
    groups: int = 0  # T texts that have items; 0 where each text is one
    asked: int = 0  # M tokens that the head reads; 0 where it reads the first of each text
    longest: int = 1  # tokens of a text at most


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes to which the batches of a run are filled up."""

    all: tuple[Size, ...]  # ascending
    share: float  # of filling in all tokens of the plan

    def of(self, size: Size) -> Size | None:
        """Return the smallest one that a batch of this size can be filled up to, or None."""
        return next((one for one in self.all if fits(size, one)), None)

    def words(self) -> str:
        """Say which sizes they are."""
        listed = ", ".join(f"{one.tokens:,}" for one in self.all)
        return f"packs are filled up to {listed} tokens ({self.share:.1%} of them filling)"


def size_of(batch: Batch) -> Size:
    """Return how large a batch is."""
    items = batch.items
    return Size(
        tokens=sum(batch.lengths),
        texts=len(batch.lengths),
        items=0 if items is None else sum(items.sizes),
        groups=0 if items is None else len(items.sizes),
        asked=0 if batch.asked is None else len(batch.asked),
        longest=max(batch.lengths),
    )


def choose(
    sizes: Iterable[Size], *, in_pairs: bool = False, most: int = MOST, share: float = SHARE
) -> Sizes:
    """Choose the sizes to which batches are filled up: as few as waste little.

    The cuts between them are those with the least filling of all (dynamic programming).

    Args:
        sizes: Of the batches of a plan.
        in_pairs: Whether every item has two texts, which are read apart.
        most: Sizes at most, of batches with items and of those without.
        share: Part of all tokens that filling may be, where so many sizes are enough.
    """
    kinds: dict[tuple[bool, bool], list[Size]] = defaultdict(list)
    for size in islice(sizes, PLANNED):
        kinds[size.groups > 0, size.asked > 0].append(size)
    found, tokens, computed = [], 0, 0
    for kind in kinds.values():
        ranked = sorted(kind, key=lambda size: size.tokens)
        for part, one in _parted(ranked, in_pairs=in_pairs, most=most, share=share):
            found.append(one)
            tokens += sum(size.tokens for size in part)
            computed += len(part) * one.tokens
    found.sort(key=lambda one: one.tokens)
    return Sizes(tuple(found), 1 - tokens / computed if computed else 0.0)


def _parted(
    ranked: Sequence[Size], *, in_pairs: bool, most: int, share: float
) -> list[tuple[Sequence[Size], Size]]:
    """Part ascending batches of one kind, and give each part its size."""
    longest = max(size.longest for size in ranked)
    tops = np.array([_up(size.tokens) for size in ranked])
    tokens = sum(size.tokens for size in ranked)
    found: list[tuple[Sequence[Size], Size]] = []
    for count in range(1, most + 1):
        cuts = _cuts(tops, count)
        parts = [ranked[first:last] for first, last in pairwise(cuts)]
        found = [(part, _around(part, longest, in_pairs=in_pairs)) for part in parts]
        computed = sum(len(part) * one.tokens for part, one in found)
        if 1 - tokens / computed <= share or len(parts) < count:
            break
    return found


def fits(size: Size, wanted: Size) -> bool:
    """Tell whether a batch can be filled up to a size: every text of filling has a token."""
    texts, tokens = wanted.texts - size.texts, wanted.tokens - size.tokens
    rows = wanted.asked - size.asked if size.asked or wanted.asked else texts
    items, groups = wanted.items - size.items, wanted.groups - size.groups
    alike = (size.items > 0) is (wanted.items > 0) and (size.groups > 0) is (wanted.groups > 0)
    is_enough = tokens >= texts > 0 and rows >= items >= groups >= 0 and rows >= 0
    has_place = items == 0 or groups > 0
    is_short = size.longest <= wanted.longest and tokens <= texts * wanted.longest
    return alike and is_enough and has_place and is_short


def fill(batch: Batch, size: Size) -> Batch:
    """Fill a batch up to a size that it fits.

    Weights are there afterwards, 1 for what had none and 0 for filling.
    """
    texts, tokens = size.texts - len(batch.lengths), size.tokens - len(batch.ids)
    lengths = tuple(tokens // texts + (number < tokens % texts) for number in range(texts))
    ends = torch.tensor(lengths).cumsum(0)  # (texts,)
    places = torch.cat([torch.arange(length) for length in lengths])  # (tokens,)
    targets, rows = batch.targets, _rows_with_targets(batch, size)
    asked = batch.asked
    if asked is not None:
        asked = _longer(asked, size.asked, len(batch.ids))
    return replace(
        batch,
        ids=torch.cat([batch.ids, batch.ids[:1].expand(tokens)]),
        positions=torch.cat([batch.positions, places]),
        segments=_longer(batch.segments, size.tokens, 0),
        borders=torch.cat([batch.borders, batch.borders[-1] + ends]),
        lengths=batch.lengths + lengths,
        targets=None if targets is None else _longer(targets, rows, _nothing(targets)),
        weights=_weights(batch, rows),
        shares=None if batch.shares is None else _longer(batch.shares, rows, 0.0),
        asked=asked,
        items=None if batch.items is None else _items(batch, batch.items, size),
        mlm_targets=None if batch.mlm_targets is None else _longer(batch.mlm_targets, rows, 0),
        nsp_labels=None
        if batch.nsp_labels is None
        else _longer(batch.nsp_labels, size.texts, UNKNOWN),
    )


def _rows_with_targets(batch: Batch, size: Size) -> int:
    """Return how many targets a batch of this size has."""
    if batch.mlm_targets is not None:
        return size.asked
    if batch.items is None:
        return size.texts
    is_of_groups = batch.targets is not None and len(batch.targets) == len(batch.items.sizes)
    is_of_items = batch.targets is not None and batch.targets.dim() == 1
    return size.groups if is_of_groups and not is_of_items else size.items


def _weights(batch: Batch, rows: int) -> Tensor:
    """Return the weights of all targets; (rows,) fp32."""
    weights = batch.weights
    if weights is None:
        known = batch.targets if batch.mlm_targets is None else batch.mlm_targets
        weights = torch.ones(0 if known is None else len(known))
    return _longer(weights, rows, 0.0)


def _items(batch: Batch, items: Items, size: Size) -> Items:
    """Return the items with those of filling, each of which has a row of its own."""
    groups, count = size.groups - len(items.sizes), size.items - sum(items.sizes)
    sizes = items.sizes
    if groups:
        sizes += (*(1,) * (groups - 1), count - groups + 1)
    rows = (size.asked if batch.asked is not None else size.texts) - len(items.of)
    of = size.items - count + torch.arange(rows) * max(count, 1) // max(rows, 1)  # (rows,)
    return Items(sizes, torch.cat([items.of, of.clamp(max=size.items - 1)]), torch.tensor(sizes))


def _nothing(targets: Tensor) -> float:
    return 0.0 if targets.is_floating_point() else UNKNOWN


def _longer(values: Tensor, rows: int, value: float) -> Tensor:
    """Append rows of one value; (N, …) → (rows, …)."""
    more = values.new_full((rows - len(values), *values.shape[1:]), value)
    return torch.cat([values, more])


def _up(tokens: int) -> int:
    return -(-(tokens + ROOM) // MULTIPLE) * MULTIPLE


def _cuts(tops: np.ndarray, count: int) -> list[int]:
    """Cut ascending numbers into parts with the least sum of distances to each part's last.

    Returns:
        Where the parts begin, and the end of the last one; parts of equal ends are one.
    """
    values, first = np.unique(tops, return_index=True)
    ends = np.append(first[1:], len(tops))  # of the batches up to each value
    starts = np.append(0, ends)  # (V + 1,)
    best = np.full(len(values) + 1, np.inf)
    best[0], before = 0.0, []
    for _ in range(min(count, len(values))):
        costs = best[:-1, None] + np.where(
            np.arange(len(values))[:, None] <= np.arange(len(values))[None],
            values[None] * (ends[None] - starts[:-1, None]),
            np.inf,
        )  # (V, V): a part of the values from row to column
        before.append(costs.argmin(axis=0))
        best = np.append(np.inf, costs.min(axis=0))
    cuts, place = [len(tops)], len(values)
    for back in reversed(before):
        place = int(back[place - 1])
        cuts.append(int(starts[place]))
    return cuts[::-1]


def _around(part: Sequence[Size], longest: int, *, in_pairs: bool) -> Size:
    """Return the size to which all of these can be filled up, with a text of filling at least."""
    groups, items, asked, texts = 0, 0, 0, 0
    if part[0].groups:
        groups = max(size.groups for size in part) + 1
        items = max(size.items + groups - size.groups for size in part)
    if part[0].asked:
        asked = max(size.asked + items - size.items for size in part)
    tokens = _up(max(size.tokens for size in part))
    for _ in range(8):  # more texts of filling need more tokens, and those more texts
        texts = max(
            size.texts
            + max(
                1,
                -(-(tokens - size.tokens) // longest),
                0 if asked else items - size.items,
            )
            for size in part
        )
        if in_pairs:
            texts += texts % 2
            items = groups = texts // 2
        needed = max(size.tokens + texts - size.texts for size in part)
        if needed <= tokens:
            break
        tokens = _up(needed)
    return Size(tokens, texts, items, groups, asked, longest)
