"""The last layer, computed for the first token of each text alone, as a head on texts reads it.

With keys k = K x + b, a score q . k is (q K) . x up to a constant that softmax ignores, and the
weighted mean of values V x + c is V applied to the weighted mean of x: no key and no value of
another token is ever made. Shapes: P tokens, B texts, D width, H heads.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from textune.fast import calls, products
from textune.fast.calls import Drop
from textune.fast.fused import FusedLayer, SavedRest, compute, draw

FEWEST = 8  # rows of a product


@dataclass(slots=True)
class Saved:
    """What the backward pass needs of the forward pass."""

    states: Tensor  # (P, D)
    borders: Tensor  # (B + 1,)
    firsts: Tensor  # (B, D)
    queries: Tensor  # (H, B, D / H)
    projected: Tensor  # (B, H, D) queries times the keys' weights
    weighted: Tensor  # (B, H, D) sums of the states, weighted by attention
    weight_sums: Tensor  # (B, H) of attention
    log_sums: Tensor  # (B, H) of the exponentials of the scores
    drop: Drop
    rest: SavedRest


class LastLayer:
    """Computes a layer for the first token of each text.

    Args:
        layer: Its weights; those of queries, keys and values in fp32.
    """

    def __init__(self, layer: FusedLayer):
        self._layer = layer

    def __call__(self, states: Tensor, borders: Tensor, *, training: bool) -> Tensor:
        """(P, D), fp32 or bf16 → (B, D) in fp32."""
        states = states.contiguous()
        drops = [draw(rate, training=training) for rate in self._layer.rates]
        return compute(self, self._layer.second_norm.weight, states, borders, drops)

    def forward(
        self, states: Tensor, borders: Tensor, drops: list[Drop], *, keep: bool
    ) -> tuple[Tensor, Saved | None]:
        """Compute the layer, (P, D) → (B, D), and what its backward pass needs."""
        layer = self._layer
        firsts = states[borders[:-1]].float()  # (B, D)
        query, key, value = self._weights()
        shifts = layer.qkv.bias.chunk(3)
        flat = products.times_rows(firsts, query) + shifts[0]
        queries = _by_head(flat, layer.heads)
        by_kernels = not keep and products.takes(torch.float32)
        projected = _by_text(_products(queries, key, by_kernels=by_kernels))
        weighted, weight_sums, log_sums = calls.first_tokens_forward(
            states, projected, borders, layer.factor, drops[0]
        )
        turned = weighted.transpose(0, 1), value.transpose(1, 2)
        context = _products(*turned, by_kernels=by_kernels)  # (H, B, D / H)
        context += shifts[2].view(layer.heads, 1, -1) * weight_sums.t()[:, :, None]
        read = _by_text(context).flatten(1).to(layer.dtype)
        out, rest = layer.forward_rest(read, firsts.to(layer.dtype), drops[1:])
        out = out.float()
        if not keep:
            return out, None
        sums = (weighted, weight_sums, log_sums)
        return out, Saved(states, borders, firsts, queries, projected, *sums, drops[0], rest)

    def backward(self, saved: Saved, grad: Tensor) -> Tensor:
        """Add the gradients of all weights; return that of the states, (P, D)."""
        layer = self._layer
        query, key, value = self._weights()
        found = layer.backward_rest(saved.rest, grad.to(layer.dtype))
        grad_firsts, flat = (part.float() for part in found)
        grad_context = _by_head(flat, layer.heads)  # (H, B, D / H)
        shift = layer.qkv.bias.chunk(3)[2].view(layer.heads, -1)
        dweight_sums = torch.einsum("hbd,hd->bh", grad_context, shift).contiguous()
        dweighted = _by_text(torch.bmm(grad_context, value))
        given, grads = (saved.states, saved.projected), (dweighted, dweight_sums)
        states, dprojected = calls.first_tokens_backward(
            *given, grads, saved.borders, layer.factor, saved.log_sums, saved.drop
        )
        by_head = dprojected.transpose(0, 1)  # (H, B, D)
        dqueries = _by_text(torch.bmm(by_head, key.transpose(1, 2))).flatten(1)  # (B, D)
        self._accumulate(saved, grad_context, by_head, dqueries)
        firsts = torch.addmm(grad_firsts, dqueries, query)
        return states.index_add_(0, saved.borders[:-1], firsts.to(states.dtype))

    def _accumulate(
        self, saved: Saved, grad_context: Tensor, dprojected: Tensor, dqueries: Tensor
    ) -> None:
        """Add the gradients of the weights of queries, keys and values."""
        layer = self._layer
        if not layer.qkv.is_trained:
            return
        buffer, before = layer.qkv.gradient()
        parts = buffer.chunk(3)
        torch.addmm(parts[0], dqueries.t(), saved.firsts, beta=before, out=parts[0])
        pairs = ((saved.queries, dprojected), (grad_context, saved.weighted.transpose(0, 1)))
        for part, (left, right) in zip(parts[1:], pairs, strict=True):
            own = part.view(layer.heads, -1, part.shape[1])
            torch.baddbmm(own, left.transpose(1, 2), right, beta=before, out=own)
        values = torch.einsum("hbd,bh->hd", grad_context, saved.weight_sums).flatten()
        # The keys' bias moves no score against another: its gradient is zero.
        layer.qkv.accumulate_bias(torch.cat([dqueries.sum(0), torch.zeros_like(values), values]))

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of queries, (D, D); of keys and values by head, (H, D / H, D)."""
        query, key, value = self._layer.qkv.weight.chunk(3)
        heads, width = self._layer.heads, query.shape[1]
        return query, key.view(heads, -1, width), value.view(heads, -1, width)


def _products(left: Tensor, right: Tensor, *, by_kernels: bool) -> Tensor:
    """(H, B, K) and (H, K, N) → (H, B, N), of a text the same bits whatever the batch.

    By torch products of very few rows are summed in another order.
    """
    if by_kernels:
        pairs = zip(left, right, strict=True)
        found = [products.times_few(one, other.t()) for one, other in pairs]
        return torch.stack(found)
    missing = FEWEST - left.shape[1]
    if missing <= 0:
        return torch.bmm(left, right)
    return torch.bmm(functional.pad(left, (0, 0, 0, missing)), right)[:, :-missing]


def _by_head(flat: Tensor, heads: int) -> Tensor:
    """(B, D) → (H, B, D / H)."""
    return flat.unflatten(1, (heads, -1)).transpose(0, 1).contiguous()


def _by_text(states: Tensor) -> Tensor:
    """(H, B, …) → (B, H, …)."""
    return states.transpose(0, 1).contiguous()
