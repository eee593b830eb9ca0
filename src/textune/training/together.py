"""The gradient of an update is computed by several processes; anew where memory is lacking in one.

A process that lacks memory says so where all have sent the same: none has changed anything then,
and all compute the same update with less at once.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from textune.fast.lacking import is_lack
from textune.objectives.work import Work
from textune.training import generators, room
from textune.training.optim import AdamW
from textune.training.reducing import Adding
from textune.training.room import Lack

Compute = Callable[[Work], Tensor]
Smaller = Callable[[Work, Sequence[Lack]], Work]


class Forgetful(Protocol):
    """What an update changes beside its optimizer."""

    def forget(self) -> None:
        """Drop the gradients of a micro-batch that are not collected."""


def gradient(
    compute: Compute,
    work: Work,
    changing: tuple[Forgetful, AdamW],
    *,
    clip: float | None,
    reducer: Adding,
    smaller: Smaller | None,
) -> tuple[Tensor, Tensor]:
    """Compute the gradient of an update, its loss and its norm, over all processes.

    Args:
        compute: Adds this process's gradients, and returns its part of the loss.
        work: This process's part of the update.
        changing: The model and its optimizer.
        clip: Largest gradient norm; None for no limit.
        reducer: Adds the gradients of all processes.
        smaller: Returns the same update where memory was lacking, to be computed with less, or
            raises what ends the run: the same in every process.

    Raises:
        OutOfMemoryError: Nothing is left to do; the weights are those of the update before.
        RanksError: Another process is lost; likewise.
    """
    model, optimizer = changing
    device = next(item.device for group in optimizer.param_groups for item in group["params"])
    reducer.open()
    while True:
        before = generators.state(device)
        total = _computed(compute, work, may_lack=smaller is not None)
        if total is None:  # not in a handler: an error keeps what its frames hold
            forget(model, optimizer)
        lacks = reducer.agree(room.lack(work), is_lacking=total is None)
        if total is not None and not lacks:
            return reducer.end(total), optimizer.clip(clip)
        assert smaller is not None, "who lacks memory alone may not ask the others to repeat"
        forget(model, optimizer)
        generators.go_back(before, device)
        work = smaller(work, lacks)


def forget(model: Forgetful, optimizer: torch.optim.Optimizer) -> None:
    """Drop all gradients of an update."""
    model.forget()
    optimizer.zero_grad(set_to_none=True)


def _computed(compute: Compute, work: Work, *, may_lack: bool) -> Tensor | None:
    """Compute an update; None where memory was lacking for it."""
    try:
        return compute(work)
    except (RuntimeError, MemoryError) as error:
        if not may_lack or not is_lack(error):
            raise
    return None
