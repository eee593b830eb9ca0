"""Held-out logits and truth become a calibration, and it makes logits calibrated; C outputs.

Temperature: Guo et al., 2017, "On calibration of modern neural networks". A scale and a shift for
each label: Platt, 1999. Curves that only rise: Zadrozny & Elkan, 2002, with the blocks joined by
lines, so that no two texts become equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.decisions import searching
from textune.decisions.rule import Calibration
from textune.decisions.searching import Found

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Group = tuple[Rows, Rows]  # outputs that exclude each other, (K,); the class of each item, or -1

KINDS = ("none", "temperature", "labels", "isotonic")  # the simplest first
STEADY = KINDS[:2]  # that leave the likeliest class as it is
FEWEST = 200  # items that have a label, and that lack it, of which its curve is fitted
MOST_LOGIT = 12.0
SLOPE = 0.1  # of a curve beyond the items that it was fitted on
MOST_SCALE = 3.0  # powers of e by which logits are scaled up or down
CONVEX = 0.9  # of a curvature by a scale, that may be lost by taking it by the scale's power
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
        return _of_labels(held)
    knots = tuple(_curve(held, label) for label in range(outputs))
    return Calibration(kind, (1.0,) * outputs, (0.0,) * outputs, knots)


def losses(held: Held, logits: Floats) -> Floats:
    """Return the cross-entropy of each item that has any truth, its mean over what is scored."""
    if held.marks is not None:
        is_scored = np.isfinite(held.marks) & np.isfinite(logits)
        wide, marks = (np.where(is_scored, part, 0.0) for part in (logits, held.marks))
        rows = is_scored.any(axis=1)
        sums = np.where(is_scored, _of_marks(wide, marks)[0], 0.0).sum(axis=1)
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

    def loss(powers: Floats) -> Found:
        sums = _along_scale(held, held.logits * np.exp(powers[0, 0]))
        value, slope, curvature = (one / count for one in sums)
        curvature += max(slope, -CONVEX * curvature)
        return _with_prior(
            np.array([value]), np.array([[slope]]), np.array([[[curvature]]]), powers, count
        )

    return float(np.exp(_least(loss, 1, 1)[0, 0]))


def _along_scale(held: Held, logits: Floats) -> tuple[float, float, float]:
    """Return the sum of `losses`, its slope by the power of their scale, and its curvature by that.

    The curvature is that of the scale, times its square; the slope is what it lacks.
    """
    if held.marks is not None:
        is_scored = np.isfinite(held.marks) & np.isfinite(logits)
        wide, marks = (np.where(is_scored, part, 0.0) for part in (logits, held.marks))
        weights = is_scored / np.maximum(is_scored.sum(axis=1, keepdims=True), 1)
        each, chances = _of_marks(wide, marks)
        found = each, (chances - marks) * wide, chances * (1 - chances) * wide**2
        value, slope, curvature = (float(np.vdot(weights, one)) for one in found)
        return value, slope, curvature
    whole = np.zeros(3)
    for outputs, classes in held.groups:
        block, own = _known(logits, outputs, classes)
        wide = logits[block]
        surprise = _log_sums(wide) - wide  # (I, K)
        chances = np.exp(-surprise)
        middle = (chances * wide).sum(axis=1, keepdims=True)
        slopes = middle[:, 0] - wide[own]
        whole += surprise[own].sum(), slopes.sum(), (chances * (wide - middle) ** 2).sum()
    value, slope, curvature = whole.tolist()
    return value, slope, curvature


def _of_labels(held: Held) -> Calibration:
    """Return the scale and the shift of each label's logits, likeliest under normal priors."""
    assert held.marks is not None
    known = np.isfinite(held.logits) & ~np.isnan(held.marks)
    lowest, highest = (
        limit(np.where(known, held.marks, other), axis=0, initial=other)
        for limit, other in ((np.min, np.inf), (np.max, -np.inf))
    )
    own = np.flatnonzero(lowest < highest)  # what no text has, or all have, is left as it is
    known = known[:, own]
    logits, marks = (np.where(known, part[:, own], 0.0) for part in (held.logits, held.marks))
    counts = known.sum(axis=0)
    weights = known / counts

    def loss(both: Floats) -> Found:
        wide = np.exp(both[:, 0]) * logits
        each, chances = _of_marks(wide + both[:, 1], marks)
        left, bent = weights * (chances - marks), weights * chances * (1 - chances)
        slopes = [(left * wide).sum(axis=0), left.sum(axis=0)]
        wider = bent * wide
        cross, last = wider.sum(axis=0), bent.sum(axis=0)
        first = (wider * wide).sum(axis=0) + slopes[0].clip(0)
        curvatures = [[first, cross], [cross, last]]  # (2, 2, L)
        return _with_prior(
            (weights * each).sum(axis=0),
            np.stack(slopes, axis=1),
            np.moveaxis(np.array(curvatures), -1, 0),
            both,
            counts,
        )

    scale, shift = np.ones(len(lowest)), np.zeros(len(lowest))
    found = _least(loss, len(own), 2)
    scale[own], shift[own] = np.exp(found[:, 0]), found[:, 1]
    return Calibration("labels", tuple(scale.tolist()), tuple(shift.tolist()))


def _of_classes(held: Held) -> Calibration:
    """Return one scale for each group, and the shift of each class."""
    outputs = held.logits.shape[1]
    scale, shift = np.ones(outputs), np.zeros(outputs)
    for at, classes in held.groups:
        block, own = _known(held.logits, at, classes)
        found = _least(partial(_of_shifts, held.logits[block], own), 1, 1 + len(at))[0]
        scale[at], shift[at] = np.exp(found[0]), found[1:]
    return Calibration("labels", tuple(scale.tolist()), tuple(shift.tolist()))


def _of_shifts(logits: Floats, own: tuple[Rows, Rows], both: Floats) -> Found:
    """Return the mean cross-entropy of a group by its power and its shifts, (1, 1 + K)."""
    count = max(len(logits), 1)
    wide = np.exp(both[0, 0]) * logits  # (I, K)
    moved = wide + both[0, 1:]
    surprise = _log_sums(moved) - moved
    chances = np.exp(-surprise)
    middle = (chances * wide).sum(axis=1, keepdims=True)
    off = chances * (wide - middle)
    slopes = chances.sum(axis=0)
    np.subtract.at(slopes, own[1], 1.0)
    slopes = np.concatenate([[(middle[:, 0] - wide[own]).sum()], slopes])
    curvature = np.empty((len(slopes), len(slopes)))
    curvature[0, 0] = (off * (wide - middle)).sum() + max(slopes[0], 0.0)
    curvature[0, 1:] = curvature[1:, 0] = off.sum(axis=0)
    curvature[1:, 1:] = np.diag(chances.sum(axis=0)) - chances.T @ chances
    value = np.array([surprise[own].sum() / count])
    return _with_prior(value, slopes[None] / count, curvature[None] / count, both, count)


def _with_prior(
    values: Floats, slopes: Floats, curvatures: Floats, both: Floats, counts: int | Rows
) -> Found:
    """Add what powers of scales, and shifts behind them, lose by the normal priors.

    Args:
        values: Means over so many items, (L,).
        slopes: Of them, (L, S).
        curvatures: Of them, (L, S, S).
        both: The powers, and the shifts, (L, S).
        counts: Of items; of each, (L,), where they differ.
    """
    spreads = np.array([SPREAD, *[1.0] * (both.shape[1] - 1)])
    weights = 1 / (np.broadcast_to(counts, len(both))[:, None] * spreads**2)  # (L, S)
    return Found(
        values + (weights * both**2).sum(axis=1) / 2,
        slopes + weights * both,
        curvatures + weights[:, :, None] * np.eye(len(spreads)),
    )


def _least(loss: searching.Losses, count: int, size: int) -> Floats:
    """Return where losses of a power, and of shifts behind it, are least; (L, S)."""
    most = [MOST_SCALE, *[MOST_LOGIT] * (size - 1)]
    return searching.least(loss, count, [-one for one in most], most)


def _of_marks(logits: Floats, marks: Floats) -> tuple[Floats, Floats]:
    """Return the cross-entropy of each logit with its mark, and its probability."""
    small = np.exp(-np.abs(logits))
    each = np.maximum(logits, 0.0) + np.log1p(small) - marks * logits
    return each, np.where(logits >= 0, 1.0, small) / (1 + small)


def _of_group(logits: Floats, outputs: Rows, classes: Rows) -> Floats:
    """Return the cross-entropies of the items whose class is known."""
    block, own = _known(logits, outputs, classes)
    mine = logits[block]
    return np.asarray(_log_sums(mine)[:, 0] - mine[own])


def _log_sums(logits: Floats) -> Floats:
    """Return the logarithm of each row's sum of exponentials; (I, C) → (I, 1)."""
    most = logits.max(axis=1, keepdims=True)
    return np.asarray(most + np.log(np.exp(logits - most).sum(axis=1, keepdims=True)))


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
