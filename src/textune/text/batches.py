"""Rows of a store become a Batch: packed end to end, with positions, segments and borders."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.records import Batch
from textune.text.store import Store
from textune.text.tokenizers import Ids


def pack(
    store: Store,
    rows: NDArray[np.int64],
    *,
    targets: NDArray[np.generic] | None = None,
    device: torch.device | str = "cpu",
) -> Batch:
    """Lay the texts of some rows end to end.

    Args:
        store: Token ids.
        rows: (B,) which texts, in the order they shall lie.
        targets: (N, …) of every text in the store; None when unknown.
        device: Where the tensors go.
    """
    texts = [store.text(row) for row in rows.tolist()]
    firsts = store.firsts[rows].tolist()
    chosen = None if targets is None else torch.from_numpy(np.ascontiguousarray(targets[rows]))
    return lay(texts, firsts, targets=chosen, device=device)


def lay(
    texts: Sequence[Ids],
    firsts: Sequence[int],
    *,
    targets: Tensor | None = None,
    asked: Tensor | None = None,
    device: torch.device | str = "cpu",
) -> Batch:
    """Lay texts end to end.

    Args:
        texts: Ids of each, special tokens included.
        firsts: How many of each text's tokens lie in its first segment.
        targets: (B, …) in the same order.
        asked: (M,) places of tokens whose piece is asked for.
        device: Where the tensors go.
    """
    lengths = tuple(len(text) for text in texts)
    borders = np.concatenate([[0], np.cumsum(lengths)])  # (B + 1,)
    positions = np.arange(borders[-1]) - np.repeat(borders[:-1], lengths)  # (P,)
    segments = positions >= np.repeat(np.asarray(firsts), lengths)  # (P,)
    return Batch(
        ids=torch.from_numpy(np.concatenate(texts).astype(np.int64)).to(device),
        positions=torch.from_numpy(positions).to(device),
        segments=torch.from_numpy(segments.astype(np.int64)).to(device),
        borders=torch.from_numpy(borders).to(device),
        lengths=lengths,
        targets=None if targets is None else targets.to(device),
        asked=None if asked is None else asked.to(device),
    )
