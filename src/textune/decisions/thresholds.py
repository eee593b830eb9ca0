"""Probabilities of held-out texts become the threshold of each label; N texts, C labels.

Labels that few texts have are held to what is best for all labels together. Where texts are
expected to have a label, rather than seen to, a threshold is best in expectation: Ye et al., 2012,
"Optimizing F-measures: a tale of two approaches".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.decisions import promises
from textune.decisions.aims import Aim

Floats = NDArray[np.float64]
HOLD = 1.0  # F1 that a threshold loses by one unit of log odds off the common one, over positives
TRIED = np.linspace(-7.0, 7.0, 281)  # log odds of common thresholds
NEAREST = 1e-6  # to 0 or 1
LIKELY = 0.5  # where nothing is known that speaks for another threshold


@dataclass(frozen=True, slots=True)
class Found:
    """Thresholds, and the labels for which the aim could not be promised."""

    values: Floats  # (C,)
    is_met: NDArray[np.bool_]  # (C,)


def fit(marks: Floats, chances: Floats, aim: Aim, *, counts_both: bool = False) -> Found:
    """Fit the threshold of each label on its own.

    Args:
        marks: (N, C) 0, 1, and NaN where a label is not scored; of an aim that is a score also how
            likely a text has it.
        chances: (N, C).
        aim: What decisions are to be good at.
        counts_both: Whether the F-beta of the texts that lack a label counts as well.
    """
    labels = marks.shape[1]
    values, is_met = np.full(labels, LIKELY), np.ones(labels, dtype=bool)
    known = [_known(marks[:, label], chances[:, label]) for label in range(labels)]
    curves = [_curve(*one, aim, counts_both=counts_both) for one in known]
    common = _common(curves)
    for label, (odds, worth, positives) in enumerate(curves):
        if aim.kind in ("precision", "recall") and not positives:
            is_met[label] = False  # nothing is known of it: as likely as not
        elif aim.kind == "precision":
            values[label], is_met[label] = _precise(*known[label], aim.share)
        elif aim.kind == "recall":
            truth, own = known[label]
            values[label], is_met[label] = promises.of_those_found(truth == 1, own, aim.share)
        elif len(odds):
            held = HOLD / max(positives, 1) * (odds - common) ** 2
            values[label] = _chance(float(odds[int((worth - held).argmax())]))
    return Found(np.clip(values, 0.0, 1.0), is_met)


def score(marks: Floats, given: Floats, aim: Aim, *, counts_both: bool = False) -> float:
    """Return F-beta, or MCC, of one label's decisions.

    Args:
        marks: (N,) 0, 1, and NaN where the label is not scored.
        given: (N,) 0 and 1.
        aim: One of those that are scores.
        counts_both: As in `fit`.
    """
    truth, own = _known(marks, given)
    counts = np.asarray([float(truth @ own)]), np.asarray([float(own.sum())])
    return float(_scores(*counts, float(truth.sum()), float(len(truth)), aim, counts_both)[0])


def _precise(truth: Floats, chances: Floats, share: float) -> tuple[float, bool]:
    """Return a threshold, and whether it promises the precision.

    Where it promises none, and most texts above it lack the label, it is 0.5 at least: who asks for
    precision is not to get labels that are mostly wrong.
    """
    value, is_met = promises.of_those_above(truth == 1, chances, share)
    if not is_met and truth[chances >= value].mean() < LIKELY:
        value = max(value, LIKELY)
    return value, is_met


def _known(marks: Floats, chances: Floats) -> tuple[Floats, Floats]:
    """Return the texts in which a label is scored."""
    is_known = np.isfinite(marks)
    return marks[is_known], chances[is_known]


def _curve(
    truth: Floats, chances: Floats, aim: Aim, *, counts_both: bool
) -> tuple[Floats, Floats, float]:
    """Return log odds between texts, what a threshold there scores, and how many have the label."""
    positives = float(truth.sum())
    if not len(truth) or aim.kind in ("precision", "recall"):
        return np.empty(0), np.empty(0), positives
    order = np.argsort(-chances, kind="stable")
    ranked = np.clip(chances[order], NEAREST, 1 - NEAREST)
    odds = np.log(ranked / (1 - ranked))
    hits = np.concatenate([[0.0], np.cumsum(truth[order])])  # of the first 0, 1, …, N
    given = np.arange(len(hits), dtype=np.float64)
    top, bottom = max(odds[0] + 1, TRIED[-1]), min(odds[-1] - 1, TRIED[0])
    middles = (np.concatenate([[top], odds]) + np.concatenate([odds, [bottom]])) / 2
    is_gap = np.concatenate([[True], odds[:-1] > odds[1:], [True]])  # equal texts are decided alike
    count = float(len(truth))
    found = _scores(hits, given, positives, count, aim, counts_both)
    return middles[is_gap], found[is_gap], positives


def _scores(
    hits: Floats, given: Floats, positives: float, count: float, aim: Aim, counts_both: bool
) -> Floats:
    """Return what decisions score; of F-beta its mean with that of the texts without the label."""
    found = _score(hits, given, positives, count, aim)
    if not counts_both or aim.kind == "mcc":
        return found
    lacking = count - given - positives + hits
    return (found + _score(lacking, count - given, count - positives, count, aim)) / 2


def _score(hits: Floats, given: Floats, positives: float, count: float, aim: Aim) -> Floats:
    """Return F-beta, or MCC, where so many texts are given the label, so many of them rightly."""
    if aim.kind == "mcc":
        spread = np.sqrt(given * (count - given) * positives * (count - positives))
        above = hits * count - given * positives
        return np.divide(above, spread, out=np.zeros_like(above), where=spread > 0)
    square = aim.beta**2
    below = given + square * positives
    return np.divide((1 + square) * hits, below, out=np.zeros_like(hits), where=below > 0)


def _common(curves: list[tuple[Floats, Floats, float]]) -> float:
    """Return the log odds at which labels score most in the mean."""
    total = np.zeros(len(TRIED))
    for odds, worth, positives in curves:
        if len(odds) and positives:
            places = np.searchsorted(-odds, -TRIED)  # odds fall
            total += worth[np.clip(places, 0, len(odds) - 1)]
    best = np.flatnonzero(total >= total.max() - 1e-12)
    return float(TRIED[best[np.abs(TRIED[best]).argmin()]])


def _chance(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))
