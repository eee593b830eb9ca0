"""Probabilities become how unsure a model is of each text: 0 where it is sure, at most 1."""

import numpy as np

from textune.records import Scores
from textune.tasks.interface import Floats


def between_classes(scores: Scores) -> Floats:
    """Return how little the likeliest class is ahead of the next one, (N,)."""
    ranked = np.sort(scores.probabilities, axis=1)  # (N, C)
    if ranked.shape[1] < 2:
        return np.zeros(len(ranked))
    return np.asarray(1 - (ranked[:, -1] - ranked[:, -2]))


def of_labels(scores: Scores) -> Floats:
    """Return how near the labels are to one half, in the mean, (N,)."""
    return np.asarray(1 - np.abs(2 * scores.probabilities - 1).mean(axis=1))


def of_words(scores: Scores) -> Floats:
    """Return how far the likeliest tags are from certain, in the mean over words, (N,)."""
    return _mean(1 - scores.probabilities.max(axis=1), scores)


def of_ends(scores: Scores) -> Floats:
    """Return how far the likeliest ends of an answer, or of none, are from certain, (N,)."""
    assert scores.borders is not None
    both = [
        np.prod(scores.probabilities[first:end].max(axis=0, initial=0.0))
        for first, end in zip(scores.borders[:-1], scores.borders[1:], strict=True)
    ]
    return 1 - np.asarray(both, dtype=np.float64)


def _mean(values: Floats, scores: Scores) -> Floats:
    """Return the mean over the items of each text, 0 where it has none; (I,) → (N,)."""
    assert scores.borders is not None
    sums = np.concatenate([[0.0], np.cumsum(values)])[scores.borders]  # (N + 1,)
    return np.asarray(np.diff(sums) / np.maximum(np.diff(scores.borders), 1))
