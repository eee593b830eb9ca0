"""Several parts of the items and several strengths become linear layers, all by one search.

Each part is a regression of its own, in which the other items weigh nothing. One search for all of
them takes about as many steps as the longest for one. I items, D features, C outputs, P parts, S
strengths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.metrics import logistic
from textune.tasks.interface import Floats
from textune.tasks.strengths import Layer, Rows

HALVES = np.array([-0.5, 0.5])


def classes(
    features: Floats,
    targets: NDArray[np.int64],
    weights: Floats,
    outputs: int,
    parts: Sequence[Rows],
    strengths: Sequence[float],
) -> list[list[Layer]] | None:
    """Fit classes that exclude each other.

    Args:
        features: (I, D).
        targets: (I,) classes.
        weights: (I,).
        outputs: Classes.
        parts: The items of each.
        strengths: Of regularisation.

    Returns:
        For each strength the layer of each part; None where a part lacks a class.
    """
    if outputs < 2 or any(len(np.unique(targets[part])) < outputs for part in parts):
        return None
    given = np.zeros((len(targets), len(parts)))  # (I, P)
    for number, part in enumerate(parts):
        given[part, number] = weights[part]
    rows = np.flatnonzero(given.any(axis=1))
    count = len(strengths) * len(parts)
    own, each = np.tile(given[rows], len(strengths)), np.repeat(strengths, len(parts))
    is_of = (targets[rows, None] == np.arange(outputs)).astype(np.float64)  # (I, C)
    if outputs == 2:  # as scikit-learn: one row, of the second's odds
        truth = np.repeat(is_of[:, 1:], count, axis=1)
        weight, bias = logistic.fit(features[rows], truth, own, strength=each, exclusive=False)
        found = [(w * HALVES[:, None], b * HALVES) for w, b in zip(weight, bias, strict=True)]
    else:
        weight, bias = logistic.fit(features[rows], is_of, own, strength=each, exclusive=True)
        of = weight.reshape(count, outputs, -1), bias.reshape(count, outputs)
        found = list(zip(*of, strict=True))
    return [found[at : at + len(parts)] for at in range(0, count, len(parts))]


def several(
    features: Floats,
    truth: Floats,
    weights: Floats,
    positives: Floats,
    parts: Sequence[Rows],
    strengths: Sequence[float],
) -> list[list[Layer]]:
    """Fit labels that do not exclude each other.

    Args:
        features: (I, D).
        truth: (I, C) zeros and ones, NaN where a label is not scored.
        weights: (I,).
        positives: (C,) weight of each label's positives.
        parts: As for `classes`.
        strengths: Of regularisation.

    Returns:
        For each strength the layer of each part.
    """
    wanted, own = scored(truth, weights, positives)
    biases, columns, given = [], [], []
    for number, part in enumerate(parts):
        inside = np.zeros((len(truth), 1))
        inside[part] = 1
        fitted, bias = frequencies(wanted[part], ~np.isnan(truth[part]))
        biases.append(bias)
        columns += [(number, label) for label in fitted]
        given.append(own[:, fitted] * inside)
    zero = np.zeros((truth.shape[1], features.shape[1]))
    found = [[(zero.copy(), bias.copy()) for bias in biases] for _ in strengths]
    if not columns:
        return found
    labels = np.tile([label for _, label in columns], len(strengths))
    weight, bias = logistic.fit(
        features,
        wanted[:, labels],
        np.tile(np.concatenate(given, axis=1), len(strengths)),
        strength=np.repeat(strengths, len(columns)),
        exclusive=False,
    )
    for row in range(len(labels)):
        strength, column = divmod(row, len(columns))
        number, label = columns[column]
        layer = found[strength][number]
        layer[0][label], layer[1][label] = weight[row], bias[row]
    return found


def scored(truth: Floats, weights: Floats, positives: Floats) -> tuple[Floats, Floats]:
    """Return what is true, 0 where it is not known, and what it weighs, 0 there; (I, C) each."""
    is_scored = ~np.isnan(truth)
    wanted = np.where(is_scored, truth, 0.0)
    return wanted, weights[:, None] * np.where(wanted == 1, positives, 1.0) * is_scored


def frequencies(wanted: Floats, is_counted: NDArray[np.bool_]) -> tuple[Rows, Floats]:
    """Return the labels that are there and not always, and the log odds of each label."""
    yes, most = (wanted * is_counted).sum(axis=0), is_counted.sum(axis=0)
    return np.flatnonzero((yes > 0) & (yes < most)), np.log((yes + 0.5) / (most - yes + 0.5))
