"""In which units the outputs of a saved head of numbers are, and how they are standardised again.

A task of numbers learns standardised targets. What is saved has outputs in the user's units, as
plain transformers has, too: `folding` puts means and deviations into the last layer and into
`config.json`, and here they are taken out at loading. Inside, everything is standardised: number
formats, and how the logits of several windows are pooled, do not depend on a user's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

KEY = "textune_units"  # in config.json
FARTHEST = 1e5
"""Deviations that a mean may lie from 0: beyond that its fp32 sum with an output is too coarse."""


@dataclass(frozen=True, slots=True)
class Units:
    """What one standard deviation is, and where 0 lies, for each of C numbers."""

    centers: tuple[float, ...]
    scales: tuple[float, ...]

    @property
    def is_fine(self) -> bool:
        """Tell whether fp32 can hold mean and output in one number."""
        return all(
            abs(center) <= FARTHEST * scale
            for center, scale in zip(self.centers, self.scales, strict=True)
        )

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Return means and deviations; (C,) float64 each."""
        import torch  # here, as a few texts are computed without it

        return (
            torch.tensor(self.centers, dtype=torch.float64),
            torch.tensor(self.scales, dtype=torch.float64),
        )


def read(config: Mapping[str, Any]) -> Units | None:
    """Read the units of a saved head's outputs from a configuration; None: standardised."""
    found = config.get(KEY)
    if found is None:
        return None
    return Units(tuple(map(float, found["centers"])), tuple(map(float, found["scales"])))


def standardised(weight: Tensor, bias: Tensor, units: Units) -> tuple[Tensor, Tensor]:
    """Take means and deviations out of a last layer; (C, D), (C,) of the same number format."""
    centers, scales = units.tensors()
    return (
        (weight.double() / scales[:, None]).to(weight.dtype),
        ((bias.double() - centers) / scales).to(bias.dtype),
    )


def remark(units: Units | None, *, is_folded: bool) -> str:
    """Write for a model's page in which units its outputs are; "" where it has no numbers."""
    if units is None:
        return ""
    if is_folded:
        return "\nIts answers (`logits`) are numbers in the units of the training file.\n"
    return (
        f"\nIts answers (`logits`) are standardised: times {list(units.scales)}, plus "
        f"{list(units.centers)}, they are numbers in the units of the training file.\n"
    )
