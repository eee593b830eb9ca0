"""An encoder trains as it is, with bf16 copies of its weights, or as a copy in bf16."""

import copy
from typing import Any

import torch
from torch import Tensor

from textune.encoder.model import Encoder
from textune.records import Batch


class Plain:
    """The encoder trains as it is: in fp32, or with bf16 copies that the update writes."""

    def __init__(self, encoder: Encoder):
        self.encoder = encoder

    def __call__(self, batch: Batch) -> Any:
        """Return what the encoder does."""
        return self.encoder(batch)

    def collect(self) -> None:
        """Gradients are where the optimizer looks for them."""

    def refresh(self) -> None:
        """The update has written all that it changed."""

    def reload(self) -> None:
        """Cast the copies anew, if there are any."""
        self.encoder.refresh()


class Shadow:
    """A copy of the encoder in bf16 computes; the fp32 original is what is optimized and saved.

    The copy is cast once after each update, instead of at every use.
    """

    def __init__(self, encoder: Encoder):
        self.copy = copy.deepcopy(encoder).to(torch.bfloat16)
        pairs = list(zip(encoder.parameters(), self.copy.parameters(), strict=True))
        for original, shadow in pairs:
            shadow.requires_grad = original.requires_grad
        self._originals: list[Tensor] = [original for original, _ in pairs]
        self._shadows: list[Tensor] = [shadow for _, shadow in pairs]

    def __call__(self, batch: Batch) -> Any:
        """Return what the encoder does."""
        return self.copy(batch)

    def collect(self) -> None:
        """Add the gradients of a micro-batch to the fp32 ones."""
        for original, shadow in zip(self._originals, self._shadows, strict=True):
            if shadow.grad is None:
                continue
            if original.grad is None:
                original.grad = shadow.grad.float()
            else:
                original.grad += shadow.grad
            shadow.grad = None

    @torch.no_grad()
    def refresh(self) -> None:
        """Cast the optimized parameters anew."""
        torch._foreach_copy_(self._shadows, self._originals)

    def reload(self) -> None:
        """Cast the parameters of a checkpoint."""
        self.refresh()


def wrap(encoder: Encoder, numbers: str) -> Plain | Shadow:
    """Let an encoder train in a number format, the shortest way that it has."""
    is_itself = numbers == "fp32" or encoder.compute_in(torch.bfloat16)
    return Plain(encoder) if is_itself else Shadow(encoder)
