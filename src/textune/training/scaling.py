"""A loss is multiplied before it is differentiated, so that fp16 keeps small gradients.

In fp16 what is below 6e-8 is 0, and what is above 65,504 is infinite. Gradients of a loss that is
multiplied by a factor, its scale, are so many times as large, until the update divides them
(Micikevicius et al., 2018). The scale is found on the way, as by torch.amp.GradScaler and with its
defaults: it is halved where a gradient is not finite, whose update is left out, and doubled after
2,000 updates in a row without one.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from textune.records import LEAST_SCALE

START = 2.0**16
GROWTH, EVERY = 2.0, 2000  # after so many updates in a row
BACKOFF = 0.5


class LossScale:
    """The scale of a loss, in memory of the device that computes it, where a CUDA graph reads it.

    Nothing here makes the host wait for a card, but `state`.

    Args:
        device: Where gradients are.
    """

    def __init__(self, device: torch.device):
        self.factor = torch.full((), START, device=device)
        self._finite = torch.zeros((), dtype=torch.int32, device=device)  # updates in a row

    def is_least(self) -> Tensor:
        """Return 1 where there is nothing left to halve, and 0 else; ()."""
        return (self.factor <= LEAST_SCALE).float()

    def update(self, found: Tensor) -> None:
        """Follow an update that was left out where `found`, (), is 1; one that was not at 0."""
        torch._amp_update_scale_(self.factor, self._finite, found, GROWTH, BACKOFF, EVERY)

    def reset(self) -> None:
        """Begin anew."""
        self.factor.fill_(START)
        self._finite.zero_()

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps of it."""
        return {"factor": float(self.factor), "finite": int(self._finite)}

    def take(self, state: Mapping[str, float]) -> None:
        """Go on from a state."""
        self.factor.fill_(state["factor"])
        self._finite.fill_(int(state["finite"]))


def of(numbers: str, device: torch.device) -> LossScale | None:
    """Make the scale of a run's loss; None where its number format needs none."""
    return LossScale(device) if numbers == "fp16" else None


def state(scale: LossScale | None) -> dict[str, float] | None:
    """Return what a checkpoint keeps of a run's scale, where there is one."""
    return None if scale is None else scale.state()


def take(scale: LossScale | None, known: Mapping[str, float] | None) -> None:
    """Let a run's scale go on from what a checkpoint has kept, where both are there."""
    if scale is not None and known is not None:
        scale.take(known)


def words(left_out: int) -> str:
    """Say how many updates were left out."""
    one = left_out == 1
    return (
        f"{left_out:,} update{'' if one else 's'} left out: {'its' if one else 'their'} "
        f"gradient{' was' if one else 's were'} not finite at the scale of the loss "
        "(train.precision=fp16)"
    )
