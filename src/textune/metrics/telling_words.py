"""Words of right and wrong decisions become those that go with the wrong ones.

Each word by Fisher's exact test (1922), one-sided; of all that are tested, those are told of which
one in twenty may be there by chance (Benjamini and Hochberg, 1995).
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.05  # share of what is told that is there by chance
FEWEST = 5  # units that a word must be in
MOST = 20  # words that are told
TINY = 1e-15  # of a sum, below which the rest of it is nothing


def over(words: Sequence[Collection[str]], is_wrong: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Test every word that can be told at all: whether it is more often where decisions are wrong.

    Args:
        words: The different ones of each unit, N: a text, or a word with what it is.
        is_wrong: (N,).

    Returns:
        For each word `word`, in how many units it is (`n`), how many of these are `wrong`, their
        `share`, that of the other units (`other_share`) and `p`.
    """
    total, wrong = len(words), int(is_wrong.sum())
    counts: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for held, fails in zip(words, is_wrong.tolist(), strict=True):
        counts.update(held)
        if fails:
            bad.update(held)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])  # of factorials
    found = []
    for word, n in counts.items():
        if n < FEWEST or n == total or _tail(min(n, wrong), n, wrong, total, logs) > LEVEL:
            continue  # however it comes out, it cannot be told
        found.append(
            {
                "word": word,
                "n": n,
                "wrong": bad[word],
                "share": bad[word] / n,
                "other_share": (wrong - bad[word]) / (total - n),
                "p": _tail(bad[word], n, wrong, total, logs),
            }
        )
    return sorted(found, key=lambda one: (one["p"], one["word"]))


def trend(values: Floats, errors: Floats) -> tuple[float, float]:
    """Return the rank correlation of a number of texts with their errors, and its p (normal).

    Without a trend where either does not vary.
    """
    one, other = _ranks(values), _ranks(errors)
    if len(values) < FEWEST or not one.std() or not other.std():
        return 0.0, 1.0
    rho = float(((one - one.mean()) * (other - other.mean())).mean() / (one.std() * other.std()))
    return rho, math.erfc(abs(rho) * math.sqrt(len(values) - 1) / math.sqrt(2))


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """Correct p of several tests, so that of those below a level only so large a share errs.

    Example:
        >>> [round(value, 3) for value in benjamini_hochberg([0.01, 0.04, 0.03, 0.5])]
        [0.04, 0.053, 0.053, 0.5]
    """
    order = np.argsort(values, kind="stable")[::-1].tolist()
    found, lowest = [0.0] * len(values), 1.0
    for place, at in enumerate(order):
        lowest = min(lowest, values[at] * len(values) / (len(values) - place))
        found[at] = lowest
    return found


def _tail(wrong: int, n: int, all_wrong: int, total: int, logs: Floats) -> float:
    """Return how likely so many of n units, or more, are wrong, if they are drawn from all."""
    if wrong * total <= n * all_wrong:
        return 1.0  # no more than among all; what is above one half is of no interest
    most, sum_ = min(n, all_wrong), 0.0
    fixed = logs[n] + logs[total - n] + logs[all_wrong] + logs[total - all_wrong] - logs[total]
    for count in range(wrong, most + 1):
        rest = total - n - (all_wrong - count)
        if rest < 0:
            continue
        each = math.exp(
            fixed - logs[count] - logs[n - count] - logs[all_wrong - count] - logs[rest]
        )
        sum_ += each
        if each < TINY * sum_:
            break
    return min(1.0, sum_)


def _ranks(values: Floats) -> Floats:
    """Return the ranks of values, equal ones the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], dtype=np.float64)
