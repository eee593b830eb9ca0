"""One optimizer step, as an objective hands it to the training loop."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from textune.encoder.model import Encoder
from textune.records import Batch, Items

Join = Callable[[Tensor, Items], Tensor]
Stack = Callable[[Tensor], tuple[Tensor, slice]]  # rows → those of all processes, and which are own


class Whole(Protocol):
    """A loss over all texts of an optimizer batch together, which is no sum over them.

    Where the batch is computed in parts, what the parts read is looked at first; from then on the
    loss of a part is one whose gradient is that of the whole (Gao et al., 2021).
    """

    device: torch.device  # where the texts are read

    def looking(self) -> AbstractContextManager[None]:
        """Keep what is read though no gradient is computed."""

    def read(self) -> Tensor:
        """Return what was read last; (R, D), a row for each window."""

    def look(
        self, parts: Sequence[Batch], reads: Sequence[Tensor], stack: Stack | None = None
    ) -> None:
        """Take what each part reads, (R, D), and find the gradient of the whole for it.

        Where several processes learn together, `stack` brings what the others read, too.
        """

    def take(self, part: int | None) -> None:
        """Stand at a part from here on; at none where a batch is computed as one."""

    def given(self) -> Tensor:
        """Return the gradient for what the part reads; (R, D)."""


@dataclass(frozen=True, slots=True)
class Work:
    """One optimizer step as it reaches the loop."""

    number: int  # from 1, over all epochs
    epoch: int  # from 1
    parts: Iterable[Batch]  # micro-batches; made when they are needed
    count: float  # what the sum of losses over the whole optimizer batch is divided by
    texts: int
    tokens: int
    computed: int
    micro_tokens: int | None = None  # computed at once, where the windows of one text are more
    join: Join | None = None  # pools the logits of each item over its windows
    whole: Whole | None = None  # what the loss asks of all micro-batches together


def computed(encoder: Encoder, parts: Sequence[Batch], tokens: int) -> int:
    """Return the tokens that go through the layers in an update, padding included.

    Args:
        encoder: That computes it.
        parts: The micro-batches of this process.
        tokens: Of the texts of all processes: the others are taken to pad as much.
    """
    mine = sum(sum(batch.lengths) for batch in parts)
    found = sum(encoder.computed_tokens(batch) for batch in parts)
    return found if mine in (0, tokens) else round(found * tokens / mine)
