"""Rows of a store become a Batch: packed end to end, with positions, segments and borders."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.records import Batch, Items
from textune.text.buckets import Size
from textune.text.ragged import ranges
from textune.text.store import Store
from textune.text.tokenizers import Ids

Numbers = NDArray[np.int64]


def pack(
    store: Store,
    rows: Numbers,
    *,
    targets: NDArray[np.generic] | None = None,
    device: torch.device | str = "cpu",
) -> Batch:
    """Concatenate the windows of some texts.

    Args:
        store: Token ids.
        rows: (T,) which texts, in the order they shall lie.
        targets: Of these texts, in this order; None when unknown.
        device: Where the tensors go.
    """
    shown = ranges(store.starts[rows], store.starts[rows + 1])  # (B,) windows
    texts = [store.window(window) for window in shown.tolist()]
    asked, items = _items(store, rows, shown)
    return pack_ids(
        texts,
        store.first_sizes[shown].tolist(),
        targets=None if targets is None else torch.from_numpy(np.ascontiguousarray(targets)),
        asked=asked,
        items=items,
        device=device,
    )


def pack_ids(
    texts: Sequence[Ids],
    first_sizes: Sequence[int],
    *,
    targets: Tensor | None = None,
    asked: Tensor | None = None,
    items: Items | None = None,
    device: torch.device | str = "cpu",
) -> Batch:
    """Concatenate texts, or windows of them.

    Args:
        texts: Ids of each, special tokens included.
        first_sizes: How many tokens of each text belong to its first segment.
        targets: As the task has them.
        asked: (M,) places of the tokens that the head reads; None for the first of each text.
        items: Which results of the head belong to which item; None where each is one.
        device: Where the tensors go.
    """
    if targets is not None and targets.dtype == torch.float64:
        targets = targets.to(precise(torch.device(device)))
    lengths = tuple(len(text) for text in texts)
    borders = np.concatenate([[0], np.cumsum(lengths)])  # (B + 1,)
    positions = np.arange(borders[-1]) - np.repeat(borders[:-1], lengths)  # (P,)
    segments = positions >= np.repeat(np.asarray(first_sizes), lengths)  # (P,)
    return Batch(
        ids=torch.from_numpy(np.concatenate(texts).astype(np.int64)).to(device),
        positions=torch.from_numpy(positions).to(device),
        segments=torch.from_numpy(segments.astype(np.int64)).to(device),
        borders=torch.from_numpy(borders).to(device),
        lengths=lengths,
        targets=None if targets is None else targets.to(device),
        asked=None if asked is None else asked.to(device),
        items=None if items is None else _items_on(items, device),
    )


def size_of(store: Store, rows: Numbers) -> Size:
    """Return how large the batch of some texts is, without making it."""
    shown = ranges(store.starts[rows], store.starts[rows + 1])  # (B,) windows
    lengths = np.diff(store.borders)[shown]
    size = Size(int(lengths.sum()), len(shown), longest=int(lengths.max()))
    if store.shape.asks == "texts":
        count = 0 if len(shown) == len(rows) else len(rows)
        return replace(size, items=count, groups=count)
    return replace(
        size,
        items=int(np.diff(store.item_borders)[rows].sum()),
        groups=len(rows),
        asked=int(np.diff(store.asked_borders)[shown].sum()),
    )


def windows(batch: Batch, most_tokens: int) -> list[Batch]:
    """Part a batch between windows, so that no part has more tokens, unless one window has.

    The parts have no items and no targets: their logits, one after the other, are those of the
    whole.

    Returns:
        The batch itself where it is not too large, or has one window.
    """
    if sum(batch.lengths) <= most_tokens or len(batch.lengths) == 1:
        return [batch]
    parts: list[Batch] = []
    ends = np.cumsum(batch.lengths)
    first = 0
    while first < len(ends):
        start = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, start + most_tokens, side="right")), first + 1)
        parts.append(_cut(batch, first, last, start, int(ends[last - 1])))
        first = last
    return parts


def moved(batch: Batch, device: torch.device | str) -> Batch:
    """Return a batch whose tensors are on a device."""
    tensors: dict[str, Any] = {
        each.name: value.to(device)
        for each in fields(batch)
        if isinstance(value := getattr(batch, each.name), Tensor)
    }
    if batch.targets is not None and batch.targets.dtype == torch.float64:
        tensors["targets"] = batch.targets.to(precise(torch.device(device))).to(device)
    if batch.items is not None:
        tensors["items"] = _items_on(batch.items, device)
    return replace(batch, **tensors)


def _items_on(items: Items, device: torch.device | str) -> Items:
    counts = None if items.counts is None else items.counts.to(device)
    return Items(items.sizes, items.of.to(device), counts)


def precise(device: torch.device) -> torch.dtype:
    """Return the widest format of numbers that a device has; on Apple's there is no float64."""
    return torch.float64 if device.type in {"cpu", "cuda"} else torch.float32


def _cut(batch: Batch, first: int, last: int, start: int, end: int) -> Batch:
    """Take the windows from first up to last, which hold the tokens from start up to end."""
    asked = batch.asked
    if asked is not None:
        asked = asked[(asked >= start) & (asked < end)] - start
    return Batch(
        ids=batch.ids[start:end],
        positions=batch.positions[start:end],
        segments=batch.segments[start:end],
        borders=batch.borders[first : last + 1] - start,
        lengths=batch.lengths[first:last],
        asked=asked,
    )


def _items(store: Store, rows: Numbers, shown: Numbers) -> tuple[Tensor | None, Items | None]:
    """Return the tokens that the head reads, and their items; None where windows are texts."""
    windows = store.windows[rows]  # (T,)
    if store.shape.asks == "texts":
        if len(shown) == len(rows):
            return None, None
        of = np.repeat(np.arange(len(rows)), windows)
        return None, Items((1,) * len(rows), torch.from_numpy(of))
    lengths = np.diff(store.borders)[shown]
    before = np.cumsum(lengths) - lengths  # (B,) tokens of the batch before each window
    counts = np.diff(store.asked_borders)[shown]  # (B,)
    taken = ranges(store.asked_borders[shown], store.asked_borders[shown + 1])  # (R,)
    asked = store.asked[taken] + np.repeat(before, counts)
    sizes = np.diff(store.item_borders)[rows]  # (T,)
    first_items = np.repeat(np.cumsum(sizes) - sizes, windows)  # (B,)
    of = store.items[taken] + np.repeat(first_items, counts)
    return torch.from_numpy(asked), Items(tuple(sizes.tolist()), torch.from_numpy(of))
