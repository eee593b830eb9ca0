"""Numbers of an update come from a card by themselves, and are read when they are there.

Reading one at once would make the host wait for the card, and the card then for the host. So an
update whose gradient is not finite is noticed a few updates later; it changes nothing, and neither
does any after it (`AdamW.skips`), unless a smaller scale of the loss may help: then it is left out.
"""

import math
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from textune.errors import NumericsError
from textune.records import Step

UPDATES = 4  # after which it is known, at the latest, whether a gradient was finite


class Late:
    """Holds updates of which it is not known yet whether their gradient was finite.

    Args:
        remedy: What may help where one is not.
        most: Updates that may be held; 0: each is looked at as soon as it comes.
        known: Hears of each update, once it is known that it counts or is left out.
    """

    def __init__(self, remedy: str, most: int = 0, known: Callable[[Step], None] | None = None):
        self._remedy, self._most, self._known = remedy, most, known
        self._held: deque[Step] = deque()

    def add(self, step: Step) -> None:
        """Take an update, and look at those that were taken long ago.

        Raises:
            NumericsError: The gradient of one was not finite.
        """
        self._held.append(step)
        self.settle(self._most)

    def settle(self, left: int = 0) -> None:
        """Look at all updates but so many; nothing may be saved of a run before.

        Raises:
            NumericsError: The gradient of one was not finite.
        """
        while len(self._held) > left:
            step = self._held.popleft()
            loss, norm = step.numbers()
            if math.isfinite(norm) or step.is_left_out():
                if self._known is not None:
                    self._known(step)
                continue
            self._held.clear()
            tried = "" if step.scale is None else ", though its loss was no longer scaled"
            raise NumericsError(
                f"step {step.number}: the gradient is not finite (loss {loss:.4g}){tried}; the "
                f"weights were left as they were after step {step.number - 1}; {self._remedy} "
                "usually helps"
            )


class Told:
    """Numbers of an update, which a card writes into memory of the host when it has them."""

    def __init__(self, loss: Tensor, norm: Tensor, scale: Tensor):
        self._numbers: Tensor = torch.empty(3, pin_memory=True)
        found = torch.stack([loss.float(), norm.float(), scale.float()])
        self._numbers.copy_(found, non_blocking=True)
        self._event: torch.cuda.Event | None = torch.cuda.Event()
        self._event.record()

    def __call__(self) -> tuple[float, float, float]:
        """Wait for them, and for nothing after them; return loss, norm and scale."""
        event = self._event
        if event is not None:
            event.synchronize()
            self._numbers = self._numbers.clone()  # from memory that a card can write to
            self._event = None
        loss, norm, scale = self._numbers.tolist()
        return loss, norm, scale


def told(loss: Tensor, norm: Tensor, scale: Tensor | None) -> Told | None:
    """Let a card tell numbers of an update; None where reading makes nobody wait."""
    if norm.device.type != "cuda":
        return None
    return Told(loss, norm, torch.ones_like(norm) if scale is None else scale)
