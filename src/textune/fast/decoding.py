"""States of masked tokens become losses: one product with the table of the vocabulary.

A masked-LM head ends in a product with a table of the whole vocabulary, for most encoders the
embedding itself. Only the tokens that have a target go through it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from textune.fast import parts
from textune.fast.matrices import Block, Matrix


class _Identity(nn.Linear):
    """A head's last linear map that returns its input, with the same parameters."""

    def __init__(self, map: nn.Linear):
        nn.Module.__init__(self)  # a Linear would make a table of its own
        self.in_features, self.out_features = map.in_features, map.out_features
        self.weight, self.bias = map.weight, map.bias

    def forward(self, input: Tensor) -> Tensor:
        return input


class Decoder:
    """The product of a head's last states with the vocabulary's table.

    Args:
        model: Whose head ends in it; from now on that last map returns its input.
        dtype: Of the product on a CPU.

    Raises:
        TypeError: The head does not end in a linear map.
    """

    def __init__(self, model: Any, dtype: torch.dtype):
        map = model.get_output_embeddings()
        if not isinstance(map, nn.Linear):
            raise TypeError(f"a {type(map).__name__} is no linear map")
        self.map = _Identity(map)
        parts.replace(model, lambda part: self.map if part is map else None)
        self._dtype = dtype
        self._matrix: Matrix | None = None
        self._is_parted = False

    @property
    def _kernel(self) -> Matrix | None:
        """The table as products on a CPU use it; elsewhere autograd does."""
        weight = self.map.weight
        is_usual = weight.device.type == "cpu" and weight.dtype == torch.float32
        if not is_usual or self.map.bias is None or self._is_parted:
            return None
        if self._matrix is None:
            self._matrix = Matrix([self.map], self._dtype)
        return self._matrix

    def output(self, states: Tensor, found: Any) -> "MaskedLMOutput":
        """Join the (M, D) states of the masked tokens with the other logits of the model."""
        return MaskedLMOutput(states, self, found.get("seq_relationship_logits"))

    def logits(self, states: Tensor) -> Tensor:
        """(M, D) → (M, V) fp32."""
        matrix = self._kernel
        if matrix is None:
            return functional.linear(states, self.map.weight, self.map.bias).float()
        with torch.no_grad():
            product = matrix.forward(states.to(matrix.weight.dtype))
            return product.float().add_(matrix.bias)

    def losses(self, states: Tensor, pieces: Tensor) -> Tensor:
        """Return the cross-entropy of each masked token; (M, D) and (M,) → (M,) fp32."""
        matrix = self._kernel
        if matrix is None or not torch.is_grad_enabled():
            return functional.cross_entropy(self.logits(states), pieces, reduction="none")
        # Also where M is 0: a tied table's gradient begins here, and the embedding adds to it.
        found: Tensor = _Losses.apply(states, self.map.bias, matrix, pieces)  # type: ignore[no-untyped-call]  # torch's
        return found

    def matrices(self) -> Iterator[Matrix]:
        """Yield the table, where a kernel computes the product."""
        if self._kernel is not None:
            yield self._kernel

    def blocks(self) -> Iterator[Block]:
        """Yield the table, where a kernel writes its gradient, and whose hooks hear of that."""
        if self._kernel is not None:
            yield Block(self.map.bias, (self._kernel,))

    def part(self) -> None:
        """Compute by torch's own operations from here on."""
        self._matrix, self._is_parted = None, True

    def release(self) -> None:
        """Give the memory of the table's gradient back."""
        if self._matrix is not None:
            self._matrix.release()


@dataclass(frozen=True, slots=True)
class MaskedLMOutput:
    """The results of a masked-LM head at the M tokens that have a target."""

    states: Tensor  # (M, D), before the vocabulary
    decoder: Decoder
    nsp_logits: Tensor | None  # (B, 2): the second text follows the first, or it does not

    def losses(self, pieces: Tensor) -> Tensor:
        """Return the cross-entropy of each masked token; (M,) fp32."""
        return self.decoder.losses(self.states, pieces)

    def logits(self) -> Tensor:
        """Return a logit for each piece of the vocabulary; (M, V) fp32."""
        return self.decoder.logits(self.states)


class _Losses(Function):
    """Product, softmax and cross-entropy with one (M, V) tensor in all."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, anchor: Tensor, matrix: Matrix, pieces: Tensor) -> Tensor:
        cast = states.to(matrix.weight.dtype)
        logits = matrix.forward(cast).float().add_(matrix.bias)  # (M, V)
        totals = logits.logsumexp(1)  # (M,)
        ctx.saved = logits, totals, cast, states.dtype
        ctx.matrix, ctx.pieces, ctx.anchor = matrix, pieces, anchor
        return totals - logits.gather(1, pieces[:, None])[:, 0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        (logits, totals, states, dtype), ctx.saved = ctx.saved, None
        matrix: Matrix = ctx.matrix
        share = gradients[0][:, None]  # (M, 1)
        grad = logits.sub_(totals[:, None]).exp_().mul_(share)  # (M, V)
        grad.scatter_add_(1, ctx.pieces[:, None], -share)
        matrix.accumulate_bias(grad.sum(0))
        grad = grad.to(matrix.weight.dtype)
        matrix.accumulate(grad, states)
        matrix.gradient_to_fp32()
        zero = torch.zeros_like(ctx.anchor) if ctx.needs_input_grad[1] else None  # as in `fused`
        return matrix.backward(grad).to(dtype), zero, None, None
