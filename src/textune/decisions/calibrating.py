"""Held-out logits and truth become a calibration, and it makes logits calibrated; C outputs.

Temperature: Guo et al., 2017, "On calibration of modern neural networks". A scale and a shift for
each label: Platt, 1999. Curves that only rise: Zadrozny & Elkan, 2002, with the blocks joined by
lines, so that no two texts become equal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.decisions import chances
from textune.decisions.least import least
from textune.decisions.rule import Calibration

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Group = tuple[Rows, Rows]  # outputs that exclude each other, (K,); the class of each item, or -1

KINDS = ("none", "temperature", "labels", "isotonic")  # the simplest first
STEADY = KINDS[:2]  # that leave the likeliest class as it is
FEWEST = 200  # items that have a label, and that lack it, of which its curve is fitted
MOST_LOGIT = 12.0
SLOPE = 0.1  # of a curve beyond the items that it was fitted on
MOST_SCALE = 3.0  # powers of e by which logits are scaled up or down
SPREAD = 0.5  # standard deviation of the prior of such a power; of a shift it is 1


@dataclass(frozen=True, slots=True)
class Held:
    """Logits of held-out items, and their truth: of labels each on its own, or of groups."""

    logits: Floats  # (I, C), NaN of items that were not read
    marks: Floats | None = None  # (I, C) 0, 1 and NaN (not scored), of labels each on its own
    groups: tuple[Group, ...] = ()  # of outputs that exclude each other

    def part(self, rows: NDArray[np.int64]) -> "Held":
        """Return some of the items."""
        return Held(
            self.logits[rows],
            None if self.marks is None else self.marks[rows],
            tuple((outputs, classes[rows]) for outputs, classes in self.groups),
        )


def apply(found: Calibration | None, logits: NDArray[np.floating]) -> Floats:
    """Calibrate logits, (I, C); NaN stays NaN."""
    wide = logits.astype(np.float64)
    if found is None:
        return wide
    if not found.knots:
        return np.asarray(wide * np.asarray(found.scale) + np.asarray(found.shift))
    columns = [_along(wide[:, place], *knots) for place, knots in enumerate(found.knots)]
    return np.stack(columns, axis=1) if columns else wide


def fit(kind: str, held: Held) -> Calibration | None:
    """Fit a calibration of one kind; None where that kind is to leave logits as they are."""
    outputs = held.logits.shape[1]
    if kind == "none":
        return None
    if kind == "temperature":
        scale = (_temperature(held),) * outputs
        return Calibration(kind, scale, (0.0,) * outputs)
    if held.marks is None:
        return _of_classes(held)
    if kind == "labels":
        both = [_of_label(held, label) for label in range(outputs)]
        return Calibration(kind, tuple(a for a, _ in both), tuple(b for _, b in both))
    knots = tuple(_curve(held, label) for label in range(outputs))
    return Calibration(kind, (1.0,) * outputs, (0.0,) * outputs, knots)


def losses(held: Held, logits: Floats) -> Floats:
    """Return the cross-entropy of each item that has any truth, its mean over what is scored."""
    if held.marks is not None:
        is_scored = np.isfinite(held.marks) & np.isfinite(logits)
        wide, marks = (np.where(is_scored, part, 0.0) for part in (logits, held.marks))
        rows = is_scored.any(axis=1)
        sums = np.where(is_scored, np.logaddexp(0.0, wide) - marks * wide, 0.0).sum(axis=1)
        return np.asarray(sums[rows] / is_scored.sum(axis=1)[rows])
    parts = [_of_group(logits, *group) for group in held.groups]
    return np.concatenate([part for part in parts if len(part)] or [np.empty(0)])


def choose(held: Held, of_part: Rows, kinds: Sequence[str] = KINDS) -> str:
    """Return the kind that items it was not fitted on ask for.

    A kind is taken over a simpler one where its loss on held-out items is lower by more than the
    standard error of that difference.

    Args:
        held: I items.
        of_part: (I,) that are held out together.
        kinds: That may be returned.
    """
    if len(np.unique(of_part)) < 2:
        return KINDS[0]
    best, lowest = KINDS[0], _crossed(KINDS[0], held, of_part)
    for kind in (kind for kind in _kinds_for(held) if kind in kinds):
        mine = _crossed(kind, held, of_part)
        gain = lowest - mine
        if len(gain) > 1 and gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            best, lowest = kind, mine
    return best


def _kinds_for(held: Held) -> list[str]:
    """Return the kinds that the data allow, but for none, the simplest first."""
    if held.marks is None:
        counts = [
            np.bincount(classes[classes >= 0], minlength=len(outputs))
            for outputs, classes in held.groups
        ]
        if not any((one > 0).sum() > 1 for one in counts):
            return []  # of one class alone: nothing says when the others are right
        many = all(one.min() >= FEWEST // 4 for one in counts)
        return ["temperature", "labels"] if many else ["temperature"]
    positives, negatives = ((held.marks == sign).sum(axis=0) for sign in (1, 0))
    if not (positives.any() and negatives.any()):
        return []
    many = min(positives.min(), negatives.min()) >= FEWEST
    return ["temperature", "labels", *(["isotonic"] if many else [])]


def _crossed(kind: str, held: Held, of_part: Rows) -> Floats:
    """Return what items lose by a calibration that was fitted without them."""
    logits = held.logits.astype(np.float64)
    for part in np.unique(of_part).tolist():
        mine = of_part == part
        found = fit(kind, held.part(np.flatnonzero(~mine)))
        logits[mine] = apply(found, held.logits[mine])
    return losses(held, logits)


def _temperature(held: Held) -> float:
    """Return by what all logits are multiplied, likeliest under a normal prior of its logarithm."""
    count = max(len(losses(held, held.logits)), 1)

    def loss(power: Floats) -> tuple[float, Floats]:
        wide = held.logits * np.exp(power[0])
        mine, slopes = _mean(held, wide)
        return _with_prior(mine, np.array([_along_scale(slopes, wide)]), power, count)

    return float(np.exp(_least(loss, 1)[0]))


def _of_label(held: Held, label: int) -> tuple[float, float]:
    """Return the scale and the shift of one label's logits, likeliest under normal priors."""
    assert held.marks is not None
    x, y = held.logits[:, label], held.marks[:, label]
    is_known = np.isfinite(x) & ~np.isnan(y)
    x, y = x[is_known], y[is_known]
    if len(np.unique(y)) < 2:
        return 1.0, 0.0  # what no text has, or all have, is left as it is

    def loss(both: Floats) -> tuple[float, Floats]:
        scaled = np.exp(both[0]) * x
        logits = scaled + both[1]
        slopes = (chances.sigmoid(logits) - y) / len(y)
        mine = float((np.logaddexp(0.0, logits) - y * logits).mean())
        return _with_prior(mine, np.array([slopes @ scaled, slopes.sum()]), both, len(y))

    power, shift = _least(loss, 2)
    return float(np.exp(power)), float(shift)


def _of_classes(held: Held) -> Calibration:
    """Return one scale for each group, and the shift of each class."""
    outputs = held.logits.shape[1]
    scale, shift = np.ones(outputs), np.zeros(outputs)
    for at, classes in held.groups:
        alone = Held(held.logits[:, at], groups=((np.arange(len(at)), classes),))
        count = max(len(losses(alone, alone.logits)), 1)

        def loss(both: Floats, alone: Held = alone, count: int = count) -> tuple[float, Floats]:
            wide = np.exp(both[0]) * alone.logits
            mine, slopes = _mean(alone, wide + both[1:])
            ahead = np.concatenate([[_along_scale(slopes, wide)], slopes.sum(axis=0)])
            return _with_prior(mine, ahead, both, count)

        found = _least(loss, 1 + len(at))
        scale[at], shift[at] = np.exp(found[0]), found[1:]
    return Calibration("labels", tuple(scale.tolist()), tuple(shift.tolist()))


def _mean(held: Held, logits: Floats) -> tuple[float, Floats]:
    """Return the mean of `losses` and its gradient, (I, C); both 0 where nothing has any truth."""
    slopes = np.zeros_like(logits)
    if held.marks is not None:
        is_scored = np.isfinite(held.marks) & np.isfinite(logits)
        wide, marks = (np.where(is_scored, part, 0.0) for part in (logits, held.marks))
        sums = np.maximum(is_scored.sum(axis=1, keepdims=True), 1)
        slopes = np.where(is_scored, chances.sigmoid(wide) - marks, 0.0) / sums
        mine = losses(held, logits)
    else:
        parts = [np.empty(0)]
        for outputs, classes in held.groups:
            block, own = _known(logits, outputs, classes)
            found = chances.log_softmax(logits[block])
            parts.append(-found[own])
            np.exp(found, out=found)
            found[own] -= 1.0
            slopes[block] += found
        mine = np.concatenate(parts)
    return (float(mine.mean()), slopes / len(mine)) if len(mine) else (0.0, slopes)


def _along_scale(slopes: Floats, scaled: Floats) -> float:
    """Return the derivative by the power of a scale, of that by logits, (I, C), which it scales."""
    return float((slopes * np.where(slopes == 0.0, 0.0, scaled)).sum())


def _with_prior(loss: float, gradient: Floats, both: Floats, count: int) -> tuple[float, Floats]:
    """Add what a power of the scale, and shifts behind it, lose by the normal priors.

    Args:
        loss: The mean over so many items.
        gradient: Of it, (S,).
        both: The power, and the shifts, (S,).
        count: Of items.
    """
    spreads = np.array([SPREAD, *[1.0] * (len(both) - 1)])
    reduced = both / spreads
    return loss + float(reduced @ reduced) / 2 / count, gradient + reduced / spreads / count


def _least(loss: Callable[[Floats], tuple[float, Floats]], size: int) -> Floats:
    """Return the power of a scale, and shifts behind it, by which a loss is least, from 0 on."""
    most = np.array([MOST_SCALE, *[MOST_LOGIT] * (size - 1)])
    return least(loss, np.stack([-most, most], axis=1))


def _of_group(logits: Floats, outputs: Rows, classes: Rows) -> Floats:
    """Return the cross-entropies of the items whose class is known."""
    block, own = _known(logits, outputs, classes)
    return np.asarray(-chances.log_softmax(logits[block])[own])


def _known(logits: Floats, outputs: Rows, classes: Rows) -> tuple[Any, tuple[Rows, Rows]]:
    """Return the block of logits whose items' class and logits are known, and where in it it is."""
    rows = np.flatnonzero((classes >= 0) & np.isfinite(logits[:, outputs]).all(axis=1))
    is_whole = logits.shape == (len(rows), len(outputs)) and (np.diff(outputs) == 1).all()
    block = np.s_[:, :] if is_whole else np.ix_(rows, outputs)  # the whole is not copied
    return block, (np.arange(len(rows)), classes[rows])


def _curve(held: Held, label: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the corners of a rising curve from a label's logits to calibrated ones."""
    from sklearn.isotonic import IsotonicRegression  # a second to import

    assert held.marks is not None
    x, y = held.logits[:, label], held.marks[:, label]
    is_known = np.isfinite(x) & ~np.isnan(y)
    x, y = x[is_known], y[is_known]
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    shares = IsotonicRegression(y_min=0, y_max=1).fit_transform(x, y)
    _, starts, sizes = np.unique(shares, return_index=True, return_counts=True)
    middles = np.add.reduceat(x, starts) / sizes
    least = 0.5 / len(y)
    odds = np.clip(shares[starts], least, 1 - least)
    return tuple(middles.tolist()), tuple(np.log(odds / (1 - odds)).tolist())


def _along(x: Floats, corners: Sequence[float], heights: Sequence[float]) -> Floats:
    """Read a curve at some places; beyond its ends it goes on with a small slope."""
    first, last = corners[0], corners[-1]
    found = np.interp(x, corners, heights)
    return np.asarray(found + SLOPE * (np.minimum(x - first, 0) + np.maximum(x - last, 0)))
