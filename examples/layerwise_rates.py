"""Layer-wise learning rates (Howard and Ruder, 2018): each layer learns slower than that above it.

textune train reviews.csv --plugin examples/layerwise_rates.py
"""

import re
from typing import Any

from torch import nn

DECAY = 0.9
PLAIN = re.compile(r"bias$|LayerNorm|norm")  # are not decayed


def optimizer(named: list[tuple[str, nn.Parameter]], lr: float) -> list[dict[str, Any]]:
    """Return groups for textune's AdamW: the head has the whole rate, the embeddings the least."""
    layers = [int(found[1]) for name, _ in named if (found := re.search(r"layers?\.(\d+)\.", name))]
    top = max(layers, default=0) + 1
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in named:
        found = re.search(r"layers?\.(\d+)\.", name)
        depth = int(found[1]) + 1 if found else 0 if "embeddings" in name else top + 1
        key = depth, bool(PLAIN.search(name))
        group = groups.setdefault(key, {"params": [], "lr": lr * DECAY ** (top + 1 - depth)})
        group["params"].append(parameter)
        if key[1]:
            group["weight_decay"] = 0.0
    return list(groups.values())
