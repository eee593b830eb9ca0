"""Answers of several models to the same texts become differences, and words on what they show.

Texts are drawn again, the same for all (a paired bootstrap: Efron, 1979); intervals of several
differences hold together (Romano and Wolf, 2005). Two models of one label a text are also compared
by the texts that only one of them decides rightly (McNemar, 1947, exact); several at once by Holm's
correction (1979). Fewer than six texts show nothing: were the models alike, all texts would speak
for one of them once in 2 ** (N - 1) samples (Fisher's sign-flips), more than once in twenty.

What two models decide alike in all texts has no spread however these are drawn, and they may decide
others apart. The interval of a share of right texts is therefore never narrower than Tango's (1998,
by the score); a number that is the same in all draws has none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from textune.metrics import catalogue, paired, written

Floats = NDArray[np.float64]
RESAMPLES, FEWEST_RESAMPLES = 1_000, 200
MOST_DRAWS = 20_000_000  # texts times resamples, which are held at once
FEWEST = 6  # texts that can show a difference
ALIKE = "the same however these {:,} texts are drawn, which tells nothing of others"
HALVINGS = 50  # until the end of an interval is found


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one model is better than another, by one metric."""

    metric: str
    values: tuple[float, float]  # of the first, and of the other
    gain: float  # of the other over the first, above 0 where it is better
    low: float  # of an interval that holds together with those of all others
    high: float
    p: float  # that such a difference, or a larger one, comes by chance; corrected for the others
    is_alike: bool = False  # whether it is 0 in all draws, which tells nothing of other texts

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return both ends; None where the texts are too few, or too much alike, to have one."""
        return None if math.isinf(self.low) else (self.low, self.high)

    @property
    def is_shown(self) -> bool:
        """Tell whether the texts can tell the two apart."""
        return self.low > 0 or self.high < 0


def draws(count: int, seed: int = 0) -> Floats:
    """Draw how often each text counts: (1 + R, N), in the first row each once."""
    resamples = int(np.clip(MOST_DRAWS // max(count, 1), FEWEST_RESAMPLES, RESAMPLES))
    shares = np.full(count, 1 / count)
    found = np.random.default_rng(seed).multinomial(count, shares, size=resamples)
    return np.vstack([np.ones(count), found.astype(np.float64)])


def differences(
    metric: str,
    found: Sequence[Floats],
    *,
    texts: int,
    only: Sequence[tuple[int, int]] | None = None,
) -> list[Difference]:
    """Compare models with the first of them.

    Args:
        metric: By which they are compared.
        found: Of each model, the metric in each draw, (1 + R,), the first by all texts once.
        texts: That were drawn.
        only: Of each model but the first, texts that it alone decides rightly, and that the first
            alone does: McNemar's test takes the place of the bootstrap's p.

    Returns:
        One for each model but the first.
    """
    sign = 1 if catalogue.is_better_higher(metric) else -1
    first, *others = found
    gains = [sign * (each - first) for each in others]
    spreads = [float(np.nanstd(gain[1:])) for gain in gains]
    half = paired.most(zip(gains, spreads, strict=True))
    if not all(spreads):
        half = max(half, _of_several(len(gains)))
    raw = [_chance(gain) for gain in gains] if only is None else [mcnemar(*pair) for pair in only]
    likeliest = [max(p, 2.0 ** (1 - texts)) for p in raw]
    told = []
    for place, p in enumerate(holm(likeliest)):
        gain, spread = float(gains[place][0]), spreads[place]
        low, high = gain - half * spread, gain + half * spread
        if texts < FEWEST or (only is None and not spread):
            low, high = -math.inf, math.inf
        elif only is not None:
            by_score = of_shares(*only[place], texts, half)
            low, high = min(low, by_score[0]), max(high, by_score[1])
        values = float(first[0]), float(others[place][0])
        told.append(Difference(metric, values, gain, low, high, p, is_alike=not spread))
    return told


def of_shares(one: int, other: int, texts: int, half: float) -> tuple[float, float]:
    """Return the score interval of a difference of two shares of the same texts (Tango, 1998).

    Args:
        one: Texts of which the first share alone has this many.
        other: Texts of which the other alone has this many; the difference is the first less it.
        texts: All of them.
        half: How many standard errors an end is off: 1.96 for 95 %.

    Example:
        >>> [round(end, 3) for end in of_shares(0, 0, 100, 1.96)]
        [-0.037, 0.037]
    """
    return -_end(other, one, texts, half), _end(one, other, texts, half)


def _end(one: int, other: int, texts: int, half: float) -> float:
    """Find the highest difference of which the counts are no more than so many errors off."""
    low, high = (one - other) / texts, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rest = middle * (1 - middle)
        linear = (2 * texts - one + other) * middle - one - other
        root = math.sqrt(max(linear**2 + 8 * texts * other * rest, 0.0))
        apart = (root - linear) / (4 * texts)  # likeliest share that the other alone has
        error = math.sqrt(max(texts * (2 * apart + rest), 0.0))
        if texts * middle - (one - other) <= half * error:
            low = middle
        else:
            high = middle
    return high


def _of_several(count: int) -> float:
    """Return how many standard errors so many intervals need to hold together (Bonferroni)."""
    return NormalDist().inv_cdf(1 - (1 - paired.CONFIDENCE) / (2 * count))


def mcnemar(one: int, other: int) -> float:
    """Return the exact two-sided p of so many texts that only one of two models decides rightly.

    Example:
        >>> round(mcnemar(1, 9), 4), mcnemar(3, 3)
        (0.0215, 1.0)
    """
    from scipy import stats  # a while to import

    if not one + other:
        return 1.0
    return float(stats.binomtest(one, one + other).pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """Correct p of several tests, so that any of them errs in one of twenty only.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(values, kind="stable")
    found, highest = [0.0] * len(values), 0.0
    for place, at in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(values) - place) * values[at]))
        found[at] = highest
    return found


def words(found: Difference, texts: int, names: tuple[str, str]) -> str:
    """Say what a comparison shows.

    Args:
        found: Of two models.
        texts: That both answered.
        names: Of the models.
    """
    title = catalogue.title(found.metric)
    if found.interval is None and found.is_alike and texts >= FEWEST:
        return f"{title} cannot tell {names[0]} and {names[1]} apart: it is {ALIKE.format(texts)}"
    if found.interval is None:
        few = "1 text is" if texts == 1 else f"{texts:,} texts are"
        return (
            f"{few} too few to tell {names[0]} and {names[1]} apart; {FEWEST} could, of which all "
            "speak for one"
        )
    is_second = found.gain > 0 or not found.is_shown  # what is said is by how much it is better
    ends = found.interval if is_second else (-found.high, -found.low)
    low, high = map(written.signed, ends)
    span = f"95 % interval {low} to {high}, p {written.chance_in_words(found.p)}"
    if not found.is_shown:
        return (
            f"these {texts:,} texts cannot tell {names[0]} and {names[1]} apart: {title} "
            f"{written.signed(found.gain)} ({span})"
        )
    better, worse = names[::-1] if found.gain > 0 else names
    return f"{better} is better than {worse} by {abs(found.gain):.3f} {title} ({span})"


def as_json(found: Difference) -> Mapping[str, object]:
    """Return a difference as `--json` prints it."""
    return {
        "metric": found.metric,
        "first": found.values[0],
        "other": found.values[1],
        "gain": found.gain,
        "interval": None if found.interval is None else list(found.interval),
        "p": found.p,
        "is_shown": found.is_shown,
        "is_alike": found.is_alike,
    }


def _chance(gain: Floats) -> float:
    """Return the two-sided p of a bootstrap: twice the draws on the other side of no difference."""
    known = gain[1:][np.isfinite(gain[1:])]
    if not len(known):
        return 1.0
    least = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (least + 1) / (len(known) + 1)))
