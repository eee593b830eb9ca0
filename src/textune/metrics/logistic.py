"""Features and truth become a logistic regression, as scikit-learn's with its solver L-BFGS.

The regressions of all labels are fitted at once, and in units in which the loss curves alike in all
directions, so that few steps are enough; and scikit-learn need not be imported for it, which takes
longer than most fits. N items, D features, C outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]
Layer = tuple[Floats, Floats]  # weight (C, D) and bias (C,)

MOST_STEPS = 200
TOLERANCE = 5e-5


def fit(
    features: Any,
    truth: Floats,
    weights: Floats,
    *,
    strength: float,
    exclusive: bool,
    tolerance: float = TOLERANCE,
) -> Layer:
    """Minimise strength · Σ weight · loss + |W|² / 2, where biases are free.

    Args:
        features: (N, D), dense or sparse; best where its columns are orthogonal.
        truth: (N, C) of 0 and 1.
        weights: (N, 1), or (N, C) of a label each; 0 where nothing is known of it.
        strength: scikit-learn's C.
        exclusive: Whether one output is true of each item (softmax), or each by itself (sigmoid).
        tolerance: Slope of the mean loss, in the units of the search, at which it ends.
    """
    outputs, width = truth.shape[1], features.shape[1]
    weights = np.broadcast_to(weights, (len(truth), 1 if exclusive else outputs))
    total = float(weights.sum()) / weights.shape[1]
    units, penalty = _units(features, truth, weights, total, strength), 1 / (strength * total)
    back: Any = features.T.tocsr() if hasattr(features, "tocsr") else features.T

    def loss(point: Floats) -> tuple[float, Floats]:
        scaled = point.reshape(outputs, width + 1) * units
        weight, bias = scaled[:, :-1], scaled[:, -1]
        logits = features @ weight.T.astype(features.dtype) + bias.astype(features.dtype)
        each, slope = _softmax(logits, truth) if exclusive else _sigmoids(logits, truth)
        value = float((weights * each).sum()) / total + penalty / 2 * float((weight**2).sum())
        slope *= weights / total
        found = np.empty_like(scaled)
        found[:, :-1] = (back @ slope).T + penalty * weight
        found[:, -1] = slope.sum(axis=0)
        return value, (found * units).ravel()

    found = optimize.minimize(
        loss,
        np.zeros(units.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MOST_STEPS, "gtol": tolerance, "ftol": 1e-12},
    )
    layer = found.x.reshape(outputs, width + 1) * units
    bias = layer[:, -1]
    return layer[:, :-1], bias - bias.mean() if exclusive else bias


def chances(features: Any, layer: Layer, *, exclusive: bool) -> Floats:
    """Return the probabilities that a layer gives; (N, C)."""
    logits = features @ layer[0].T + layer[1]
    found = special.softmax(logits, axis=1) if exclusive else special.expit(logits)
    return np.asarray(found, dtype=np.float64)


def _units(features: Any, truth: Floats, weights: Floats, total: float, strength: float) -> Floats:
    """Return the lengths along which the loss curves alike, about; (C, D + 1)."""
    sums = weights.sum(axis=0)  # (1,) or (C,)
    shares = (weights * truth).sum(axis=0) / np.maximum(sums, 1e-12)  # (C,)
    spread = (shares * (1 - shares)).clip(1e-6) * sums / total  # (C,)
    is_sparse = hasattr(features, "multiply")
    squares: Any = features.multiply(features) if is_sparse else np.square(features)
    sizes = np.asarray(squares.T @ weights.sum(axis=1)).ravel() / weights.sum()  # (D,)
    curvature = spread[:, None] * np.append(sizes, 1.0)
    curvature[:, :-1] += 1 / (strength * total)
    return 1 / np.sqrt(curvature.clip(1e-12))


def _softmax(logits: Any, truth: Floats) -> tuple[Any, Any]:
    """Return the loss of each item, (N, 1), and its slope by the logits, (N, C)."""
    most = logits.max(axis=1, keepdims=True)
    powers = np.exp(logits - most)
    sums = powers.sum(axis=1, keepdims=True)
    own = (logits * truth).sum(axis=1, keepdims=True)
    return most + np.log(sums) - own, powers / sums - truth


def _sigmoids(logits: Any, truth: Floats) -> tuple[Any, Any]:
    """Return the loss of each item and label, and its slope by the logits; (N, C) each."""
    return np.logaddexp(0.0, logits) - truth * logits, special.expit(logits) - truth
