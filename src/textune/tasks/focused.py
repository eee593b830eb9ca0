"""Features and targets become a linear layer, by focal or asymmetric loss; with their gradients.

The losses are those of `losses`, in numpy and float64. I items, D width of the features, C outputs.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from textune.tasks.imbalance import FOCUS, FOCUS_OF_NO, FOCUS_OF_YES, MARGIN, Loss
from textune.tasks.interface import Floats
from textune.tasks.strengths import Layer

STEPS = 200  # of the search, at most
Sides = tuple[Floats, Floats]  # a loss and its derivative by the logit


def classes(
    features: Floats, is_mine: NDArray[np.bool_], weights: Floats, strength: float
) -> Layer:
    """Fit a layer by focal loss of classes that exclude each other.

    Args:
        features: (I, D).
        is_mine: (I, C) whether an item is of a class; each class has some.
        weights: (I,).
        strength: As scikit-learn's C.

    Returns:
        Weight (C, D) and bias (C,).
    """

    def loss(logits: Floats) -> Sides:
        logs = special.log_softmax(logits, axis=1)  # (I, C)
        own = logs[is_mine]  # (I,)
        found, slope = _focal(own, FOCUS)
        return weights * found, (weights * slope)[:, None] * (is_mine - np.exp(logs))

    shares = weights @ is_mine / weights.sum()
    return _fitted(features, np.log(shares) - np.log(shares).mean(), loss, strength)


def several(
    features: Floats,
    targets: Floats,
    weights: Floats,
    positives: Floats,
    strength: float,
    *,
    criterion: Loss,
) -> Layer:
    """Fit a layer by the loss of labels that do not exclude each other.

    Args:
        features: (I, D).
        targets: (I, C) zeros, ones, and NaN where a label is not scored.
        weights: (I,).
        positives: (C,) weight of each label's positives.
        strength: As scikit-learn's C.
        criterion: Focal or asymmetric.

    Returns:
        Weight (C, D) and bias (C,).
    """
    own = weights[:, None] * np.where(targets == 1, positives, 1.0) * ~np.isnan(targets)

    def loss(logits: Floats) -> Sides:
        found, slope = _sides(logits, targets == 1, criterion)
        return own * found, own * slope

    counts = (targets == 1).sum(axis=0) + 0.5
    odds = np.log(counts / ((targets == 0).sum(axis=0) + 0.5))
    return _fitted(features, odds, loss, strength)


def losses(logits: NDArray[np.float32], targets: Floats, criterion: Loss) -> Floats:
    """Return each item's loss, summed over its labels; (I, C) → (I,)."""
    found, _ = _sides(logits.astype(np.float64), targets == 1, criterion)
    return np.asarray(np.where(np.isnan(targets), 0.0, found).sum(axis=1))


def _fitted(
    features: Floats, bias: Floats, loss: Callable[[Floats], Sides], strength: float
) -> Layer:
    """Make the losses and half the squared weights, over the strength, as small as they get."""
    width, outputs = features.shape[1], len(bias)
    scale = strength * len(features)

    def objective(values: Floats) -> tuple[float, Floats]:
        layer = values.reshape(outputs, width + 1)
        weight = layer[:, :-1]
        found, slope = loss(features @ weight.T + layer[:, -1])
        gradient = np.concatenate(
            [slope.T @ features * strength + weight, strength * slope.sum(axis=0)[:, None]], axis=1
        )
        total = strength * found.sum() + np.square(weight).sum() / 2
        return float(total / scale), gradient.ravel() / scale

    start = np.concatenate([np.zeros((outputs, width)), bias[:, None]], axis=1)
    found = optimize.minimize(
        objective,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "ftol": 1e-10, "gtol": 1e-6},
    )
    layer = found.x.reshape(outputs, width + 1)
    return layer[:, :-1], layer[:, -1]


def _sides(logits: Floats, is_there: NDArray[np.bool_], criterion: Loss) -> Sides:
    """Return the losses of labels that are there or not, and their derivatives; (I, C) each."""
    yes, no = special.log_expit(logits), special.log_expit(-logits)
    there, rise = _focal(yes, FOCUS if criterion == "focal" else FOCUS_OF_YES)
    if criterion == "focal":
        away, fall = _focal(no, FOCUS)
        fall = -fall * np.exp(yes)
    else:
        away, fall = _shifted(np.exp(yes))
    rise = rise * np.exp(no)
    return np.where(is_there, there, away), np.where(is_there, rise, fall)


def _focal(logs: Floats, focus: float) -> Sides:
    """Return -(1 - p) ** focus * log p, and its derivative by log p, of log p."""
    rest = -np.expm1(logs)
    slope = focus * rest ** (focus - 1) * np.exp(logs) * logs - rest**focus
    return -(rest**focus) * logs, slope


def _shifted(chances: Floats) -> Sides:
    """Return the asymmetric loss of labels that are not there, and its derivative by the logit."""
    high = np.maximum(chances - MARGIN, 0.0)
    logs = np.log1p(-high)
    slope = high**FOCUS_OF_NO / (1 - high) - FOCUS_OF_NO * high ** (FOCUS_OF_NO - 1) * logs
    return -(high**FOCUS_OF_NO) * logs, slope * chances * (1 - chances)
