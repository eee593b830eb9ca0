"""Scores at some numbers of texts become a forecast: what more labels would buy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 3  # sizes that a curve is drawn through
MOST_AHEAD = 8  # times as many texts as were tried are the farthest that a curve tells of
POWERS = np.linspace(0.05, 2.0, 79)


@dataclass(frozen=True, slots=True)
class Curve:
    """score = best + slope · texts ** -power; a score of errors falls, any other rises to best."""

    best: float  # that endless texts would give
    slope: float
    power: float
    error: float  # root of the mean square of what it misses

    def at(self, texts: int) -> float:
        """Return the score at a number of texts."""
        return float(self.best + self.slope * texts**-self.power)


def sizes(texts: int, *, fewest: int) -> tuple[int, ...]:
    """Return the numbers of texts to try: an eighth, a quarter, a half and all of them.

    Those below `fewest` are left out.
    """
    found = {texts // part for part in (8, 4, 2, 1)}
    return tuple(sorted(size for size in found if size >= fewest))


def fit(scores: Mapping[int, float], *, limit: float | None = None) -> Curve | None:
    """Draw a power law through scores at numbers of texts, by least squares.

    Args:
        scores: Number of texts → score.
        limit: That no score can pass: 1 of an accuracy, 0 of an error.

    Returns:
        None where there are fewer than three scores, or they get worse with more texts.
    """
    counts = np.asarray(sorted(scores), dtype=np.float64)
    values = np.asarray([scores[int(count)] for count in counts])
    if len(counts) < FEWEST or not np.isfinite(values).all():
        return None
    found = [_at_power(counts, values, power, limit) for power in POWERS]
    curve = min(found, key=lambda each: each.error)
    is_rising = curve.slope <= 0 if limit is None or limit >= values.max() else curve.slope >= 0
    return curve if is_rising else None


def ahead(texts: int, *, most: int = MOST_AHEAD) -> Sequence[int]:
    """Return the numbers of texts that a curve is asked about: two, four and eight times as many.

    A power law through few points says nothing farther away.
    """
    return [texts * times for times in (2, 4, 8) if times <= most]


def _at_power(
    counts: np.ndarray[tuple[int], np.dtype[np.float64]],
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    power: float,
    limit: float | None,
) -> Curve:
    """Draw the best line through the scores over texts ** -power, which does not pass the limit."""
    places = counts**-power
    slope, best = np.polyfit(places, values, 1)
    if limit is not None and (best - limit) * (values.mean() - limit) < 0:
        best = limit
        slope = float(places @ (values - limit) / (places @ places))
    missed = values - best - slope * places
    return Curve(float(best), float(slope), power, float(np.sqrt(np.square(missed).mean())))
