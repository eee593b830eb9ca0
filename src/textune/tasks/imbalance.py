"""Rare labels get their share: losses that look at them, and how often their texts are drawn."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Loss = Literal["cross-entropy", "focal", "asymmetric"]
Sampling = Literal["none", "balanced", "square-root"]

PLAIN: Loss = "cross-entropy"
FOCUS = 2.0  # gamma of focal loss (Lin et al., 2017)
FOCUS_OF_YES, FOCUS_OF_NO, MARGIN = 1.0, 4.0, 0.05  # of asymmetric loss (Ridnik et al., 2021)
POWERS: dict[Sampling, float] = {"balanced": 1.0, "square-root": 0.5}


def copies(targets: NDArray[np.generic], how: Sampling) -> NDArray[np.float64] | None:
    """Return how often each text is drawn in a pass, in the mean; None: each once.

    A class of n texts is drawn in proportion to n ** 0 where classes are balanced, and to n ** 0.5
    by square root (Mahajan et al., 2018). A text of several labels counts by the rarest of them.

    Args:
        targets: (N,) classes, or (N, C) zeros, ones and NaN.
        how: As the setting is called.

    Returns:
        (N,), of mean 1.
    """
    if how == "none":
        return None
    of = targets.astype(np.int64) if targets.ndim == 1 else rarest(targets.astype(np.float64))
    found = np.bincount(of)[of] ** -POWERS[how]
    return np.asarray(found / found.mean())


def rarest(targets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Name each text by the rarest of its labels; (N, C) → (N,), C where it has none."""
    has = targets == 1
    counts = np.where(has, has.sum(axis=0), np.inf)
    found = np.where(has.any(axis=1), counts.argmin(axis=1), targets.shape[1])
    return np.asarray(found, dtype=np.int64)
