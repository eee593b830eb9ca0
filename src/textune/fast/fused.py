"""A layer of BERT's build on a CPU: matrix products by torch, everything between them by kernels.

Forward and backward are written out. Nothing is kept that is cheap to make again: dropout masks
follow from a seed, GELU from the products before it. Shapes: P tokens, D width, F inner width,
H heads, B texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from textune.fast import calls, whole
from textune.fast.calls import NO_DROP, Drop
from textune.fast.matrices import Matrix, Rows, Stretch, add_gradient
from textune.fast.whole import Whole


@dataclass(slots=True)
class SavedNorm:
    """What the backward pass of `LayerNorm(residual + dropout(product))` needs."""

    total: Tensor  # (P, D) before the norm
    mean: Tensor  # (P,)
    rstd: Tensor  # (P,)
    drop: Drop


@dataclass(slots=True)
class SavedRest:
    """What backward needs of the layer after attention; Q is P, or fewer where fewer are read."""

    context: Tensor  # (Q, D) the result of attention
    first: SavedNorm
    middle: Tensor  # (Q, D)
    inner: Tensor | None  # (Q, F) before GELU; None where the feed-forward part is 0
    second: SavedNorm


@dataclass(slots=True)
class Saved:
    """What one layer's backward pass needs of its forward pass."""

    states: Tensor  # (P, D)
    borders: Tensor  # (B + 1,)
    qkv: Tensor  # (P, 3 D)
    stats: Tensor  # (P, H, 2) of the scores
    drop: Drop
    rest: SavedRest
    rows: Tensor | None  # (Q,) the tokens that are read; None for all


class FusedLayer:
    """One layer's weights and computation.

    Args:
        layer: A layer of BERT's tree of modules, whose parameters are used as they are.
        dtype: What products are computed in: fp32 or bf16.
        attends_in: Another format for those of queries, keys and values.
    """

    def __init__(self, layer: Any, dtype: torch.dtype, attends_in: torch.dtype | None = None):
        before: FusedLayer | None = getattr(layer, "fused", None)
        self.recomputes: bool = before is not None and before.recomputes
        own = layer.attention.self
        self.heads = own.num_attention_heads
        self.factor = float(own.scaling)
        self.dtype = dtype
        formats = (attends_in or dtype, dtype, dtype, dtype)
        parts = (
            [own.query, own.key, own.value],
            [layer.attention.output.dense],
            [layer.intermediate.dense],
            [layer.output.dense],
        )
        earlier = (None,) * len(parts) if before is None else before.matrices
        stretches = {each: Stretch() for each in formats}
        self.qkv, self.attention_output, self.intermediate, self.output = (
            Matrix(maps, each, known, stretches[each])
            for maps, each, known in zip(parts, formats, earlier, strict=True)
        )
        self.first_norm: nn.LayerNorm = layer.attention.output.LayerNorm
        self.second_norm: nn.LayerNorm = layer.output.LayerNorm
        self.rates = (own.dropout.p, layer.attention.output.dropout.p, layer.output.dropout.p)
        norms = (self.first_norm, self.second_norm)
        is_even = len(set(formats)) == 1
        self.whole = (
            Whole(self.matrices, norms, self.heads, self.factor, dtype) if is_even else None
        )

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """All weight matrices."""
        return self.qkv, self.attention_output, self.intermediate, self.output

    def __call__(
        self, states: Tensor, borders: Tensor, *, training: bool, rows: Tensor | None = None
    ) -> Tensor:
        """Compute the layer in its number format; (P, D) → (P, D), or (Q, D) at some rows only."""
        states = states.to(self.dtype).contiguous()
        drops = [draw(rate, training=training) for rate in self.rates]
        return compute(self, self.second_norm.weight, states, borders, drops, rows)

    def forward(
        self,
        states: Tensor,
        borders: Tensor,
        drops: list[Drop],
        rows: Tensor | None,
        *,
        keep: bool,
    ) -> tuple[Tensor, Saved | whole.Saved | None]:
        """Compute the layer, and keep what its backward pass needs."""
        one = self.whole
        if one is not None and rows is None and one.takes(states) and not self._is_idle():
            return one.forward(states, borders, drops, keep=keep)
        qkv = self.qkv.forward(states)
        context, stats = calls.attend_forward(
            qkv, self.qkv.bias, borders, self.heads, self.factor, drops[0], with_stats=keep
        )
        residual = states
        if rows is not None:
            context, residual = (part.index_select(0, rows) for part in (context, states))
        out, rest = self.forward_rest(context, residual, drops[1:])
        if not keep:
            return out, None
        assert stats is not None
        return out, Saved(states, borders, qkv, stats, drops[0], rest, rows)

    def forward_rest(
        self, context: Tensor, residual: Tensor, drops: list[Drop]
    ) -> tuple[Tensor, SavedRest]:
        """Compute what comes after attention; (Q, D) → (Q, D)."""
        product = self.attention_output.forward(context)
        bias = self.attention_output.bias
        middle, first = _add_norm(product, bias, residual, self.first_norm, drops[0])
        inner = None if self._is_idle() else self.intermediate.forward(middle)
        if inner is None:
            product = torch.zeros_like(middle)
        else:
            product = self.output.forward(calls.gelu_forward(inner, self.intermediate.bias))
        out, second = _add_norm(product, self.output.bias, middle, self.second_norm, drops[1])
        return out, SavedRest(context, first, middle, inner, second)

    def _is_idle(self) -> bool:
        """Tell whether the feed-forward part is 0, as in a layer that gives a mean.

        Nothing but the bias of its result has a gradient then, so that it stays so.
        """
        weights = self.intermediate.weight, self.intermediate.bias, self.output.weight
        return self.dtype == torch.float32 and all(map(_is_zero, weights))

    def backward(self, saved: Saved | whole.Saved, grad: Tensor) -> Tensor:
        """Add the gradients of all weights; return that of the states, (P, D)."""
        if isinstance(saved, whole.Saved):
            assert self.whole is not None
            return self.whole.backward(saved, grad)
        onto, grad_context = self.backward_rest(saved.rest, grad)
        rows = saved.rows
        if rows is not None:  # the gradients at all other tokens are zero
            onto, grad_context = (
                torch.zeros_like(saved.states).index_add_(0, rows, part)
                for part in (onto, grad_context)
            )
        scores = (self.factor, saved.stats, saved.drop)
        dqkv = calls.attend_backward(saved.qkv, self.qkv.bias, grad_context, saved.borders, *scores)
        self.qkv.accumulate_bias(calls.column_sums(dqkv))
        self.qkv.accumulate(dqkv, saved.states)
        return self.qkv.backward(dqkv, onto=onto)

    def backward_rest(self, saved: SavedRest, grad: Tensor) -> tuple[Tensor, Tensor]:
        """From the gradient of `forward_rest` to those of residual and context; (Q, D) each."""
        onto, product = _add_norm_backward(self.output, self.second_norm, grad, saved.second)
        grad = self._inner_backward(saved, product, onto)
        onto, product = _add_norm_backward(
            self.attention_output, self.first_norm, grad, saved.first
        )
        self.attention_output.accumulate(product, saved.context)
        return onto, self.attention_output.backward(product)

    def _inner_backward(self, saved: SavedRest, product: Tensor, onto: Tensor) -> Tensor:
        """From the gradient of the feed-forward part to that of its states, onto another."""
        activated = saved.inner
        if activated is None:
            self.intermediate.accumulate_nothing()
            self.output.accumulate_nothing()
            return onto
        dinner = self.output.backward(product)
        self.intermediate.accumulate_bias(
            calls.gelu_backward(activated, self.intermediate.bias, dinner)
        )
        self.output.accumulate(product, activated)
        self.intermediate.accumulate(dinner, saved.middle)
        return self.intermediate.backward(dinner, onto=onto)


SavedEmbeddings = tuple[list[Tensor], SavedNorm]


class FusedEmbeddings:
    """Words, positions and segments become the first states."""

    def __init__(self, embeddings: Any, dtype: torch.dtype):
        self._own = embeddings
        self.dtype = dtype
        self.release()

    def release(self) -> None:
        """Give the memory of gradients back."""
        self._rows = (Rows(), Rows(), Rows())

    def rows(self) -> Iterator[tuple[nn.Parameter, Rows]]:
        """Yield the tables that are trained, and what holds the gradient of each."""
        for table, rows in zip(self.tables, self._rows, strict=True):
            weight = table.weight
            if isinstance(weight, nn.Parameter) and weight.requires_grad:
                yield weight, rows

    @property
    def tables(self) -> tuple[nn.Embedding, nn.Embedding, nn.Embedding]:
        """Of words, positions and segments."""
        own = self._own
        return own.word_embeddings, own.position_embeddings, own.token_type_embeddings

    @property
    def norm(self) -> nn.LayerNorm:
        """The norm over the sum."""
        norm: nn.LayerNorm = self._own.LayerNorm
        return norm

    def __call__(self, ids: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """(1, P) each → (1, P, D).

        Raises:
            IndexError: A number has no row in its table.
        """
        indices = [item.reshape(-1).contiguous() for item in (ids, positions, segments)]
        for table, places in zip(self.tables, indices, strict=True):
            _refuse_beyond(len(table.weight), places)
        drop = draw(self._own.dropout.p, training=self._own.training)
        return compute(self, self.norm.weight, indices, drop)[None]

    def forward(
        self, indices: list[Tensor], drop: Drop, *, keep: bool
    ) -> tuple[Tensor, SavedEmbeddings | None]:
        """Return the states, and what the backward pass needs."""
        weights = [table.weight for table in self.tables]
        total, out, mean, rstd = calls.embed_forward(weights, indices, self.norm, drop, self.dtype)
        return out, (indices, SavedNorm(total, mean, rstd, drop)) if keep else None

    def backward(self, saved: SavedEmbeddings, grad: Tensor) -> None:
        """Add the gradients of the tables and of the norm."""
        indices, norm = saved
        weight = self.norm.weight
        rows, sums = calls.embed_backward(grad, norm.total, norm.mean, norm.rstd, weight, norm.drop)
        add_gradient(weight, sums[0])
        add_gradient(self.norm.bias, sums[1])
        for table, ids, buffer in zip(self.tables, indices, self._rows, strict=True):
            if table.weight.requires_grad:
                calls.add_rows(rows, ids, buffer.open(table.weight, ids), skip=table.padding_idx)


def compute(own: Any, anchor: Tensor, inputs: Any, *arguments: Any) -> Tensor:
    """Compute forward, by way of autograd where there is something to learn.

    Args:
        own: What is computed: `forward` gives the result and what is to be saved, `backward` takes
            that and a gradient, and writes the gradients of the weights itself.
        anchor: Any of its parameters: they are frozen together.
        inputs: States, or indices: the backward pass returns the gradient of states.
        arguments: Of `forward` beside it.
    """
    is_learned = anchor.requires_grad or (isinstance(inputs, Tensor) and inputs.requires_grad)
    if torch.is_grad_enabled() and is_learned:
        found: Tensor = _Written.apply(inputs, anchor, own, *arguments)  # type: ignore[no-untyped-call]  # torch's
        return found
    return own.forward(inputs, *arguments, keep=False)[0]


class _Written(Function):
    """A computation for autograd."""

    @staticmethod
    def forward(ctx: Any, inputs: Any, anchor: Tensor, own: Any, *arguments: Any) -> Tensor:
        again = getattr(own, "recomputes", False)
        out, ctx.saved = own.forward(inputs, *arguments, keep=not again)
        ctx.given = (inputs, *arguments) if again else None
        ctx.own, ctx.anchor, ctx.rest = own, anchor, (None,) * (1 + len(arguments))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved, ctx.saved = ctx.saved, None  # its memory is used again
        if ctx.given is not None:  # seeds of masks are among what was given: the same bits
            saved, ctx.given = ctx.own.forward(*ctx.given, keep=True)[1], None
        found = ctx.own.backward(saved, gradients[0].contiguous())
        # hooks of the anchor hear by a gradient of zero that all of them are complete
        zero = torch.zeros_like(ctx.anchor) if ctx.needs_input_grad[1] else None
        return found, zero, *ctx.rest


def _refuse_beyond(rows: int, places: Tensor) -> None:
    """Refuse what a kernel would read from memory that is not the table's."""
    least, most = (int(bound) for bound in places.aminmax())
    if least < 0 or most >= rows:
        raise IndexError(f"{most if least >= 0 else least}: there is no such row among {rows}")


def draw(rate: float, *, training: bool) -> Drop:
    """Draw the seed of one call's masks from torch's generator."""
    if not training or rate == 0.0:
        return NO_DROP
    return Drop(int(torch.empty((), dtype=torch.int64).random_().item()), rate)


def _is_zero(weight: Tensor) -> bool:
    """Tell whether all numbers are 0; most are told by the first."""
    return not weight.view(-1)[0] and not weight.any()


def _add_norm(
    product: Tensor, bias: Tensor, residual: Tensor, norm: nn.LayerNorm, drop: Drop
) -> tuple[Tensor, SavedNorm]:
    """Return LayerNorm(residual + dropout(product + bias)), and what its backward pass needs."""
    out, mean, rstd = calls.add_norm_forward(product, bias, residual, norm, drop)
    return out, SavedNorm(product, mean, rstd, drop)


def _add_norm_backward(
    matrix: Matrix, norm: nn.LayerNorm, grad: Tensor, saved_norm: SavedNorm
) -> tuple[Tensor, Tensor]:
    """From the gradient of `_add_norm` to those of residual and product; parameters get theirs."""
    residual, product, sums = calls.add_norm_backward(
        grad, saved_norm.total, saved_norm.mean, saved_norm.rstd, norm.weight, saved_norm.drop
    )
    add_gradient(norm.weight, sums[0])
    add_gradient(norm.bias, sums[1])
    matrix.accumulate_bias(sums[2])
    return residual, product
