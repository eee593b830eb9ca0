"""A linear layer that stays as it is gets an adapter of low rank beside it (LoRA).

Hu et al. (2021): what a layer W gives a state x becomes W x + (alpha / r) B A x, of which A and B
alone are trained. Names, first values and arithmetic are those of peft's layers, so that peft reads
what is saved; importing peft would take more memory than training the adapters does.
"""

import math

import torch
from torch import Tensor, nn

OWN = "default"  # peft's name for the one adapter that there is


class LowRank(nn.Module):
    """A linear layer and its adapter, which changes nothing before it is trained.

    Args:
        base_layer: Its weights are no longer trained.
        rank: Rows of A, columns of B.
        alpha: The adapter is scaled by this over the rank.
        dropout: Share of what goes into the adapter that is dropped in training.
    """

    def __init__(self, base_layer: nn.Linear, *, rank: int, alpha: float, dropout: float):
        super().__init__()
        self.base_layer = base_layer
        self.scaling = alpha / rank
        first = nn.Linear(base_layer.in_features, rank, bias=False)
        second = nn.Linear(rank, base_layer.out_features, bias=False)
        nn.init.kaiming_uniform_(first.weight, a=math.sqrt(5))
        nn.init.zeros_(second.weight)
        self.lora_dropout = nn.ModuleDict({OWN: nn.Dropout(dropout)} if dropout else {})
        self.lora_A = nn.ModuleDict({OWN: first})
        self.lora_B = nn.ModuleDict({OWN: second})
        self.to(device=base_layer.weight.device, dtype=base_layer.weight.dtype)

    @property
    def in_features(self) -> int:
        """Width of what goes in."""
        return self.base_layer.in_features

    @property
    def out_features(self) -> int:
        """Width of what comes out."""
        return self.base_layer.out_features

    @property
    def weight(self) -> Tensor:
        """The weight of the layer without its adapter; (O, I)."""
        return self.base_layer.weight

    @property
    def bias(self) -> Tensor | None:
        """The shift of the layer; (O,)."""
        return self.base_layer.bias

    def forward(self, states: Tensor) -> Tensor:
        """(…, I) → (…, O)."""
        found: Tensor = self.base_layer(states)
        given = self.lora_dropout[OWN](states) if self.lora_dropout else states
        added: Tensor = self.lora_B[OWN](self.lora_A[OWN](given))
        return (found + added * self.scaling).to(found.dtype)

    @torch.no_grad()
    def whole(self) -> Tensor:
        """Return the weight of one layer that gives what this one gives; (O, I)."""
        first, second = (
            self.get_parameter(f"{half}.{OWN}.weight") for half in ("lora_A", "lora_B")
        )
        return self.base_layer.weight + (second @ first) * self.scaling
