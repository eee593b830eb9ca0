"""Probabilities become what `decision_function` gives: numbers by which `predict` goes.

N texts, C classes or labels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.runs.runs import Card

Floats = NDArray[np.float64]
SMALLEST = float(np.finfo(np.float64).tiny)


def of_classes(chances: Floats, names: Sequence[str], card: Card) -> Floats:
    """Return what speaks for each class, (N, C): the one with most is decided on.

    Args:
        chances: (N, C).
        names: Of the columns.
        card: Of the model, which has a rule.
    """
    rule = card.decision
    if rule.kind == "cost":
        places = [card.labels.index(name) for name in names]
        return -chances @ np.asarray(rule.costs)[np.ix_(places, places)]
    bars = rule.thresholds if rule.kind == "threshold" else {}
    return logarithms(chances) - logarithms(np.asarray([bars.get(name, 1.0) for name in names]))


def of_labels(chances: Floats, names: Sequence[str], card: Card) -> Floats:
    """Return how far above its bar each label is, (N, C): from 0 on it applies."""
    rule, odds = card.decision, log_odds(chances)
    if rule.kind != "top":
        return odds - log_odds(np.asarray([rule.thresholds[name] for name in names]))
    if rule.top >= len(names):
        return np.abs(odds)
    ranked = -np.sort(-odds, axis=1)
    return odds - ranked[:, rule.top - 1 : rule.top + 1].mean(axis=1, keepdims=True)


def logarithms(chances: Floats) -> Floats:
    """Return logarithms that are finite."""
    found: Floats = np.log(np.maximum(chances, SMALLEST))
    return found


def log_odds(chances: Floats) -> Floats:
    """Return logarithms of odds, which are finite."""
    return logarithms(chances) - logarithms(1 - chances)
