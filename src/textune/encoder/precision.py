"""An encoder trains in fp32, with bf16 copies that its kernels keep, or is called with bf16 copies.

There is one module tree, whatever the format: what is in training mode, frozen or pooled in one
way is so in every format.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from textune.encoder.model import Encoder
from textune.fast import layers
from textune.fast.matrices import Block, Rows
from textune.records import Batch

Loss = Callable[[Any, Batch], Tensor]


class Plain:
    """The encoder trains as it is: in fp32, or with bf16 copies that the update writes."""

    def __init__(self, encoder: Encoder):
        self.encoder = encoder
        self._parts = tuple(encoder.modules())
        self._dropout = False

    def set_dropout(self, dropout: bool) -> None:
        """Put every module into training mode, or into evaluation mode: then nothing is dropped."""
        self._dropout = dropout
        self.encoder.train(dropout)

    def __call__(self, batch: Batch) -> object:
        """Return logits, or the output of a masked-LM head."""
        self._assert_mode()
        return self.encoder(batch)

    def loss(self, loss: Loss, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        self._assert_mode()
        return loss(self.encoder(batch), batch)

    def collect(self) -> None:
        """Do nothing: gradients are where the optimizer reads them."""

    def forget(self) -> None:
        """Do nothing: the optimizer forgets its gradients itself."""

    def rows(self) -> Iterable[tuple[nn.Parameter, Rows]]:
        """Return the tables whose gradients are of a few rows, and what holds them."""
        return layers.rows(self.encoder.model)

    def blocks(self) -> Iterable[Block]:
        """Return weights whose gradients kernels write, each with whose hooks hear of them."""
        model, decoder = self.encoder.model, self.encoder.decoder
        found = list(layers.blocks(model))
        if decoder is None or decoder.map.weight is model.get_input_embeddings().weight:
            return found  # a tied table is complete only once the embeddings have added to it
        return [*found, *decoder.blocks()]

    def refresh(self) -> None:
        """Do nothing: the update has written the bf16 copies."""

    def reload(self) -> None:
        """Cast the copies anew, if there are any."""
        self.encoder.refresh()

    def trained(self) -> list[tuple[nn.Parameter, Tensor]]:
        """Return each parameter that learns, and what stands for it while it is computed with."""
        return [(item, item) for item in self.encoder.parameters() if item.requires_grad]

    def _assert_mode(self) -> None:
        """Hold that dropout is on, or off, in every module that computes."""
        assert all(part.training is self._dropout for part in self._parts)


class Cast(Plain):
    """The encoder is called with bf16 copies of its weights, which get the gradients.

    Its own fp32 parameters are what is optimized and saved. The copies are cast once after each
    update, instead of at every use; buffers stay as they are.
    """

    def __init__(self, encoder: Encoder):
        super().__init__(encoder)
        self._call = Call(encoder)
        pairs = dict(self._call.named_parameters())
        self._copies = {
            name: item.detach().to(torch.bfloat16).requires_grad_(item.requires_grad)
            for name, item in pairs.items()
        }
        self._originals = list(pairs.values())

    def __call__(self, batch: Batch) -> object:
        """Return logits, or the output of a masked-LM head."""
        self._assert_mode()
        return functional_call(self._call, self._copies, (batch, None))

    def loss(self, loss: Loss, batch: Batch) -> Tensor:
        """Return the loss of a batch; a head that computes in the loss has the copies there too."""
        self._assert_mode()
        found: Tensor = functional_call(self._call, self._copies, (batch, loss))
        return found

    def blocks(self) -> Iterable[Block]:
        """Return none: autograd computes."""
        return ()

    def collect(self) -> None:
        """Add the gradients of a micro-batch, in bf16, to those of the fp32 weights."""
        for original, copy in zip(self._originals, self._copies.values(), strict=True):
            if copy.grad is None:
                continue
            if original.grad is None:
                original.grad = copy.grad.float()
            else:
                original.grad += copy.grad
            copy.grad = None

    def forget(self) -> None:
        """Drop the gradients of the copies."""
        for copy in self._copies.values():
            copy.grad = None

    @torch.no_grad()
    def refresh(self) -> None:
        """Cast the optimized parameters anew."""
        torch._foreach_copy_(list(self._copies.values()), list[Tensor](self._originals))

    def reload(self) -> None:
        """Cast the parameters of a checkpoint."""
        self.refresh()

    def trained(self) -> list[tuple[nn.Parameter, Tensor]]:
        """Return each parameter that learns, and its copy."""
        pairs = zip(self._originals, self._copies.values(), strict=True)
        return [(item, copy) for item, copy in pairs if item.requires_grad]


def has_tf32(device: torch.device, numbers: str) -> bool:
    """Tell whether a card can multiply what is kept in fp32 by TF32, with 10 bits of fraction."""
    is_card = device.type == "cuda" and numbers == "fp32"
    return is_card and torch.cuda.get_device_capability(device)[0] >= 8


@contextmanager
def products(*, by_tf32: bool) -> Iterator[None]:
    """Let products of fp32 be TF32's for a while; else leave them as they are."""
    before = torch.get_float32_matmul_precision()
    if by_tf32:
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


class Call(nn.Module):
    """An encoder and the loss of what it computes, as one call."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: Batch, loss: Loss | None) -> object:
        """Return the loss of a batch, or what the encoder computes where there is none."""
        found = self.encoder(batch)
        return found if loss is None else loss(found, batch)


def wrap(encoder: Encoder, numbers: str) -> Plain:
    """Let an encoder train in a number format, the shortest way that it has."""
    is_itself = numbers == "fp32" or encoder.compute_in(torch.bfloat16)
    return Plain(encoder) if is_itself else Cast(encoder)
