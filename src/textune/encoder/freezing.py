"""An encoder's lowest layers keep the weights of the base."""

from typing import Any

from torch import nn


def freeze(model: Any, layers: int) -> None:
    """Freeze the embeddings and the lowest layers; -1 freezes all but the head, 0 nothing."""
    if layers == 0:
        return
    base = model.base_model
    embeddings = getattr(base, "embeddings", None) or base.get_input_embeddings()
    stacks = [list(part) for part in base.modules() if isinstance(part, nn.ModuleList)]
    frozen = [base] if layers < 0 else [embeddings, *max(stacks, key=len)[:layers]]
    for part in frozen:
        part.requires_grad_(False)
