"""A text of more windows than are computed at once gives the gradient of the whole, in parts."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from textune.objectives.work import Join, Whole
from textune.records import Batch
from textune.training import generators


def backward(
    model: Callable[[Batch], Any],
    loss: Callable[[Any, Batch], Tensor],
    batch: Batch,
    pieces: Sequence[Batch],
    *,
    join: Join,
    collect: Callable[[], None],
    scaled: Callable[[Tensor], Tensor],
    count: float,
    whole: Whole | None = None,
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
        scaled: Returns what is differentiated of a loss: for fp16, a multiple of it.
        count: What the sum of losses is divided by.
        whole: Has a gradient for the features of each window, beside that of its logits.

    Returns:
        The loss, divided.
    """
    assert batch.items is not None
    device = batch.ids.device
    states, found = [], []
    with torch.no_grad():
        for piece in pieces:
            states.append(generators.state(device))
            found.append(model(piece))
    logits = torch.cat(found).requires_grad_()  # (R, C)
    total = loss(join(logits, batch.items), batch) / count
    scaled(total).backward()
    assert logits.grad is not None
    sizes = [len(part) for part in found]
    given = logits.grad.split(sizes)
    besides = None if whole is None else scaled(whole.gradient() / count).split(sizes)
    for place, (piece, state, gradient) in enumerate(zip(pieces, states, given, strict=True)):
        generators.go_back(state, device)
        roots, gradients = [model(piece)], [gradient]
        if whole is not None and besides is not None:
            roots.append(whole.features())
            gradients.append(besides[place].to(roots[1]))
        torch.autograd.backward(roots, gradients)
        collect()
    return total.detach()
