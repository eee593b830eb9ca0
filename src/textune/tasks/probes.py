"""Frozen features and targets that exclude each other become a linear head, by a task's weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.records import LinearHead
from textune.tasks.interface import Floats


def exclusive(
    task: Any,
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    *,
    seed: int,
    weights: Floats | None,
    folds: NDArray[np.int64] | None,
    names: NDArray[np.float32] | None = None,
) -> LinearHead:
    """Fit it as `kind.Probe` says; rare classes weigh more where they do in the loss."""
    from textune.tasks import linear  # scipy: a while to import

    return linear.classes(
        features,
        targets,
        outputs=len(task.labels),
        seed=seed,
        weights=_item_weights(targets, weights, task.weights),
        folds=folds,
        names=names,
    )


def _item_weights(
    targets: NDArray[np.int64],
    weights: Floats | None,
    of_classes: Sequence[float] | None,
) -> Floats | None:
    """Multiply the weights of items by those of their classes; (I,), None where all are 1."""
    if of_classes is None:
        return weights
    own = np.asarray(of_classes)[targets.clip(min=0)]
    return own if weights is None else own * weights
