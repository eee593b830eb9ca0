"""Truth and probabilities become the interval of ROC-AUC, also where a label has few texts.

The variance of DeLong, DeLong and Clarke-Pearson (1988), on the logit scale, is asymptotically
right, and much too small where few texts have, or lack, a label. Newcombe (2006, method 5) asks
which areas the texts do not rule out, with the variance of Hanley and McNeil (1982) at each of
them. Bounds are DeLong's, moved towards Newcombe's where those are further: half-way for a label of
`FEW` texts. The mean of several labels is judged like one: by the texts' mean contribution, since
labels of one text are not independent; Newcombe's variance has the same design effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW = 50.0  # texts with, or without, a label, of which both intervals count alike
FURTHEST = 14.0  # logit of the largest area that is looked at
STEPS = 40


@dataclass(frozen=True, slots=True)
class Area:
    """The area of one label."""

    value: float
    size: tuple[int, int]  # texts with it, and without
    influence: Floats  # (N,) of each text


def interval(truth: Floats, probabilities: Floats, confidence: float) -> list[float] | None:
    """Give the interval of the mean ROC-AUC over those labels that have one: (N, C) each.

    NaN in the truth is "not scored"; None where no label has an area.
    """
    values, sizes = [], []
    influence, apart = np.zeros(len(truth)), 0.0  # (N,) of all labels together
    for column, scores in zip(truth.T, probabilities.T, strict=True):
        if (area := _area(column, scores)) is not None:
            values.append(area.value)
            sizes.append(area.size)
            influence += area.influence
            apart += float((area.influence**2).sum())
    if not values:
        return None
    deviations = NormalDist().inv_cdf((1 + confidence) / 2)
    mean, together = float(np.mean(values)), float((influence**2).sum())
    effect = max(1.0, together / apart) if apart > 0 else 1.0
    far = newcombe(mean, sizes, deviations, effect=effect)
    if not 0 < mean < 1:
        return far
    half = deviations * float(np.sqrt(together)) / len(values) / (mean * (1 - mean))
    near = [_expit(_logit(mean) + sign * half) for sign in (-1, 1)]
    part = float(np.mean([FEW / (FEW + min(size)) for size in sizes]))
    return [
        one + part * max(sign * (other - one), 0) * sign
        for sign, one, other in zip((-1, 1), near, far, strict=True)
    ]


def newcombe(
    area: float, sizes: Sequence[tuple[int, int]], deviations: float, *, effect: float = 1.0
) -> list[float]:
    """Give Newcombe's interval of an area (2006, method 5), or of the mean of several.

    Args:
        area: Of the texts.
        sizes: Texts with, and without, the label; of each label.
        deviations: Standard deviations by which an area is ruled out.
        effect: By how much labels that go together make the variance of their mean larger.

    Example:
        >>> [round(bound, 3) for bound in newcombe(0.9, [(20, 20)], 1.96)]
        [0.747, 0.962]
    """
    pairs = [(ups * downs, (ups + downs) / 2 - 1) for ups, downs in sizes]
    own = effect * sum(1 / product for product, _ in pairs) / len(pairs) ** 2
    others = effect * sum(more / product for product, more in pairs) / len(pairs) ** 2

    def is_ruled_out(other: float) -> bool:
        squares = (1 - other) / (2 - other) + other / (1 + other)
        variance = other * (1 - other) * (own + others * squares)
        return abs(area - other) > deviations * float(np.sqrt(variance))

    bounds = []
    for sign in (-1, 1):
        inside, outside = _logit(area), sign * FURTHEST
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            if is_ruled_out(_expit(middle)):
                outside = middle
            else:
                inside = middle
        bounds.append(_expit(inside))
    return [0.0 if area == 0 else min(bounds[0], area), 1.0 if area == 1 else max(bounds[1], area)]


def _area(truth: Floats, scores: Floats) -> Area | None:
    """Judge one label: (N,) each; None where it has no area."""
    positive, negative = truth == 1, truth == 0
    if not (positive.any() and negative.any()):
        return None
    up, down = scores[positive], scores[negative]
    above, below = _share_below(up, down), 1 - _share_below(down, up)
    value = float(above.mean())
    influence = np.zeros(len(truth))
    influence[positive] = (above - value) / len(up)
    influence[negative] = (below - value) / len(down)
    return Area(value, (len(up), len(down)), influence)


def _expit(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def _logit(area: float) -> float:
    if area in (0, 1):
        return FURTHEST if area else -FURTHEST
    return float(np.clip(np.log(area / (1 - area)), -FURTHEST, FURTHEST))


def _share_below(values: Floats, others: Floats) -> Floats:
    """Give for each value the share of the others below it, equal ones counting half."""
    ranked = np.sort(others)
    left, right = (np.searchsorted(ranked, values, side) for side in ("left", "right"))
    return (left + right) / (2 * len(ranked))
