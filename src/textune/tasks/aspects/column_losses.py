"""Logits and targets of several columns become the sum of losses that training makes smaller."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.fast import constants
from textune.records import Batch
from textune.tasks import losses
from textune.tasks.imbalance import Loss

Part = tuple[NDArray[np.int64], Sequence[float] | None]
"""The outputs of a column, and the weights of its classes; None: all 1."""


def total(
    logits: Tensor, batch: Batch, parts: Sequence[Part], *, smoothing: float, criterion: Loss
) -> Tensor:
    """Return the sum over texts and their scored columns; () fp32.

    Args:
        logits: (B, C).
        batch: With targets, (B, C): a 1 for the class of each column, NaN where it is not scored.
        parts: The columns.
        smoothing: Share of a target that all classes of its column get alike.
        criterion: Cross-entropy, or focal loss.
    """
    assert batch.targets is not None
    found = logits.new_zeros((), dtype=torch.float32)
    for outputs, weights in parts:
        at = constants.on(logits.device, outputs.tolist(), torch.int64)
        mine = batch.targets.index_select(1, at)  # (B, K)
        classes = torch.where(mine.isnan().any(dim=1), losses.UNKNOWN, mine.nan_to_num().argmax(1))
        found = found + losses.classes(
            logits.index_select(1, at),
            replace(batch, targets=classes),
            weights,
            smoothing=smoothing,
            criterion=criterion,
        )
    return found
