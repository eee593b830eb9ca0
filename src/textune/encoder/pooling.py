"""Answers of a head in several windows become one answer for each item."""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from textune.records import Items, Pool

NAME = "window_sharpness"  # of the learned parameter, in the model's weights


def pool(answers: Tensor, items: Items, how: Pool, sharpness: Tensor | None = None) -> Tensor:
    """Join the answers that speak of one item.

    Args:
        answers: (R, C) logits, one row for each window of a text or each asked token.
        items: What they speak of.
        how: "mean" or "max" of the logits; "likely", the logarithm of the mean of their
            exponentials; "learned", the same with a sharpness s: (1/s) log mean exp(s z), which
            goes from the mean (s near 0) to the maximum (s large).
        sharpness: (C,) logarithm of s, for "learned".

    Returns:
        (I, C), NaN for an item of which no window speaks.
    """
    count = sum(items.sizes)
    answers = answers.float()
    sizes = torch.bincount(items.of, minlength=count)[:, None]  # (I, 1)
    if how == "mean":
        found = answers.new_zeros(count, answers.shape[1]).index_add(0, items.of, answers)
        return found / sizes
    scale = torch.ones(()) if sharpness is None or how != "learned" else sharpness.exp()
    scale = scale.to(answers)
    index = items.of[:, None].expand_as(answers)
    empty = answers.new_full((count, answers.shape[1]), -torch.inf)
    top = empty.scatter_reduce(0, index, answers, "amax")  # (I, C)
    if how == "max":
        return torch.where(sizes > 0, top, torch.nan)
    still = top.detach().nan_to_num(neginf=0.0)
    parts = (scale * (answers - still[items.of])).exp()
    sums = torch.zeros_like(top).index_add(0, items.of, parts)
    means = torch.where(sizes > 0, sums / sizes, 1.0)  # 1: that no gradient is NaN
    return torch.where(sizes > 0, means.log() / scale + still, torch.nan)


def learn(model: nn.Module, outputs: int, saved: Tensor | None = None) -> None:
    """Give a model the sharpness that is learned with it, saved among its weights.

    Args:
        model: With its head.
        outputs: C of its head.
        saved: What an earlier training learned.
    """
    start = torch.zeros(outputs) if saved is None else saved.float()
    model.register_parameter(NAME, nn.Parameter(start))


def sharpness(model: nn.Module) -> Tensor | None:
    """Return what `learn` gave a model."""
    return getattr(model, NAME, None)


def saved(folder: Path) -> Tensor | None:
    """Read the sharpness that was saved among a model's weights, if there is one."""
    file = folder / "model.safetensors"
    if not file.is_file():
        return None
    with safe_open(file, framework="pt") as opened:
        return opened.get_tensor(NAME) if NAME in opened.keys() else None  # noqa: SIM118
