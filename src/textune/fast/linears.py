"""Linear maps of a head answer for a row with the same bits whatever rows are beside it.

So do torch's where MKL has a strict mode; elsewhere kernels compute them, in fp32 on a CPU. Those
of layers are the layers' own matter.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textune.fast import parts, products


class Linear(nn.Linear):
    """A linear map that answers by kernels; it learns by torch."""

    @classmethod
    def like(cls, map: nn.Linear) -> "Linear":
        """Make one with the parameters of a map of torch's."""
        made = cls(1, 1, bias=False, device="meta")
        made.in_features, made.out_features = map.in_features, map.out_features
        made.weight, made.bias = map.weight, map.bias
        return made

    def forward(self, input: Tensor) -> Tensor:  # the name of torch's own argument
        """(…, D) → (…, C)."""
        is_here = input.device.type == "cpu" and input.dtype == self.weight.dtype == torch.float32
        if torch.is_grad_enabled() or not is_here or not products.takes(torch.float32):
            return functional.linear(input, self.weight, self.bias)
        found = products.times_few(input.reshape(-1, self.in_features), self.weight)
        found = found if self.bias is None else found + self.bias
        return found.view(*input.shape[:-1], self.out_features)


def replace(model: Any) -> None:
    """Replace every linear map outside of a model's layers."""
    own = {id(part) for part in model.base_model.encoder.modules()}

    def make(part: nn.Module) -> Linear | None:
        return Linear.like(part) if type(part) is nn.Linear and id(part) not in own else None

    parts.replace(model, make)
