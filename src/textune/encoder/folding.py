"""A head of standardised numbers is saved as one whose outputs are in the user's units."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder import heads, units
from textune.encoder.units import KEY, Units


@contextmanager
def folded(model: Any, own: Units | None) -> Iterator[bool]:
    """Fold the user's units into the head, as a model has it while it is saved.

    Yields:
        Whether it does. It does not where the last layer has no bias, or fp32 would be too coarse.
    """
    last = None if own is None or not own.is_fine else heads.last(model)
    if own is None or last is None or last[1].bias is None:
        yield False
        return
    part = last[1]
    kept = part.weight.detach().clone(), part.bias.detach().clone()
    centers, scales = own.tensors()
    _set(part, kept[0].cpu().double() * scales[:, None], kept[1].cpu().double() * scales + centers)
    setattr(model.config, KEY, {"centers": list(own.centers), "scales": list(own.scales)})
    try:
        yield True
    finally:
        _set(part, *kept)
        forget(model)


def unfold(model: Any) -> None:
    """Take the user's units out of a saved head: its outputs are standardised again."""
    own = units.read(vars(model.config))
    last = heads.last(model)
    if own is not None and last is not None:
        _set(last[1], *units.standardised(last[1].weight, last[1].bias, own))
    forget(model)


def forget(model: Any) -> None:
    """Drop from a configuration what holds for a base's own numbers only."""
    vars(model.config).pop(KEY, None)


@torch.no_grad()
def _set(part: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    part.weight.copy_(weight)
    part.bias.copy_(bias)
