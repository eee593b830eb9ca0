"""Random bits become dropout masks: the configured rate, at a quarter of the usual cost."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from textune.fast import parts

LANES = 2**16  # a mask is drawn from 16 bits an element


def mask(shape: torch.Size, rate: float, like: Tensor) -> Tensor:
    """Draw a mask that holds 0 at the rate, and 1 / (1 - rate) elsewhere.

    Sixteen bits cannot express every rate, so the bound that they are compared with is itself
    drawn: each element is dropped with exactly the configured probability.

    Args:
        shape: Of the mask.
        rate: Probability of a zero, below 1.
        like: Tensor whose number format and device the mask gets.
    """
    size = shape.numel()
    words = torch.empty((size + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    lanes = words.view(torch.int16)[:size].view(shape)
    exact = rate * LANES
    bound = int(exact) + int(torch.rand(()).item() < exact % 1)
    kept = lanes >= bound - LANES // 2
    return kept.to(like.dtype).mul_(1 / (1 - rate))


def drop(states: Tensor, rate: float) -> Tensor:
    """Zero elements at the rate and scale the others up."""
    if rate == 0.0:
        return states
    if states.device.type != "cpu" or rate >= 1.0:
        return functional.dropout(states, rate)
    return states * mask(states.shape, rate, states)


def drop_and_add(states: Tensor, rate: float, residual: Tensor) -> Tensor:
    """Drop from the states and add the residual, in one pass."""
    if rate == 0.0:
        return states + residual
    if states.device.type != "cpu" or rate >= 1.0:
        return functional.dropout(states, rate) + residual
    return torch.addcmul(residual, states, mask(states.shape, rate, states))


class Dropout(nn.Dropout):
    """A module that drops by `drop`."""

    def forward(self, input: Tensor) -> Tensor:  # the name of torch's own argument
        """Drop in training, pass on otherwise."""
        return drop(input, self.p) if self.training else input


def overrides(config: Mapping[str, object], rate: float) -> dict[str, float]:
    """Return every rate of dropout that a configuration has, set to one number.

    What is not set there follows another rate in transformers.
    """
    return dict.fromkeys(_rates(config), rate)


def rates(config: Mapping[str, object]) -> list[float]:
    """Return the different rates of dropout in a configuration, in ascending order."""
    return sorted(set(_rates(config).values()))


def _rates(config: Mapping[str, object]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in config.items()
        if ("dropout" in name or name.endswith("pdrop"))
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    }


def replace(model: nn.Module) -> None:
    """Let every dropout module of a model draw its masks here."""
    parts.replace(model, lambda part: Dropout(part.p) if type(part) is nn.Dropout else None)
