"""A loss beside that of the labels: texts of one label come near each other, others come apart.

It is the supervised contrastive loss (Khosla et al., 2020, their L_out) of what the last layer
reads of the texts of an optimizer batch, added to cross-entropy as by Gunel et al. (2021), whose
temperature it has. Every two texts of a batch are a pair: none is computed for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textune.encoder import heads, pair_heads, pooling
from textune.encoder.model import Encoder
from textune.objectives.work import Stack
from textune.records import Batch, Items
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

    The texts of an optimizer batch are contrasted with each other, in however many parts it is
    computed: it is the `Whole` of an update.

    Args:
        encoder: Whose last layer is listened to, until `close`.
        weight: Of the loss, beside that of the labels.
    """

    def __init__(self, encoder: Encoder, weight: float):
        layer = _layer(encoder)
        assert layer is not None, "a head that ends in a linear layer"
        self.weight = weight
        self._width, self.device = layer.in_features, layer.weight.device
        self._read: Tensor | None = None  # (R, D), a row for each window
        self._keeps = False  # whether what is read is kept without gradients, too
        # Of a batch in parts, of each: (I, D) the gradient, () its share of the loss, its windows.
        self._parts: list[tuple[Tensor, Tensor, Items | None]] = []
        self._part: int | None = None
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
        if self._part is not None:
            gradient, value, _ = self._parts[self._part]
            if read is None:  # the windows were computed a few at a time: `gradient` is for them
                return value
            product = (_of_texts(read, batch.items).to(gradient) * gradient).sum()
            return value + product - product.detach()
        assert read is not None, "computed with gradients"
        assert targets is not None
        return self.weight * contrasted(_of_texts(read, batch.items), targets, batch.weights)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep features though no gradient is computed."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False

    def features(self) -> Tensor:
        """Return those that were computed last; (R, D), a row for each window."""
        assert self._read is not None
        return self._read

    def differentiate(
        self, parts: Sequence[Batch], features: Sequence[Tensor], stack: Stack | None = None
    ) -> None:
        """Find the gradient of the loss of the whole for the features of each part, (R, D).

        Where several processes learn together, `stack` brings the others' features, too.
        """
        own = [_table(read, part) for part, read in zip(parts, features, strict=True)]
        sizes = [len(one) for one in own]
        table = torch.cat(own) if own else torch.zeros(0, 0, device=self.device)
        table, here = (table, slice(0, len(table))) if stack is None else stack(table)
        if not parts:
            self._parts = []
            return
        whole, weights, targets = table.tensor_split([self._width, self._width + 1], dim=1)
        if parts[0].targets is not None and parts[0].targets.ndim == 1:
            targets = targets[:, 0].long()
        whole = whole.clone().requires_grad_()
        with torch.enable_grad():
            loss = self.weight * contrasted(whole, targets, weights[:, 0])
            (gradient,) = torch.autograd.grad(loss, whole)
        self._parts = [
            (one, loss.detach() * (len(one) / len(whole)), part.items)
            for one, part in zip(gradient[here].split(sizes), parts, strict=True)
        ]

    def enter(self, part: int | None) -> None:
        """Compute the loss of a part from here on; None: of a batch that is computed as one."""
        self._part = part

    def gradient(self) -> Tensor:
        """Return the gradient for the features of the part; (R, D)."""
        assert self._part is not None
        gradient, _, items = self._parts[self._part]
        if items is None:
            return gradient
        sizes = torch.bincount(items.of, minlength=len(gradient))
        return (gradient / sizes[:, None])[items.of]

    def _keep(self, _: nn.Module, inputs: tuple[Any, ...], __: Tensor) -> None:
        self._read = inputs[0] if self._keeps or torch.is_grad_enabled() else None


def _table(read: Tensor, part: Batch) -> Tensor:
    """Lay what is read of texts, what they weigh and their targets side by side; (I, D + 1 + C)."""
    texts, targets = _of_texts(read, part.items).float(), part.targets
    assert targets is not None
    weights = texts.new_ones(len(texts)) if part.weights is None else part.weights.to(texts)
    return torch.cat([texts, weights[:, None], targets.to(texts).view(len(texts), -1)], dim=1)


def _of_texts(read: Tensor, items: Items | None) -> Tensor:
    """Return the mean of what is read of the windows of each text; (I, D)."""
    return read if items is None else pooling.pool(read, items, "mean")


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
