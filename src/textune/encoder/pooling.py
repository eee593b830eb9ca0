"""Logits of several windows become the logits of each item: a text, a word or a token."""

from pathlib import Path

import torch
from torch import Tensor, nn

from textune.encoder import weights
from textune.records import Items, Pool

NAME = "window_sharpness"  # of the learned parameter, in the model's weights


def pool(logits: Tensor, items: Items, how: Pool, sharpness: Tensor | None = None) -> Tensor:
    """Pool the logits of each item.

    Args:
        logits: (R, C), a row for each window of a text, or for each token that the head reads.
        items: To which item each row belongs.
        how: "mean" or "max" of the logits; "likely", the logarithm of the mean of their
            exponentials; "learned", the same with a sharpness s: (1/s) log mean exp(s z), which
            goes from the mean (s near 0) to the maximum (s large).
        sharpness: (C,) logarithm of s, for "learned".

    Returns:
        (I, C), NaN for an item without a row.
    """
    count = sum(items.sizes)
    logits = logits.float()
    sizes = logits.new_zeros(count).index_add(0, items.of, logits.new_ones(len(items.of)))[:, None]
    if how == "mean":
        found = logits.new_zeros(count, logits.shape[1]).index_add(0, items.of, logits)
        return found / sizes
    scale = logits.new_ones(())
    if sharpness is not None and how == "learned":
        scale = sharpness.exp().to(logits)
    index = items.of[:, None].expand_as(logits)
    empty = logits.new_full((count, logits.shape[1]), -torch.inf)
    top = empty.scatter_reduce(0, index, logits, "amax")  # (I, C)
    if how == "max":
        return torch.where(sizes > 0, top, torch.nan)
    still = top.detach().nan_to_num(neginf=0.0)
    parts = (scale * (logits - still[items.of])).exp()
    sums = torch.zeros_like(top).index_add(0, items.of, parts)
    means = torch.where(sizes > 0, sums / sizes, 1.0)  # 1: that no gradient is NaN
    return torch.where(sizes > 0, means.log() / scale + still, torch.nan)


def learn(model: nn.Module, outputs: int, saved: Tensor | None = None) -> None:
    """Add the parameter of sharpness to a model; it is saved among its weights.

    `saved` is what an earlier training learned.
    """
    start = torch.zeros(outputs) if saved is None else saved.float()
    model.register_parameter(NAME, nn.Parameter(start))


def sharpness(model: nn.Module) -> Tensor | None:
    """Return what `learn` gave a model."""
    return getattr(model, NAME, None)


def saved(folder: Path) -> Tensor | None:
    """Read the sharpness that was saved among a model's weights, if there is one."""
    return weights.read(folder, [NAME]).get(NAME)


def segment_means(hidden: Tensor, borders: Tensor) -> Tensor:
    """Return the mean state of each text; (P, D) and (B + 1,) → (B, D)."""
    sizes = borders.diff()
    owner = torch.repeat_interleave(sizes, output_size=len(hidden))  # (P,)
    sums = hidden.new_zeros(len(sizes), hidden.shape[1]).index_add(0, owner, hidden)
    return sums / sizes[:, None]
