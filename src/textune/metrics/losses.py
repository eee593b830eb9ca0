"""Losses of texts become the interval of their mean, which reckons with mistakes that nobody saw.

Two intervals, of which the lower bound is the first's and the upper one the higher:

- of the logarithm of the mean, by the normal approximation: a few large losses make the mean skew;
- Wilson's idea (1927) for a mean loss: the highest mean that these texts do not rule out, the
  spread being the one that goes with that mean. Truth is taken to be drawn from the model's own
  probabilities, tempered: all raised to one power, and brought to a sum of 1. A model that is sure
  of itself, and of which few texts show no mistake, may be as over-confident as that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDEST = 64.0  # powers that are tried: from its inverse to this
STEPS = 16  # halvings of that stretch, in logarithms
MOST_CELLS = 1_000_000  # probabilities looked at; of more, those of texts at even distances


@dataclass(frozen=True, slots=True)
class Answers:
    """Probabilities of questions that have one right answer each, of equal weight in the mean."""

    logs: Floats  # (Q, C) logarithms of what the model holds for possible
    weight: float  # of each question that there is; the weights of all add up to 1
    step: int = 1  # of so many questions one is here


def of_classes(probabilities: NDArray[np.generic], weight: float) -> Answers:
    """Take probabilities of classes: (Q, C)."""
    step = -(-probabilities.size // MOST_CELLS) or 1
    return Answers(np.log(clipped(probabilities[::step])), weight, step)


def of_labels(probabilities: NDArray[np.generic], weight: float) -> Answers:
    """Take probabilities of labels, each of which applies or does not: (Q,)."""
    step = -(-2 * probabilities.size // MOST_CELLS) or 1
    probabilities = probabilities[::step]
    both = np.stack([clipped(probabilities), clipped(1 - probabilities)], axis=1)  # (Q, 2)
    return Answers(np.log(both), weight, step)


def clipped(probabilities: NDArray[np.generic]) -> Floats:
    """Keep probabilities from 0 and 1 as scikit-learn's log loss does."""
    tiny = np.finfo(np.float64).eps
    return np.clip(probabilities.astype(np.float64), tiny, 1 - tiny)


def interval(
    sums: Floats,
    counts: NDArray[Any],
    answers: Sequence[Answers],
    *,
    confidence: float = 0.95,
) -> list[float]:
    """Give the interval of a ratio of sums, both over texts (one text may have several cells).

    Args:
        sums: Loss of each text. (N,)
        counts: Cells of each text. (N,)
        answers: What the model held for possible.
        confidence: How often such intervals hold the loss of the whole population.
    """
    mean = float(sums.sum() / counts.sum())
    deviations = NormalDist().inv_cdf((1 + confidence) / 2)
    error = float(np.sqrt(((sums - mean * counts) ** 2).sum()) / counts.sum())
    low, high = mean, mean
    if mean > 0:
        low, high = (float(mean * np.exp(sign * deviations * error / mean)) for sign in (-1, 1))
    return [low, max(high, highest(mean, answers, deviations))]


def highest(mean: float, answers: Sequence[Answers], deviations: float) -> float:
    """Find the highest mean loss that so many standard deviations do not rule out.

    Args:
        mean: The loss of the texts.
        answers: What the model held for possible.
        deviations: Of a mean loss, were truth drawn from tempered probabilities.
    """
    low, high = -np.log(WIDEST), np.log(WIDEST)  # of the power; losses fall as it rises
    for _ in range(STEPS):
        middle = (low + high) / 2
        expected, variance = _tempered(answers, float(np.exp(middle)))
        is_ruled_out = expected - deviations * np.sqrt(variance) > mean
        low, high = (middle, high) if is_ruled_out else (low, middle)
    return _tempered(answers, float(np.exp(high)))[0]


def _tempered(answers: Sequence[Answers], power: float) -> tuple[float, float]:
    """Give mean and variance of the mean loss, were truth drawn from p to a power."""
    expected, variance = 0.0, 0.0
    for one in answers:
        drawn = np.exp(power * (one.logs - one.logs.max(axis=1, keepdims=True)))  # (Q, C)
        drawn /= drawn.sum(axis=1, keepdims=True)
        means = -(drawn * one.logs).sum(axis=1)  # (Q,)
        expected += one.step * one.weight * float(means.sum())
        squares = float((drawn * one.logs**2).sum() - (means**2).sum())
        variance += one.step * one.weight**2 * max(0.0, squares)
    return expected, variance
