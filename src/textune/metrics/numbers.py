"""True and predicted numbers become correlations and errors, every target judged in its own unit.

- Pearson's r; Spearman's rho, which is Pearson's r of the ranks, equal numbers sharing their mean
  rank. Both are None where truth or predictions do not vary, and `undefined` says so.
- RMSE, the root of the mean squared error, and MAE, the mean absolute error.
- Of several targets each number is the mean over the targets that have one, whatever their units.
- Intervals: bootstrap over texts (Efron 1979); all targets of a text are drawn together. Of errors
  percentiles, the upper one of draws with an outlier more (`outliers`); of correlations Student's t
  on Fisher's scale, artanh r, Pearson's lower bound not above that of draws with an outlier more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.metrics import catalogue, few_texts, outliers
from textune.metrics.intervals import (
    FEWEST_RESAMPLES,
    MOST_DRAWS,
    RESAMPLES,
    Interval,
    percentiles,
)
from textune.metrics.metrics import Floats, Report

KEYS = catalogue.OF_NUMBERS
SMALLEST_SPREAD = 1e-13
"""Of the mean: numbers that differ by less are alike but for rounding, as SciPy has it."""
BLOCK = 1_000_000
"""Most draws in memory at a time."""


def judge(truth: Floats, values: Floats, names: Sequence[str]) -> Report:
    """Judge predicted numbers.

    Args:
        truth: The right numbers, in the user's units. (N, T)
        values: The numbers predicted, in the same units. (N, T)
        names: Names of the targets, T of them.

    Returns:
        `n` texts, `pearson`, `spearman`, `rmse` and `mae` (of several targets the means), where
        there are several targets `labels` (name → the same four), and `undefined`.

    Raises:
        ValueError: The shapes disagree, or a true number is not finite.

    Example:
        >>> truth, values = np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [2.0], [3.0]])
        >>> found = judge(truth, values, ["score"])
        >>> round(found["pearson"], 3), found["spearman"], round(found["mae"], 3)
        (0.982, 1.0, 0.333)
    """
    truth, values = _checked(truth, values)
    if truth.shape[1] != len(names):
        raise ValueError(f"{len(names)} names for {truth.shape[1]} targets")
    judged = [_target(truth[:, t], values[:, t]) for t in range(len(names))]
    if len(judged) == 1:
        return {"n": len(truth)} | judged[0][0] | {"undefined": judged[0][1]}
    why = {
        f"labels.{name}.{key}": reason
        for name, (_, reasons) in zip(names, judged, strict=True)
        for key, reason in reasons.items()
    }
    report: Report = {"n": len(truth)}
    for key in KEYS:
        known = [table[key] for table, _ in judged if table[key] is not None]
        report[key] = float(np.mean(known)) if known else None
        if not known:
            why[key] = "no target has one: " + next(reasons[key] for _, reasons in judged)
    tables = {name: table for name, (table, _) in zip(names, judged, strict=True)}
    return report | {"labels": tables, "undefined": why}


def intervals(
    truth: Floats, values: Floats, *, confidence: float = 0.95, seed: int = 0
) -> dict[str, Interval]:
    """Give the interval of each number that `judge` has over all targets.

    Args:
        truth: The right numbers. (N, T)
        values: The numbers predicted. (N, T)
        confidence: How often such intervals hold the number of the whole population.
        seed: Selects the resamples.

    Returns:
        The name of a metric and its lower and upper bound. A number that is undefined, or is so in
        most resamples, has none, nor has one that so few texts can tell nothing of (`few_texts`).

    Raises:
        ValueError: The shapes disagree, or a true number is not finite.
    """
    truth, values = _checked(truth, values)
    tables = [_target(truth[:, t], values[:, t])[0] for t in range(truth.shape[1])]
    known = {key: [t for t, table in enumerate(tables) if table[key] is not None] for key in KEYS}
    used = [t for t in range(len(tables)) if tables[t]["rmse"] is not None]
    if not used:
        return {}
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[Floats]] = {key: [] for key in KEYS}
    further: dict[str, list[Floats]] = {key: [] for key in KEYS}
    for weights in _draws(len(truth), rng):  # (R, N)
        numbers = {t: _numbers(weights, truth[:, t], values[:, t]) for t in used}
        more = {t: _with_an_outlier(weights, truth[:, t], values[:, t], rng) for t in used}
        for key in KEYS:
            for found, each in ((drawn, numbers), (further, more)):
                if known[key] and key in each[used[0]]:
                    found[key].append(np.mean([each[t][key] for t in known[key]], axis=0))  # (R,)
    samples = {key: np.concatenate(blocks) for key, blocks in drawn.items() if blocks}
    spans = percentiles(samples, confidence)
    wider = percentiles({key: np.concatenate(of) for key, of in further.items() if of}, confidence)
    for key in {*spans} & {"pearson", "spearman"}:
        value = float(np.mean([tables[t][key] for t in known[key]]))
        spans[key] = _on_fishers_scale(value, samples[key], len(truth), confidence, spans[key])
    for key in {*spans} & {*wider}:
        low, high = spans[key]
        is_error = key in ("rmse", "mae")
        spans[key] = (
            [low, max(high, wider[key][1])] if is_error else [min(low, wider[key][0]), high]
        )
    return few_texts.spared(spans, len(truth))


def _on_fishers_scale(
    value: float, samples: Floats, texts: int, confidence: float, otherwise: Interval
) -> Interval:
    """Give the interval of a correlation by the spread of artanh r over its samples: (R,)."""
    from scipy import special  # heavy

    samples = samples[np.abs(samples) < 1]  # NaN goes, too
    if not abs(value) < 1 or texts < 4 or len(samples) < 2:
        return otherwise
    deviations = float(special.stdtrit(texts - 2, (1 + confidence) / 2))
    half = deviations * float(np.arctanh(samples).std())
    return [float(np.tanh(np.arctanh(value) + sign * half)) for sign in (-1, 1)]


def _with_an_outlier(
    weights: Floats, truth: Floats, values: Floats, rng: np.random.Generator
) -> dict[str, Floats]:
    """Compute what an outlier changes, in the user's units: (R, N), (N,), (N,) → (R,) each."""
    middle = float(np.median(truth))
    scale = float(max(np.abs(truth - middle).max(), np.abs(values - middle).max())) or 1.0
    found = outliers.numbers(weights, (truth - middle) / scale, (values - middle) / scale, rng)
    return found | {key: scale * found[key] for key in ("rmse", "mae")}


def drawn(truth: Floats, values: Floats, draws: Floats) -> dict[str, Floats]:
    """Compute the means over targets of texts drawn again: (N, T), (N, T), (R, N) → (R,) each."""
    each = [_numbers(draws, *pair) for pair in zip(truth.T, values.T, strict=True)]
    return {key: np.mean([one[key] for one in each], axis=0) for key in each[0]}


def baseline(train_truth: Floats, truth: Floats, names: Sequence[str]) -> Report:
    """Judge a model that predicts the mean of the training part for every text.

    Args:
        train_truth: The numbers learnt from. (N_train, T)
        truth: The numbers that judge. (N, T)
        names: Names of the targets, T of them.

    Returns:
        What `judge` says (no correlation: the predictions do not vary), with `trained_on`, the
        texts learnt from.

    Raises:
        ValueError: There is no training text, or the shapes disagree.
    """
    if not len(train_truth):
        raise ValueError("there is no training text to take the mean of")
    means = np.asarray(train_truth, dtype=np.float64).mean(axis=0)  # (T,)
    values = np.tile(means, (len(truth), 1))  # (N, T)
    return judge(truth, values, names) | {"trained_on": len(train_truth)}


def _checked(truth: Floats, values: Floats) -> tuple[Floats, Floats]:
    truth, values = (np.asarray(column, dtype=np.float64) for column in (truth, values))
    if truth.ndim != 2 or truth.shape != values.shape or not truth.shape[1]:
        raise ValueError(f"expected (N, T) twice, got {truth.shape} and {values.shape}")
    if not np.isfinite(truth).all():
        raise ValueError("a true number is not finite")
    return truth, values


def _target(truth: Floats, values: Floats) -> tuple[Report, dict[str, str]]:
    """Give the numbers of one target, and why some are missing: (N,) each."""
    broken = int((~np.isfinite(values)).sum())
    reason = f"{broken} of {len(values)} predicted numbers are not finite" if broken else ""
    if not len(truth):
        reason = "there is no text"
    if reason:
        return dict.fromkeys(KEYS), dict.fromkeys(KEYS, reason)
    numbers = _numbers(np.ones((1, len(truth))), truth, values)
    report: Report = {key: float(numbers[key][0]) for key in KEYS}
    if len(truth) < 2:
        reason = "there is one text only"
    elif _constant(truth):
        reason = "the truth is the same number for every text"
    elif _constant(values):
        reason = "the same number was predicted for every text"
    if not reason:
        return report, {}
    missing = KEYS[:2]
    return report | dict.fromkeys(missing), dict.fromkeys(missing, reason)


def _constant(column: Floats) -> bool:
    return bool(np.ptp(column) <= SMALLEST_SPREAD * abs(column.mean()))


def _numbers(weights: Floats, truth: Floats, values: Floats) -> dict[str, Floats]:
    """Compute each number for each resample, NaN where it is undefined: (R,) each.

    Args:
        weights: How often each resample holds each text; every row adds up to N. (R, N)
        truth: The right numbers. (N,)
        values: The numbers predicted. (N,)
    """
    errors = np.abs(values - truth)
    largest = float(errors.max()) or 1.0  # so that no square overflows
    texts = weights.shape[1]
    return {
        "pearson": _pearson(weights, _scaled(truth), _scaled(values)),
        "spearman": _spearman(weights, truth, values),
        "rmse": largest * np.sqrt(weights @ (errors / largest) ** 2 / texts),
        "mae": weights @ errors / texts,
    }


def _scaled(column: Floats) -> Floats:
    """Centre at 0 and bring into [-1, 1], so that sums of squares are exact and finite."""
    column = column / (np.abs(column).max() or 1.0)
    column = column - column.mean()
    return column / (np.abs(column).max() or 1.0)


def _pearson(weights: Floats, one: Floats, other: Floats) -> Floats:
    """Correlate two centred columns in each resample: (R, N), (N,), (N,) → (R,)."""
    texts = weights.shape[1]
    mean, other_mean = weights @ one / texts, weights @ other / texts  # (R,)
    square, other_square = weights @ one**2 / texts, weights @ other**2 / texts
    spread, other_spread = square - mean**2, other_square - other_mean**2
    varies = (spread > 1e-12 * square) & (other_spread > 1e-12 * other_square)
    covariance = weights @ (one * other) / texts - mean * other_mean
    return _correlation(covariance, spread, other_spread, varies)


def _spearman(weights: Floats, one: Floats, other: Floats) -> Floats:
    """Correlate the ranks in each resample: (R, N), (N,), (N,) → (R,)."""
    ranks, others = _ranks(weights, one), _ranks(weights, other)  # (R, N)
    weighted = weights * ranks
    spread, other_spread = (weighted * ranks).sum(axis=1), (weights * others**2).sum(axis=1)
    varies = (spread > 0) & (other_spread > 0)
    return _correlation((weighted * others).sum(axis=1), spread, other_spread, varies)


def _ranks(weights: Floats, column: Floats) -> Floats:
    """Rank the texts of each resample, equal ones alike, the mean rank being 0: (R, N)."""
    _, places = np.unique(column, return_inverse=True)  # (N,)
    order = np.argsort(places, kind="stable")
    firsts = np.flatnonzero(np.diff(places[order], prepend=-1))  # (G,)
    counts = np.add.reduceat(weights[:, order], firsts, axis=1)  # (R, G) texts of each number
    ranks = counts.cumsum(axis=1) - (counts + len(column)) / 2
    return ranks[:, places]


def _correlation(above: Floats, one: Floats, other: Floats, varies: NDArray[np.bool_]) -> Floats:
    below = np.sqrt((one * other).clip(0))
    shares = np.divide(above, below, out=np.full_like(above, np.nan), where=varies)
    return np.clip(shares, -1.0, 1.0)


def _draws(texts: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Draw as many texts as there are, again and again; count each text: (R, N) at a time."""
    left = int(np.clip(MOST_DRAWS // texts, FEWEST_RESAMPLES, RESAMPLES))
    while left:
        rows = min(left, max(1, BLOCK // texts))
        drawn = rng.integers(0, texts, (rows, texts)) + texts * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * texts)
        yield counts.reshape(rows, texts).astype(np.float64)
        left -= rows
