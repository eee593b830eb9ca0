"""Logits become probabilities in double precision, without an import of SciPy."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sigmoid(logits: Floats) -> Floats:
    """Return the probability of each label on its own, exact where it is near 0 or 1."""
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)


def log_softmax(logits: Floats) -> Floats:
    """Return the logarithms of the probabilities of classes that exclude each other, (I, C)."""
    below = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))
