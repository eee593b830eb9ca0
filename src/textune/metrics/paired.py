"""Several answers to the same texts become intervals of what each is better than the first.

Texts are drawn again, the same for all (a paired bootstrap: Efron 1979). The intervals hold
together: with 95 % none of them misses, however many answers were tried (by the largest
studentised difference: Romano and Wolf, 2005). N texts, C classes or labels, R draws.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics import catalogue, intervals
from textune.metrics.metrics import Floats, Ints

RESAMPLES = 1_000
CONFIDENCE = 0.95
KNOWN = (
    *("mcc", "accuracy", "macro_f1", "micro_f1", "weighted_f1", "balanced_accuracy", "macro_mcc"),
    *("hamming_loss", "roc_auc", "log_loss"),
)  # metrics whose differences have an interval


@dataclass(frozen=True, slots=True)
class Answers:
    """What one way to learn said of the texts."""

    probabilities: Floats  # (N, C)
    decisions: Ints  # (N,), or (N, C)


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much answers are better than the first ones; where lower is better, lower."""

    value: float  # of the metric
    gain: float  # over the first ones, above 0 where it is better
    low: float
    high: float


def differences(
    truth: NDArray[Any],
    answers: Mapping[str, Answers],
    metrics: Sequence[str],
    *,
    wider: float = 1.0,
    seed: int = 0,
) -> dict[str, dict[str, Difference]]:
    """Compare answers with the first of them, by each metric.

    Args:
        truth: Classes (N,), or zeros, ones and NaN (N, C).
        answers: By name.
        metrics: Of `KNOWN`.
        wider: By what the intervals are wider than those of one model's answers.
        seed: Draws.

    Returns:
        Name → metric → difference; of the first, 0. Metrics that cannot be computed are left out.
    """
    rng = np.random.default_rng(seed)
    count = len(truth)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES).astype(np.float64)
    draws = np.vstack([np.ones(count), drawn])  # (1 + R, N)
    found = {name: numbers(truth, one, metrics, draws) for name, one in answers.items()}
    first, *others = found
    known = [key for key in metrics if all(np.isfinite(one[key][0]) for one in found.values())]
    gains = {
        (name, key): (1 if catalogue.is_better_higher(key) else -1)
        * (found[name][key] - found[first][key])
        for name in others
        for key in known
    }
    spreads = {place: float(np.nanstd(gain[1:])) for place, gain in gains.items()}
    half = wider * most([(gain, spreads[place]) for place, gain in gains.items()])
    return {
        name: {
            key: _difference(
                float(found[name][key][0]),
                gains.get((name, key)),
                half * spreads.get((name, key), 0.0),
            )
            for key in known
        }
        for name in found
    }


def most(differences: Iterable[tuple[Floats, float]]) -> float:
    """Return how many spreads the largest of several differences is off, in 95 % of the draws.

    Args:
        differences: Each by all texts and in every draw, (1 + R,), and its spread over draws.
    """
    off = [
        np.abs(np.nan_to_num(gain[1:] - gain[0])) / spread
        for gain, spread in differences
        if spread > 0
    ]
    return float(np.quantile(np.max(off, axis=0), CONFIDENCE)) if off else 0.0


def _difference(value: float, gain: Floats | None, half: float) -> Difference:
    own = 0.0 if gain is None else float(gain[0])
    return Difference(value, own, own - half, own + half)


def numbers(
    truth: NDArray[Any], answers: Answers, metrics: Sequence[str], draws: Floats
) -> dict[str, Floats]:
    """Compute metrics for each draw, in which each text counts so often: (R, N) → (R,) each."""
    if truth.ndim == 1:
        found = _single(truth, answers, draws)
        is_of = (truth[:, None] == np.arange(answers.probabilities.shape[1])).astype(np.float64)
        judged = slice(1, 2) if is_of.shape[1] == 2 else slice(None)
        chosen = answers.probabilities[np.arange(len(truth)), truth][:, None]
        cells = np.ones((len(truth), 1))
    else:
        wide = truth.astype(np.float64)
        found = _multi(wide, answers, draws)
        is_of, judged = wide, slice(None)
        cells = (~np.isnan(wide)).astype(np.float64)
        chosen = np.where(wide == 1, answers.probabilities, 1 - answers.probabilities)
    if "log_loss" in metrics:
        losses = np.where(cells > 0, -np.log(chosen.clip(np.finfo(np.float64).eps)), 0.0)
        found["log_loss"] = draws @ losses.sum(axis=1) / (draws @ cells.sum(axis=1))
    if "roc_auc" in metrics:
        found["roc_auc"] = _area(is_of[:, judged], answers.probabilities[:, judged], draws)
    unknown = np.full(len(draws), np.nan)
    return {key: found.get(key, unknown) for key in metrics}


def _single(truth: Ints, answers: Answers, draws: Floats) -> dict[str, Floats]:
    classes = np.arange(answers.probabilities.shape[1])
    is_true, is_given = (
        (part[:, None] == classes).astype(np.float64) for part in (truth, answers.decisions)
    )
    hits, totals, predicted = (
        draws @ part for part in (is_true * is_given, is_true, is_given)
    )  # (R, C) each
    accuracy = hits.sum(axis=1) / totals.sum(axis=1)
    found = intervals.single_numbers(hits, totals, predicted)
    if len(np.unique(truth)) < 2:
        found["mcc"] = np.full(len(draws), np.nan)  # the truth has one class only
    return found | {"accuracy": accuracy, "micro_f1": accuracy}


def _multi(truth: Floats, answers: Answers, draws: Floats) -> dict[str, Floats]:
    given = answers.decisions == 1
    kinds = [
        draws @ part.astype(np.float64)
        for part in (
            (truth == 0) & ~given,
            (truth == 0) & given,
            (truth == 1) & ~given,
            (truth == 1) & given,
        )
    ]
    found = intervals.multi_numbers(*kinds)
    is_scored = ~np.isnan(truth)
    is_right = ((truth == given) | ~is_scored).all(axis=1) & is_scored.any(axis=1)
    texts = draws @ is_scored.any(axis=1).astype(np.float64)
    return found | {"macro_mcc": found["mcc"], "accuracy": draws @ is_right / texts}


def _area(truth: Floats, probabilities: Floats, draws: Floats) -> Floats:
    """Return the mean ROC-AUC over labels that a draw has texts with and without; (N, C) → (R,)."""
    areas = []
    for label in range(truth.shape[1]):
        there, away = np.flatnonzero(truth[:, label] == 1), np.flatnonzero(truth[:, label] == 0)
        if not (len(there) and len(away)):
            continue
        ranked = probabilities[there, label][:, None] - probabilities[away, label]  # (P, M)
        above = (np.sign(ranked) + 1) / 2
        up, down = draws[:, there], draws[:, away]
        pairs = up.sum(axis=1) * down.sum(axis=1)
        won = ((up @ above) * down).sum(axis=1)
        areas.append(np.divide(won, pairs, out=np.full(len(draws), np.nan), where=pairs > 0))
    if not areas:
        return np.full(len(draws), np.nan)
    is_known = np.isfinite(areas)
    sums = np.where(is_known, areas, 0.0).sum(axis=0)
    return intervals.ratio(sums, is_known.sum(axis=0).astype(np.float64))
