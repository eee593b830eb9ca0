"""Training targets become the logits of a model that knows only how frequent each label is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-6  # share of a label that does not occur: its logarithm must be a number


def exclusive(
    targets: NDArray[np.generic],
    count: int,
    weights: Sequence[float] | None,
    *,
    smoothing: float,
    copies: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the logits whose (weighted, smoothed) cross-entropy is lowest; (N,) → (C,).

    Where texts are not drawn alike, `copies` (N,) says how often each is.
    """
    sizes = np.bincount(targets, weights=copies, minlength=count) * np.asarray(
        1.0 if weights is None else weights
    )
    shares = sizes / max(float(sizes.sum()), LEAST)
    return np.log(np.maximum(shares * (1 - smoothing) + smoothing / count, LEAST))


def several(
    targets: NDArray[np.floating],
    weights: Sequence[float] | None,
    *,
    smoothing: float,
    copies: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the logits whose binary cross-entropies are lowest; (N, C), NaN not scored → (C,).

    Where texts are not drawn alike, `copies` (N,) says how often each is.
    """
    own = np.ones(len(targets)) if copies is None else copies
    positives = own @ (targets == 1) * np.asarray(1.0 if weights is None else weights)
    shares = positives / np.maximum(positives + own @ (targets == 0), LEAST)
    shares = np.clip(shares * (1 - smoothing) + smoothing / 2, LEAST, 1 - LEAST)
    found: NDArray[np.float64] = np.log(shares / (1 - shares))
    return found
