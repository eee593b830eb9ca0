"""Numbers of two groups of texts, with their intervals, become a difference and what it shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textune.metrics.intervals import Interval

USUAL = 1.959963984540054  # standard deviations of a 95 % interval


@dataclass(frozen=True, slots=True)
class Gap:
    """By how much one group has more of a number than another."""

    value: float
    interval: Interval
    p: float  # that such a gap, or a larger one, comes by chance


def gap(one: float, span: Sequence[float], other: float, other_span: Sequence[float]) -> Gap:
    """Compare two groups that share no text, by the 95 % intervals of their own numbers.

    By the method of variance estimates recovery (Zou and Donner, 2008), which needs the intervals
    alone and keeps what they know of skew: so it holds for any number that has one.

    Example:
        >>> found = gap(0.9, [0.86, 0.93], 0.8, [0.75, 0.84])
        >>> [round(bound, 3) for bound in found.interval], round(found.p, 4)
        ([0.043, 0.158], 0.0006)
    """
    value = one - other
    below = math.hypot(max(one - span[0], 0), max(other_span[1] - other, 0))
    above = math.hypot(max(span[1] - one, 0), max(other - other_span[0], 0))
    side = below if value > 0 else above
    deviations = math.inf if side == 0 and value else 0.0 if side == 0 else abs(value) / side
    return Gap(
        value,
        [value - below, value + above],
        math.erfc(deviations * USUAL / math.sqrt(2)),
    )
