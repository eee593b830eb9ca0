"""The last layer of a head on whole texts: only what the first token of each text is told.

With keys k = K x + b, a score q . k is (q K) . x up to a constant that softmax ignores, and the
weighted mean of values V x + c is V applied to the weighted mean of x: no key and no value of
another token is ever made. Shapes: P tokens, B texts, D width, H heads.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from textune.fast import calls
from textune.fast.calls import Drop
from textune.fast.fused import FusedLayer, KeptRest, draw


@dataclass(slots=True)
class Kept:
    """What the backward pass needs of the forward pass."""

    states: Tensor  # (P, D)
    borders: Tensor  # (B + 1,)
    firsts: Tensor  # (B, D)
    queries: Tensor  # (H, B, D / H)
    asked: Tensor  # (B, H, D) queries times the keys' weights
    mixed: Tensor  # (B, H, D) weighted states
    masses: Tensor  # (B, H) sums of the weights
    logs: Tensor  # (B, H) log-sums of the scores
    drop: Drop
    rest: KeptRest


class LastLayer:
    """Computes a layer for the first token of each text.

    Args:
        layer: Its weights, in fp32.
    """

    def __init__(self, layer: FusedLayer):
        self._layer = layer

    def __call__(self, states: Tensor, borders: Tensor, *, training: bool) -> Tensor:
        """(P, D), fp32 or bf16 → (B, D) in fp32."""
        states = states.contiguous()
        drops = [draw(rate, training=training) for rate in self._layer.rates]
        anchor = self._layer.second_norm.weight
        if torch.is_grad_enabled() and (states.requires_grad or anchor.requires_grad):
            found: Tensor = _LastLayer.apply(states, anchor, self, borders, drops)  # type: ignore[no-untyped-call]  # torch's
            return found
        return self.run(states, borders, drops)[0]

    def run(self, states: Tensor, borders: Tensor, drops: list[Drop]) -> tuple[Tensor, Kept]:
        """Compute the layer, and what its backward pass needs."""
        layer = self._layer
        firsts = states[borders[:-1]].float()  # (B, D)
        query, key, value = self._weights()
        shifts = layer.qkv.bias.chunk(3)
        flat = torch.addmm(shifts[0], firsts, query.t())
        queries = _by_head(flat, layer.heads)
        asked = _by_text(torch.bmm(queries, key))
        mixed, masses, logs = calls.firsts_forward(states, asked, borders, layer.factor, drops[0])
        heard = torch.bmm(mixed.transpose(0, 1), value.transpose(1, 2))  # (H, B, D / H)
        heard += shifts[2].view(layer.heads, 1, -1) * masses.t()[:, :, None]
        out, rest = layer.finish(_by_text(heard).flatten(1), firsts, drops[1:])
        kept = Kept(states, borders, firsts, queries, asked, mixed, masses, logs, drops[0], rest)
        return out, kept

    def run_back(self, kept: Kept, given: Tensor) -> Tensor:
        """Add the gradients of all weights; return that of the states, (P, D)."""
        layer = self._layer
        query, key, value = self._weights()
        onto, flat = layer.finish_back(kept.rest, given)
        heard = _by_head(flat, layer.heads)  # (H, B, D / H)
        shift = layer.qkv.bias.chunk(3)[2].view(layer.heads, -1)
        dmasses = torch.einsum("hbd,hd->bh", heard, shift).contiguous()
        dmixed = _by_text(torch.bmm(heard, value))
        states, dasked = calls.firsts_backward(
            kept.states,
            kept.asked,
            (dmixed, dmasses),
            kept.borders,
            layer.factor,
            kept.logs,
            kept.drop,
        )
        asked = dasked.transpose(0, 1)  # (H, B, D)
        dqueries = _by_text(torch.bmm(asked, key.transpose(1, 2))).flatten(1)  # (B, D)
        self._learn(kept, heard, asked, dqueries)
        firsts = torch.addmm(onto, dqueries, query)
        return states.index_add_(0, kept.borders[:-1], firsts.to(states.dtype))

    def _learn(self, kept: Kept, heard: Tensor, asked: Tensor, queries: Tensor) -> None:
        """Add the gradients of the weights of queries, keys and values."""
        layer = self._layer
        if not layer.qkv.is_trained:
            return
        room, before = layer.qkv.gradient()
        parts = room.chunk(3)
        torch.addmm(parts[0], queries.t(), kept.firsts, beta=before, out=parts[0])
        pairs = ((kept.queries, asked), (heard, kept.mixed.transpose(0, 1)))
        for part, (left, right) in zip(parts[1:], pairs, strict=True):
            own = part.view(layer.heads, -1, part.shape[1])
            torch.baddbmm(own, left.transpose(1, 2), right, beta=before, out=own)
        values = torch.einsum("hbd,bh->hd", heard, kept.masses).flatten()
        # The keys' bias moves no score against another: its gradient is zero.
        layer.qkv.learn_bias(torch.cat([queries.sum(0), torch.zeros_like(values), values]))

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of queries, (D, D); of keys and values by head, (H, D / H, D)."""
        query, key, value = self._layer.qkv.weight.chunk(3)
        heads, width = self._layer.heads, query.shape[1]
        return query, key.view(heads, -1, width), value.view(heads, -1, width)


class _LastLayer(Function):
    """The layer for autograd; gradients of its weights are written by the layer itself."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, anchor: Tensor, layer: LastLayer, borders: Tensor, drops: Any
    ) -> Tensor:
        del anchor
        out, ctx.kept = layer.run(states, borders, drops)
        ctx.layer = layer
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        kept, ctx.kept = ctx.kept, None
        return ctx.layer.run_back(kept, gradients[0].contiguous()), None, None, None, None


def _by_head(flat: Tensor, heads: int) -> Tensor:
    """(B, D) → (H, B, D / H)."""
    return flat.unflatten(1, (heads, -1)).transpose(0, 1).contiguous()


def _by_text(states: Tensor) -> Tensor:
    """(H, B, …) → (B, H, …)."""
    return states.transpose(0, 1).contiguous()
