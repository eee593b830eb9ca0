"""One optimizer step, as an objective hands it to the training loop."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from textune.encoder.model import Encoder
from textune.records import Batch, Items
from textune.text import batches

Join = Callable[[Tensor, Items], Tensor]
Stack = Callable[[Tensor], tuple[Tensor, slice]]  # rows → those of all processes, and which are own


class Whole(Protocol):
    """A loss over all texts of an optimizer batch together, which is no sum over them.

    Where the batch is computed in parts, their features are computed first; from then on the loss
    of a part is one whose gradient is that of the whole (Gao et al., 2021).
    """

    device: torch.device  # of the features

    def keeping(self) -> AbstractContextManager[None]:
        """Keep features though no gradient is computed."""

    def features(self) -> Tensor:
        """Return those that were computed last; (R, D), a row for each window."""

    def differentiate(
        self, parts: Sequence[Batch], features: Sequence[Tensor], stack: Stack | None = None
    ) -> None:
        """Find the gradient of the loss of the whole for the features of each part, (R, D).

        Where several processes learn together, `stack` brings the others' features, too.
        """

    def enter(self, part: int | None) -> None:
        """Compute the loss of a part from here on; None: of a batch that is computed as one."""

    def gradient(self) -> Tensor:
        """Return the gradient for the features of the part; (R, D)."""


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

    def pieces(self, part: Batch) -> list[Batch]:
        """Part a micro-batch between windows, where it has more of them than are computed at once.

        Returns:
            The micro-batch itself where it has not.
        """
        if self.join is None or self.micro_tokens is None:
            return [part]
        return batches.windows(part, self.micro_tokens)


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
