"""Errors of texts become those of fresh texts, one of which may lie further off than any that is.

One text in N + 1 has a larger error than N others. Draws of these N never have one, and where
errors have a long tail their mean rests on such outliers. So each draw is given one text that
nobody saw, of random weight, as in the Bayesian bootstrap that Banks smoothed (1988): its error is
beyond the largest by Pareto's law, whose index is estimated from the largest errors (Hill, 1975).
R draws, N texts.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 5  # errors from which the tail is told, or the root of their number
PART = 0.75  # of Hill's estimate, which of so few errors is too high where the tail is light
HEAVIEST = 0.45  # index of the tail; beyond 0.5 squares would have no mean


def further(errors: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Draw errors beyond the largest: (N,) sizes → (R,) sizes.

    Example:
        >>> further(np.array([0.0, 0.0]), 2, np.random.default_rng(0)).tolist()
        [0.0, 0.0]
    """
    ranked = np.sort(errors)[::-1]
    count = min(max(FEWEST, int(np.sqrt(len(ranked)))), len(ranked) - 1)
    index = 0.0
    if count and ranked[0] > 0:
        tail = ranked[: count + 1] / ranked[0]
        steepest = np.log(tail[:count].clip(1e-300)).mean() - np.log(max(tail[count], 1e-300))
        index = min(PART * float(steepest), HEAVIEST)
    return np.asarray(ranked[0] * rng.random(draws).clip(1e-12) ** -index)


def numbers(
    weights: Floats, truth: Floats, values: Floats, rng: np.random.Generator
) -> dict[str, Floats]:
    """Compute what an outlier changes, for each draw with one: (R,) each.

    Args:
        weights: How often each draw holds each text; every row adds up to N. (R, N)
        truth: The right numbers, centred and scaled, so that no square overflows. (N,)
        values: The numbers predicted, by the same shift and scale. (N,)
        rng: Draws.

    Returns:
        `rmse` and `mae`, in the scale that was given, and `pearson`: of a text at the prediction of
        another one, off the line of truth by predictions; NaN where nothing varies.
    """
    draws, texts = weights.shape
    more = rng.standard_exponential(draws)  # (R,)
    errors = np.abs(values - truth)
    far = further(errors, draws, rng)
    total = texts + more
    found = {
        "mae": (weights @ errors + more * far) / total,
        "rmse": np.sqrt((weights @ errors**2 + more * far**2) / total),
    }
    spread = values.var()
    slope = ((values - values.mean()) * truth).mean() / spread if spread > 0 else 0.0
    line = truth.mean() + slope * (values - values.mean())
    beyond = further(np.abs(truth - line), draws, rng) * rng.choice((-1.0, 1.0), draws)
    place = rng.integers(0, texts, draws)
    x, y = values[place], line[place] + beyond
    mean_x, mean_y = (weights @ values + more * x) / total, (weights @ truth + more * y) / total
    xx = (weights @ values**2 + more * x**2) / total - mean_x**2
    yy = (weights @ truth**2 + more * y**2) / total - mean_y**2
    xy = (weights @ (values * truth) + more * x * y) / total - mean_x * mean_y
    below = np.sqrt((xx * yy).clip(0))
    shares = np.divide(xy, below, out=np.full(draws, np.nan), where=below > 1e-12)
    return found | {"pearson": shares.clip(-1, 1)}
