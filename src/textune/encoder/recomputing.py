"""States of layers are made again in the backward pass: less memory for a second forward pass.

Activation checkpointing (Chen et al., 2016), a layer at a time: of each layer its input is kept.
Masks of dropout are the same the second time, so that the gradient is.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from textune.encoder.model import Encoder
from textune.fast import layers


class _Layer(nn.Module):
    """A layer by the forward pass that it had, with whatever weights it is called with."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer
        self._forward: Callable[..., Any] = layer.forward

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the layer."""
        return self._forward(*args, **kwargs)


def begin(encoder: Encoder) -> bool:
    """Let the layers of an encoder be computed a second time; tell whether there are such."""
    found = layers_of(encoder)
    for layer in found:
        fused = getattr(layer, "fused", None)
        if fused is not None:
            fused.recomputes = True
        if "forward" not in vars(layer):
            own: Any = layer
            own.forward = partial(_by_input, _Layer(layer))
    return bool(found)


def _by_input(layer: _Layer, *args: Any, **kwargs: Any) -> Any:
    """Compute a layer and keep its input alone; one of kernels does that itself.

    The second time it has the weights of the first: in bf16 an encoder is called with copies.
    """
    is_learned = torch.is_grad_enabled() and layer.layer.training
    if not is_learned or layers.computes_by_kernels(layer.layer):
        return layer(*args, **kwargs)
    call = partial(functional_call, layer, dict(layer.named_parameters()))
    return checkpoint(call, args, kwargs, use_reentrant=False)


def layers_of(encoder: Encoder) -> list[nn.Module]:
    """Return the layers of an encoder: those of its longest list of modules."""
    parts = encoder.model.base_model.modules()
    return max((list(part) for part in parts if type(part) is nn.ModuleList), key=len, default=[])
