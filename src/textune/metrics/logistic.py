"""Features and truth become a logistic regression, as scikit-learn's with its solver L-BFGS.

The regressions of all labels are fitted at once, and in units in which the loss curves alike in all
directions, so that few steps are enough; and scikit-learn need not be imported for it, which takes
longer than most fits. N items, D features, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable
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
    strength: float | Floats,
    exclusive: bool,
    tolerance: float = TOLERANCE,
) -> Layer:
    """Minimise strength · Σ weight · loss + |W|² / 2, where biases are free.

    Several regressions may be found by one search: of outputs that are true by themselves each is
    one; of exclusive ones there are as many as columns of weights (G), each of all C outputs.

    Args:
        features: (N, D), dense or sparse; best where its columns are orthogonal.
        truth: (N, C) of 0 and 1.
        weights: (N, 1), or (N, C) of a label each; 0 where nothing is known of it. (N, G) of
            exclusive outputs.
        strength: scikit-learn's C; (C,) of each label, or (G,), where they are not alike.
        exclusive: Whether one output is true of each item (softmax), or each by itself (sigmoid).
        tolerance: Slope of the mean loss, in the units of the search, at which it ends.

    Returns:
        Weight (C, D) and bias (C,); of G regressions (G · C, D) and (G · C,), one after another.
    """
    classes, width = truth.shape[1], features.shape[1]
    groups = weights.shape[1] if exclusive else 1
    weights = np.broadcast_to(weights, (len(truth), groups if exclusive else classes))
    total = float(weights.sum()) / weights.shape[1]
    each_strength = np.broadcast_to(strength, weights.shape[1])
    outputs = groups * classes
    penalty = 1 / (np.tile(each_strength, outputs // len(each_strength))[:, None] * total)
    own, wanted = weights, truth
    if exclusive:
        own, wanted = weights[:, None], truth[:, :, None]  # (N, 1, G) and (N, C, 1)
    units = _units(features, wanted, own, total, penalty)
    loss = _loss(features, wanted, own, total, penalty, units, exclusive=exclusive)
    found = optimize.minimize(
        loss,
        np.zeros(units.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MOST_STEPS, "gtol": tolerance, "ftol": 1e-12},
    )
    layer = found.x.reshape(outputs, width + 1) * units
    if not exclusive:
        return layer[:, :-1], layer[:, -1]
    layer = layer.reshape(classes, groups, -1).swapaxes(0, 1)
    bias = layer[:, :, -1] - layer[:, :, -1].mean(axis=1, keepdims=True)
    return layer[:, :, :-1].reshape(outputs, width), bias.ravel()


def chances(features: Any, layer: Layer, *, exclusive: bool) -> Floats:
    """Return the probabilities that a layer gives; (N, C)."""
    logits = features @ layer[0].T + layer[1]
    found = special.softmax(logits, axis=1) if exclusive else special.expit(logits)
    return np.asarray(found, dtype=np.float64)


def _loss(
    features: Any,
    truth: Floats,
    weights: Floats,
    total: float,
    penalty: Floats,
    units: Floats,
    *,
    exclusive: bool,
) -> Callable[[Floats], tuple[float, Floats]]:
    """Return the function that gives the loss at a point in these units, and its slope."""
    back: Any = features.T.tocsr() if hasattr(features, "tocsr") else features.T
    outputs, width = len(units), units.shape[1] - 1
    shape = np.broadcast_shapes(truth.shape, weights.shape)

    def loss(point: Floats) -> tuple[float, Floats]:
        scaled = point.reshape(outputs, width + 1) * units
        weight, bias = scaled[:, :-1], scaled[:, -1]
        logits = features @ weight.T.astype(features.dtype) + bias.astype(features.dtype)
        of = _softmax if exclusive else _sigmoids
        each, slope = of(np.asarray(logits).reshape(shape), truth)
        value = float((weights * each).sum()) / total + float((penalty * weight**2).sum()) / 2
        slope *= weights / total
        slope = slope.reshape(len(truth), outputs)
        found = np.empty_like(scaled)
        found[:, :-1] = (back @ slope).T + penalty * weight
        found[:, -1] = slope.sum(axis=0)
        return value, (found * units).ravel()

    return loss


def _units(features: Any, truth: Floats, weights: Floats, total: float, penalty: Floats) -> Floats:
    """Return the lengths along which the loss curves alike, about; (outputs, D + 1)."""
    sums = weights.sum(axis=0)  # (C,) or (1, G)
    shares = (weights * truth).sum(axis=0) / np.maximum(sums, 1e-12)  # (C,) or (C, G)
    spread = ((shares * (1 - shares)).clip(1e-6) * sums / total).ravel()
    is_sparse = hasattr(features, "multiply")
    squares: Any = features.multiply(features) if is_sparse else np.square(features)
    of_items = weights.reshape(len(weights), -1).sum(axis=1)  # (N,)
    sizes = np.asarray(squares.T @ of_items).ravel() / of_items.sum()  # (D,)
    curvature = spread[:, None] * np.append(sizes, 1.0)
    curvature[:, :-1] += penalty
    return 1 / np.sqrt(curvature.clip(1e-12))


def _softmax(logits: Any, truth: Floats) -> tuple[Any, Any]:
    """Return the loss of each item, (N, 1, G), and its slope by the logits, (N, C, G)."""
    most = logits.max(axis=1, keepdims=True)
    powers = np.exp(logits - most)
    sums = powers.sum(axis=1, keepdims=True)
    own = (logits * truth).sum(axis=1, keepdims=True)
    return most + np.log(sums) - own, powers / sums - truth


def _sigmoids(logits: Any, truth: Floats) -> tuple[Any, Any]:
    """Return the loss of each item and label, and its slope by the logits; (N, C) each."""
    return np.logaddexp(0.0, logits) - truth * logits, special.expit(logits) - truth
