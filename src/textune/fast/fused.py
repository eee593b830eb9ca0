"""A layer of BERT's build on a CPU: matrix products by torch, everything between them by kernels.

Forward and backward are written out. Nothing is kept that is cheap to make again: dropout masks
follow from a seed, GELU from the products before it. Shapes: P tokens, D width, F inner width,
H heads, B texts.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from textune.fast import calls
from textune.fast.calls import NO_DROP, Drop
from textune.fast.matrices import Matrix, Rows, add_gradient


@dataclass(slots=True)
class Closed:
    """The end of half a layer: residual plus product, normalised."""

    total: Tensor  # (P, D) before the norm
    mean: Tensor  # (P,)
    rstd: Tensor  # (P,)
    drop: Drop


@dataclass(slots=True)
class KeptRest:
    """What backward needs of the layer after attention; Q is P, or fewer where fewer are read."""

    heard: Tensor  # (Q, D) what attention gave
    first: Closed
    middle: Tensor  # (Q, D)
    inner: Tensor  # (Q, F) before GELU
    second: Closed


@dataclass(slots=True)
class Kept:
    """What one layer's backward pass needs of its forward pass."""

    states: Tensor  # (P, D)
    borders: Tensor  # (B + 1,)
    qkv: Tensor  # (P, 3 D)
    stats: Tensor  # (P, H, 2) of the scores
    drop: Drop
    rest: KeptRest
    rows: Tensor | None  # (Q,) the tokens that are read; None for all


class FusedLayer:
    """One layer's weights and computation.

    Args:
        layer: A layer of BERT's tree of modules, whose parameters are used as they are.
        dtype: What products are computed in: fp32 or bf16.
    """

    def __init__(self, layer: Any, dtype: torch.dtype):
        own = layer.attention.self
        self.heads = own.num_attention_heads
        self.factor = float(own.scaling)
        self.dtype = dtype
        self.qkv = Matrix([own.query, own.key, own.value], dtype)
        self.mix = Matrix([layer.attention.output.dense], dtype)
        self.widen = Matrix([layer.intermediate.dense], dtype)
        self.narrow = Matrix([layer.output.dense], dtype)
        self.first_norm: nn.LayerNorm = layer.attention.output.LayerNorm
        self.second_norm: nn.LayerNorm = layer.output.LayerNorm
        self.rates = (own.dropout.p, layer.attention.output.dropout.p, layer.output.dropout.p)

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """All weight matrices."""
        return self.qkv, self.mix, self.widen, self.narrow

    def __call__(
        self, states: Tensor, borders: Tensor, *, training: bool, rows: Tensor | None = None
    ) -> Tensor:
        """Compute the layer in its number format; (P, D) → (P, D), or (Q, D) at some rows only."""
        states = states.to(self.dtype).contiguous()
        drops = [draw(rate, training=training) for rate in self.rates]
        anchor = self.second_norm.weight  # any parameter: frozen layers are frozen as a whole
        if torch.is_grad_enabled() and (states.requires_grad or anchor.requires_grad):
            found: Tensor = _Layer.apply(states, anchor, self, borders, drops, rows)  # type: ignore[no-untyped-call]  # torch's
            return found
        return self.run(states, borders, drops, rows, keep=False)[0]

    def run(
        self,
        states: Tensor,
        borders: Tensor,
        drops: list[Drop],
        rows: Tensor | None,
        *,
        keep: bool,
    ) -> tuple[Tensor, Kept | None]:
        """Compute the layer, and keep what its backward pass needs."""
        qkv = self.qkv.forward(states)
        heard, stats = calls.attend_forward(
            qkv, self.qkv.bias, borders, self.heads, self.factor, drops[0], with_stats=keep
        )
        residual = states
        if rows is not None:
            heard, residual = (part.index_select(0, rows) for part in (heard, states))
        out, rest = self.finish(heard, residual, drops[1:])
        if not keep:
            return out, None
        assert stats is not None
        return out, Kept(states, borders, qkv, stats, drops[0], rest, rows)

    def finish(self, heard: Tensor, residual: Tensor, drops: list[Drop]) -> tuple[Tensor, KeptRest]:
        """Compute what comes after attention; (Q, D) → (Q, D)."""
        middle, first = _close(self.mix, heard, residual, self.first_norm, drops[0])
        inner = self.widen.forward(middle)
        raised = calls.gelu_forward(inner, self.widen.bias)
        out, second = _close(self.narrow, raised, middle, self.second_norm, drops[1])
        return out, KeptRest(heard, first, middle, inner, second)

    def run_back(self, kept: Kept, given: Tensor) -> Tensor:
        """Add the gradients of all weights; return that of the states, (P, D)."""
        onto, heard = self.finish_back(kept.rest, given)
        rows = kept.rows
        if rows is not None:  # other tokens were told nothing, and asked nothing of the layer
            onto, heard = (_spread(part, rows, kept.states) for part in (onto, heard))
        dqkv = calls.attend_backward(
            kept.qkv, self.qkv.bias, heard, kept.borders, self.factor, kept.stats, kept.drop
        )
        self.qkv.learn_bias(calls.column_sums(dqkv))
        self.qkv.learn(dqkv, kept.states)
        return self.qkv.backward(dqkv, onto=onto)

    def finish_back(self, kept: KeptRest, given: Tensor) -> tuple[Tensor, Tensor]:
        """From the gradient of `finish` to those of its residual and of what attention gave."""
        onto, product = _open(self.narrow, self.second_norm, given, kept.second)
        raised, dinner = kept.inner, self.narrow.backward(product)
        self.widen.learn_bias(calls.gelu_backward(raised, self.widen.bias, dinner))
        self.narrow.learn(product, raised)
        self.widen.learn(dinner, kept.middle)
        given = self.widen.backward(dinner, onto=onto)
        onto, product = _open(self.mix, self.first_norm, given, kept.first)
        self.mix.learn(product, kept.heard)
        return onto, self.mix.backward(product)


class _Layer(Function):
    """The layer for autograd; gradients of its weights are written by the layer itself."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        anchor: Tensor,
        layer: FusedLayer,
        borders: Tensor,
        drops: Any,
        rows: Tensor | None,
    ) -> Tensor:
        del anchor
        out, ctx.kept = layer.run(states, borders, drops, rows, keep=True)
        ctx.layer = layer
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        kept, ctx.kept = ctx.kept, None  # its memory is used again
        return ctx.layer.run_back(kept, gradients[0].contiguous()), None, None, None, None, None


class FusedEmbeddings:
    """Words, positions and segments become the first states.

    Args:
        embeddings: The module of BERT's tree.
        dtype: Of the states.
    """

    def __init__(self, embeddings: Any, dtype: torch.dtype):
        self._own = embeddings
        self.dtype = dtype
        self._rows = (Rows(), Rows(), Rows())

    def release(self) -> None:
        """Give the memory of gradients back."""
        self._rows = (Rows(), Rows(), Rows())

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
        if torch.is_grad_enabled() and self.norm.weight.requires_grad:
            found: Tensor = _Embeddings.apply(self.norm.weight, self, indices, drop)  # type: ignore[no-untyped-call]  # torch's
        else:
            found = self.run(indices, drop)[1]
        return found[None]

    def run(self, indices: list[Tensor], drop: Drop) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the sum, the states, and each row's mean and 1 / deviation."""
        weights = [table.weight for table in self.tables]
        return calls.embed_forward(weights, indices, self.norm, drop, self.dtype)

    def run_back(self, indices: list[Tensor], closed: Closed, given: Tensor) -> None:
        """Add the gradients of the tables and of the norm."""
        rows, sums = calls.embed_backward(
            given, closed.total, closed.mean, closed.rstd, self.norm.weight, closed.drop
        )
        add_gradient(self.norm.weight, sums[0])
        add_gradient(self.norm.bias, sums[1])
        for table, ids, room in zip(self.tables, indices, self._rows, strict=True):
            if table.weight.requires_grad:
                calls.add_rows(rows, ids, room.open(table.weight, ids), skip=table.padding_idx)


class _Embeddings(Function):
    """The embeddings for autograd."""

    @staticmethod
    def forward(
        ctx: Any, anchor: Tensor, own: FusedEmbeddings, indices: list[Tensor], drop: Drop
    ) -> Tensor:
        del anchor
        total, out, mean, rstd = own.run(indices, drop)
        ctx.own, ctx.indices, ctx.closed = own, indices, Closed(total, mean, rstd, drop)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None, None]:
        ctx.own.run_back(ctx.indices, ctx.closed, gradients[0].contiguous())
        return None, None, None, None


def _refuse_beyond(rows: int, places: Tensor) -> None:
    """Refuse what a kernel would read from memory that is not the table's."""
    least, most = (int(bound) for bound in places.aminmax())
    if least < 0 or most >= rows:
        raise IndexError(f"{most if least >= 0 else least}: there is no such row among {rows}")


def _spread(part: Tensor, rows: Tensor, like: Tensor) -> Tensor:
    """Put gradients of some rows among zeros for the others; (Q, D) → (P, D)."""
    return torch.zeros_like(like).index_add_(0, rows, part)


def draw(rate: float, *, training: bool) -> Drop:
    """Draw the seed of one call's masks from torch's generator."""
    if not training or rate == 0.0:
        return NO_DROP
    return Drop(int(torch.empty((), dtype=torch.int64).random_().item()), rate)


def _close(
    matrix: Matrix, states: Tensor, residual: Tensor, norm: nn.LayerNorm, drop: Drop
) -> tuple[Tensor, Closed]:
    total = matrix.forward(states)
    out, mean, rstd = calls.close_forward(total, matrix.bias, residual, norm, drop)
    return out, Closed(total, mean, rstd, drop)


def _open(
    matrix: Matrix, norm: nn.LayerNorm, given: Tensor, closed: Closed
) -> tuple[Tensor, Tensor]:
    """From the gradient of half a layer's end to those of residual and product."""
    residual, product, sums = calls.close_backward(
        given, closed.total, closed.mean, closed.rstd, norm.weight, closed.drop
    )
    add_gradient(norm.weight, sums[0])
    add_gradient(norm.bias, sums[1])
    matrix.learn_bias(sums[2])
    return residual, product
