"""An encoder trains in fp32, with bf16 copies of its kernels', or is called with shorter copies.

Those are in bf16 or fp16; for fp16 losses are multiplied before they are differentiated.

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

    scale: Tensor | None = None  # () by which losses are multiplied; read where it lies each time

    def __init__(self, encoder: Encoder):
        self.encoder = encoder
        self._parts = tuple(encoder.modules())
        self._dropout = False

    def set_dropout(self, dropout: bool) -> None:
        """Put every module into training mode, or into evaluation mode: then nothing is dropped."""
        self._dropout = dropout
        if any(part.training is not dropout for part in self._parts):
            self.encoder.train(dropout)

    def __call__(self, batch: Batch) -> object:
        """Return logits, or the output of a masked-LM head."""
        self._assert_mode()
        return self.encoder(batch)

    def loss(self, loss: Loss, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        self._assert_mode()
        return loss(self.encoder(batch), batch)

    def scaled(self, loss: Tensor) -> Tensor:
        """Return what is differentiated of a loss: a multiple of it where there is a scale."""
        return loss if self.scale is None else loss * self.scale

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
    """The encoder is called with short copies of its weights, which get the gradients.

    Its own fp32 parameters are what is optimized and saved. The copies are cast once after each
    update, instead of at every use; buffers stay as they are.

    Args:
        encoder: Whose weights are copied.
        dtype: Of the copies: bfloat16 or float16.
        scale: () by which losses are multiplied, so that gradients in float16 are not lost.
    """

    def __init__(
        self, encoder: Encoder, dtype: torch.dtype = torch.bfloat16, scale: Tensor | None = None
    ):
        super().__init__(encoder)
        self.scale = scale
        self._call = Call(encoder)
        pairs = dict(self._call.named_parameters())
        self._copies = {
            name: item.detach().to(dtype).requires_grad_(item.requires_grad)
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
        """Add the gradients of a micro-batch, in the short format, to those of the fp32 weights."""
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


def by_torch(encoder: Encoder) -> None:
    """Let an encoder compute by torch's own operations from here on, not by kernels."""
    layers.part(encoder.model)
    if encoder.decoder is not None:
        encoder.decoder.part()


def wrap(encoder: Encoder, numbers: str, scale: Tensor | None = None) -> Plain:
    """Let an encoder train in a number format, the shortest way that it has.

    `scale`, (), is that of the loss, for fp16.
    """
    if numbers == "fp16":
        by_torch(encoder)  # kernels know fp32 and bf16
        return Cast(encoder, torch.float16, scale)
    is_itself = numbers == "fp32" or encoder.compute_in(torch.bfloat16)
    return Plain(encoder) if is_itself else Cast(encoder)
