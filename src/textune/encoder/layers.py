"""A layer of BERT on packed tokens: fused products, and at the end only what is read.

The families of BERT's own build share one tree of modules. Their layers keep parameters, names and
stock behaviour; only a packed batch takes the shorter way here.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from textune.encoder import dropout
from textune.encoder.attention import Packing, attend

FAMILIES = frozenset(
    {"bert", "camembert", "data2vec-text", "electra", "ernie", "roberta", "xlm-roberta"}
)


class PackedLayer:
    """Comes before a family's own layer class; a packed batch goes through `forward` here."""

    attention: Any
    intermediate: Any
    output: Any
    is_last: bool
    training: bool

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Compute the layer.

        Args:
            hidden_states: (1, P, D).
            args: As the family's own layer takes them.
            kwargs: The same; a packed batch brings `packing`, and `borders` for a head on texts.

        Returns:
            (1, P, D); (1, B, D), the first token of each text, from the last layer for such a head.
        """
        packing = kwargs.get("packing")
        if packing is None:
            return super().forward(hidden_states, *args, **kwargs)  # type: ignore[misc]
        borders = kwargs.get("borders") if self.is_last else None
        hidden = hidden_states[0]  # (P, D)
        asking = hidden if borders is None else hidden[borders[:-1]]  # (P, D) or (B, D)
        mixed = self._attend(hidden, asking, packing)
        after = self._close(self.attention.output, mixed, asking)
        inner = self.intermediate.intermediate_act_fn(self.intermediate.dense(after))
        return self._close(self.output, inner, after)[None]

    def _attend(self, hidden: Tensor, asking: Tensor, packing: Packing) -> Tensor:
        own = self.attention.self
        parts = (own.query, own.key, own.value)
        if asking is hidden:
            query, key, value = _project(hidden, parts).chunk(3, dim=-1)
        else:
            query = own.query(asking)
            key, value = _project(hidden, parts[1:]).chunk(2, dim=-1)
        split = [
            states.unflatten(-1, (-1, own.attention_head_size)) for states in (query, key, value)
        ]
        found = attend(
            *split,
            packing=packing,
            rate=own.dropout.p if self.training else 0.0,
            scaling=own.scaling,
        )
        return found.flatten(1)  # (P, H, D / H) → (P, D)

    def _close(self, part: Any, states: Tensor, residual: Tensor) -> Tensor:
        rate = part.dropout.p if self.training else 0.0
        return part.LayerNorm(dropout.drop_and_add(part.dense(states), rate, residual))


def replace(model: PreTrainedModel) -> None:
    """Let the layers of a model take packed batches the shorter way, where their build is known."""
    if model.config.model_type not in FAMILIES:
        return
    stack = model.base_model.encoder.layer
    for number, layer in enumerate(stack):
        own = type(layer)
        layer.__class__ = type(f"Packed{own.__name__}", (PackedLayer, own), {})
        layer.is_last = number == len(stack) - 1


def _project(hidden: Tensor, parts: tuple[nn.Linear, ...]) -> Tensor:
    """Apply several linear maps of the same input as one product."""
    weight = torch.cat([part.weight for part in parts])
    bias = torch.cat([part.bias for part in parts])
    return functional.linear(hidden, weight, bias)
