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
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit it as `kind.Probe` says; rare classes weigh more where they do, or are drawn more."""
    from textune.tasks import linear  # scipy: a while to import

    return linear.classes(
        features,
        targets,
        outputs=len(task.labels),
        seed=seed,
        weights=weights_of(weights, _of_classes(targets, task.weights), task.copies(targets)),
        folds=folds,
        names=names,
        criterion=task.criterion,
        strengths=strengths,
    )


def weights_of(*factors: Floats | None) -> Floats | None:
    """Multiply weights of items, (I,) each; None where all are 1.

    An item that is drawn so often weighs as much: in a sum of losses that is the same.
    """
    known = [factor for factor in factors if factor is not None]
    return np.prod(known, axis=0) if known else None


def _of_classes(targets: NDArray[np.int64], weights: Sequence[float] | None) -> Floats | None:
    return None if weights is None else np.asarray(weights)[targets.clip(min=0)]
