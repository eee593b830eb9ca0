"""Encoders that were fine-tuned on parts of the texts give their mean to the one of all texts.

They began with the same weights, and the mean of such weights answers better than any of them
(Wortsman et al., 2022).
"""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from textune.encoder import weights
from textune.encoder.model import Encoder

FILE = Path("checkpoints") / "mean.safetensors"


@dataclass(slots=True)
class Mean:
    """The mean of the weights of encoders, one after the other."""

    names: frozenset[str]  # of the weights that training changes
    totals: dict[str, Tensor] = field(default_factory=dict)
    count: int = 0
    is_sound: bool = True  # whether it answers as well as the models

    @classmethod
    def of(cls, encoder: Encoder) -> "Mean":
        """Make the mean of no encoder yet, of those weights that training changes."""
        parameters = encoder.model.named_parameters()
        return cls(frozenset(name for name, item in parameters if item.requires_grad))

    @torch.no_grad()
    def add(self, encoder: Encoder) -> None:
        """Take in the weights that an encoder has now."""
        self.count += 1
        for name, item in encoder.model.named_parameters():
            if name not in self.names:
                continue
            if name in self.totals:
                self.totals[name] += item
            else:
                self.totals[name] = item.detach().float().clone()

    def weights(self) -> dict[str, Tensor]:
        """Return the mean of each weight."""
        return {name: total / self.count for name, total in self.totals.items()}


@torch.no_grad()
def blend(encoder: Encoder, mean: dict[str, Tensor], share: float = 0.5) -> None:
    """Bring an encoder part of the way to weights that began where its own did."""
    for name, item in encoder.model.named_parameters():
        if name in mean:
            item.lerp_(mean[name].to(item), share)
    encoder.refresh()


def write(folder: Path, mean: dict[str, Tensor]) -> None:
    """Keep weights in a run's folder, whole or not at all.

    Raises:
        OSError: The disk is full or read-only.
    """
    tensors = {name: item.cpu().contiguous() for name, item in mean.items()}
    (folder / FILE).parent.mkdir(exist_ok=True)
    weights.write(tensors, folder / FILE, metadata={"sha256": weights.digest(tensors, {})})


def read(folder: Path) -> dict[str, Tensor] | None:
    """Read what was kept; None where it is absent or damaged."""
    try:
        with safe_open(folder / FILE, framework="pt") as opened:
            metadata = dict(opened.metadata() or {})
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (OSError, RuntimeError, SafetensorError):
        return None
    return tensors if metadata.get("sha256") == weights.digest(tensors, {}) else None
