"""A text of more windows than are computed at once gives the gradient of the whole, in parts."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from textune.objectives.work import Join
from textune.records import Batch


def backward(
    model: Callable[[Batch], Any],
    loss: Callable[[Any, Batch], Tensor],
    batch: Batch,
    pieces: Sequence[Batch],
    *,
    join: Join,
    collect: Callable[[], None],
    count: float,
) -> Tensor:
    """Add the gradient of a batch, whose windows are computed a few at a time.

    The logits of all windows are computed first, without a graph; the loss of them gives their
    gradient, with which each part is then computed once more, with the same masks of dropout. It
    is the gradient of one pass over the whole, in the memory of a part.

    Args:
        model: Computes logits from a batch.
        loss: Returns the sum of losses.
        batch: The whole.
        pieces: Its windows, a few in each.
        join: Pools the logits of each item over its windows.
        collect: Brings the gradients of a part to the parameters that are optimized.
        count: What the sum of losses is divided by.

    Returns:
        The loss, divided.
    """
    assert batch.items is not None
    device = batch.ids.device
    states, found = [], []
    with torch.no_grad():
        for piece in pieces:
            states.append(_random_state(device))
            found.append(model(piece))
    logits = torch.cat(found).requires_grad_()  # (R, C)
    total = loss(join(logits, batch.items), batch) / count
    total.backward()
    assert logits.grad is not None
    given = logits.grad.split([len(part) for part in found])
    for piece, state, gradient in zip(pieces, states, given, strict=True):
        _go_back(state, device)
        model(piece).backward(gradient)
        collect()
    return total.detach()


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Return where the generators stand that dropout draws from."""
    on_card = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return torch.get_rng_state(), on_card


def _go_back(state: tuple[Tensor, Tensor | None], device: torch.device) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
