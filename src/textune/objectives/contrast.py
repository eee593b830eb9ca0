"""A loss beside that of the labels: texts of one label come near each other, others come apart.

It is the supervised contrastive loss (Khosla et al., 2020, their L_out) of what the last layer
reads of the texts that are computed together, added to cross-entropy as by Gunel et al. (2021),
whose temperature it has. Every two texts of a batch are a pair: none is computed for it.
"""

from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textune.encoder import heads, pair_heads, pooling
from textune.encoder.model import Encoder
from textune.records import Batch
from textune.tasks import registry
from textune.tasks.interface import Task

TEMPERATURE = 0.3
LEFT_OUT = -1e4  # in place of a similarity that does not count


def why_not(task: Task, encoder: Encoder) -> str | None:
    """Say why texts of a task cannot be contrasted; None where they can."""
    kind = registry.of(task.name)
    if not kind.has_classes or kind.asks != "texts" or kind.by_column:
        return "it is for texts with one label or several"
    if task.own.head is not None or _layer(encoder) is None:
        return "the head does not end in one linear layer"
    if pair_heads.of(encoder.model) is not None:
        return "the texts of a pair are encoded apart"
    return None


class Contrast:
    """Keeps what the last layer reads while gradients are computed, and contrasts it.

    Args:
        encoder: Whose last layer is listened to, until `close`.
        weight: Of the loss, beside that of the labels.
    """

    def __init__(self, encoder: Encoder, weight: float):
        layer = _layer(encoder)
        assert layer is not None, "a head that ends in a linear layer"
        self.weight = weight
        self._read: Tensor | None = None  # (R, D), a row for each window
        self._handle = layer.register_forward_hook(self._keep)

    def __enter__(self) -> "Contrast":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Listen no longer."""
        self._handle.remove()
        self._read = None

    def loss(self, batch: Batch) -> Tensor:
        """Return the weighted sum of losses of the texts that were computed last; ()."""
        read, targets = self._read, batch.targets
        assert read is not None, "computed with gradients"
        assert targets is not None
        if batch.items is not None:  # the mean of the windows of each text
            read = pooling.pool(read, batch.items, "mean")
        return self.weight * contrasted(read, targets, batch.weights)

    def _keep(self, _: nn.Module, inputs: tuple[Any, ...], __: Tensor) -> None:
        self._read = inputs[0] if torch.is_grad_enabled() else None


def contrasted(read: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the sum of contrastive losses over texts.

    A text that is like no other of the batch has none; the mean of the others stands for it. One
    whose labels are not known, or that has no weight, has none, and is no other's.

    Args:
        read: (I, D) of texts.
        targets: (I,) classes, -1 where they are not known, or (I, C) of zeros, ones and NaN.
        weights: (I,) of the texts; None: all 1.
    """
    known = targets >= 0 if targets.ndim == 1 else ~targets.isnan().all(dim=1)
    own = known.to(read.dtype) if weights is None else known * weights  # (I,)
    known = known & (own > 0)
    left_out = torch.eye(len(read), dtype=torch.bool, device=read.device) | ~known
    alike = likeness(targets).masked_fill(left_out, 0.0) * known[:, None]  # (I, I)
    exact = torch.promote_types(read.dtype, torch.float32)
    directions = functional.normalize(read.to(exact), dim=1)
    similar = (directions @ directions.T / TEMPERATURE).masked_fill(left_out, LEFT_OUT)
    shares = alike / alike.sum(dim=1, keepdim=True).clamp(min=1e-9)
    losses = -(shares * similar.log_softmax(dim=1)).sum(dim=1)  # (I,)
    of_those = own * (alike.sum(dim=1) > 0)  # (I,) that have their like
    return (own * losses).sum() * own.sum() / of_those.sum().clamp(min=1e-9)


def likeness(targets: Tensor) -> Tensor:
    """Return how alike the labels of every two texts are, from 0 to 1.

    Of several labels it is their intersection by their union (Jaccard); two texts without any are
    alike.

    Args:
        targets: (I,) classes, -1 where they are not known, or (I, C) of zeros, ones and NaN.

    Returns:
        (I, I).
    """
    if targets.ndim == 1:
        return (targets[:, None] == targets).float()
    has = targets.float().nan_to_num().clamp(0, 1)
    both = has @ has.T
    either = has.sum(dim=1)[:, None] + has.sum(dim=1) - both
    return torch.where(either > 0, both / either.clamp(min=1.0), 1.0)


def _layer(encoder: Encoder) -> nn.Linear | None:
    found = heads.last(encoder.model)
    return None if found is None else found[1]
