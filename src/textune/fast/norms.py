"""LayerNorm of a head, whose gradients have the same bits with any number of threads.

torch's own parts the sums over tokens among threads. The norms of layers are the kernels' matter.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from textune.fast import parts


class _Norm(Function):
    """Layer norm of (P, D) rows; only what is summed over rows is not torch's own."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        found, mean, rstd = torch.native_layer_norm(states, weight.shape, weight, bias, eps)
        ctx.save_for_backward(states, mean, rstd, weight)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        states, mean, rstd, weight = ctx.saved_tensors
        given = gradients[0].contiguous()  # (P, D)
        onto = torch.ops.aten.native_layer_norm_backward(
            given, states, weight.shape, mean, rstd, weight, None, [True, False, False]
        )[0]
        normed = (states - mean).mul_(rstd)
        return onto, normed.mul_(given).sum(0), given.sum(0), None


class Norm(nn.LayerNorm):
    """A layer norm that computes by `_Norm` where it learns on a CPU."""

    @classmethod
    def like(cls, norm: nn.LayerNorm) -> "Norm":
        """Make one with the parameters of a norm of torch's."""
        made = cls(norm.normalized_shape, norm.eps, elementwise_affine=False)
        made.elementwise_affine, made.weight, made.bias = True, norm.weight, norm.bias
        return made

    def forward(self, input: Tensor) -> Tensor:  # the name of torch's own argument
        """(…, D) → (…, D)."""
        weight, bias = self.weight, self.bias
        is_plain = input.device.type == "cpu" and input.dtype == weight.dtype == torch.float32
        if not is_plain or bias is None or not torch.is_grad_enabled():
            return functional.layer_norm(input, self.normalized_shape, weight, bias, self.eps)
        rows = input.reshape(-1, input.shape[-1])
        found: Tensor = _Norm.apply(rows, weight, bias, self.eps)  # type: ignore[no-untyped-call]  # torch's
        return found.view(input.shape)


def replace(model: Any) -> None:
    """Replace every LayerNorm of a model's head."""
    own = {id(part) for part in model.base_model.modules()}

    def make(part: nn.Module) -> Norm | None:
        if type(part) is not nn.LayerNorm or id(part) in own:
            return None
        is_usual = len(part.normalized_shape) == 1 and part.elementwise_affine
        return Norm.like(part) if is_usual else None

    parts.replace(model, make)
