"""The gradients of several processes become one: the exact mean over the whole optimizer batch.

Each process has divided its losses by what the whole batch counts, so the gradients are added:
where they lie, so that nothing is copied but those of biases and norms, which go together.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from textune.parallel.ranks import Ranks
from textune.training.optim import AdamW

LARGE = 1 << 16  # elements above which a gradient is added where it lies; others go together


def add(ranks: Ranks, optimizer: AdamW, total: Tensor) -> Tensor:
    """Add the gradients and the losses of all processes, in place.

    A parameter without a gradient here has zeros added for it where any process has one; where
    none has one it stays without, and is not updated, as with one process.

    Args:
        ranks: The processes.
        optimizer: Whose parameters have gradients now.
        total: () the loss of this process's texts, divided by the count of all.

    Returns:
        The loss of all.
    """
    if not ranks.are_several:
        return total
    pairs = list(optimizer.gradients())
    is_stopped = ranks.stop is not None and ranks.stop.signal is not None
    marks = [gradient is not None for _, gradient in pairs]
    has = torch.tensor([*marks, is_stopped], dtype=torch.int32)
    ranks.add([has])()
    *counts, stopped = has.tolist()
    ranks.are_stopped = bool(stopped)
    shared = [
        _laid_down(parameter, gradient)
        for (parameter, gradient), count in zip(pairs, counts, strict=True)
        if count
    ]
    large = [item for item in shared if item.numel() >= LARGE]
    small = [item for item in shared if item.numel() < LARGE]
    total = total.to(pairs[0][0].device)
    flat = torch.cat([total.reshape(1), *(item.reshape(-1) for item in small)])
    ranks.add([*large, flat])()
    _spread(flat[1:], small)
    return flat[0]


def _laid_down(parameter: nn.Parameter, gradient: Tensor | None) -> Tensor:
    """Let a parameter have a gradient in fp32 that can be added to; return it."""
    if gradient is None:
        parameter.grad = torch.zeros_like(parameter)
    elif not gradient.is_contiguous():
        parameter.grad = gradient.contiguous()
    assert parameter.grad is not None
    return parameter.grad


def _spread(flat: Tensor, parts: Sequence[Tensor]) -> None:
    """Lay sums back into the gradients that they are of."""
    with torch.no_grad():
        for piece, part in zip(flat.split([part.numel() for part in parts]), parts, strict=True):
            part.copy_(piece.view_as(part))
