"""Labels and out-of-fold probabilities become which labels are probably wrong: confident learning.

Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (2021).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
SURE = 0.75  # a probability at which a class is likely, however sure the answers are elsewhere
NEAR = 1e-9  # by which a sum of equal numbers may be beside them


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What out-of-fold probabilities say of N given labels."""

    is_likely: NDArray[np.bool_]  # (N,) whether the label is probably wrong
    suggested: Rows  # (N,) the class that it may be instead
    margins: Floats  # (N,) probability of the given class less that of the suggested one; NaN
    # where nothing is known of an item

    def order(self) -> Rows:
        """Return the items whose labels are probably wrong, the surest first."""
        rows = np.flatnonzero(self.is_likely)
        return rows[np.argsort(self.margins[rows], kind="stable")]


def of_classes(chances: Floats, given: Rows) -> Suspicion:
    """Find the labels that are probably wrong, where each item has one.

    A class is likely of an item where its probability is at least the mean one of the items that
    have it, or 0.75 where that is higher. A label is probably wrong where the likeliest of these
    classes is another one, and likelier than the given one.

    Args:
        chances: (N, C) by models that did not learn from the item; NaN where there is none.
        given: (N,) classes, negative where the item has no label.
    """
    items, classes = np.arange(len(given)), np.arange(chances.shape[1])
    is_known = np.isfinite(chances).all(axis=1) & (given >= 0)
    own = np.where(is_known, given, 0)
    told = np.where(is_known[:, None], chances, 0.0)
    has_it = (own[:, None] == classes) & is_known[:, None]  # (N, C)
    counts = has_it.sum(axis=0)
    sums = np.where(has_it, told, 0.0).sum(axis=0)
    thresholds = np.where(counts > 0, (sums / np.maximum(counts, 1)).clip(max=SURE), np.inf)  # (C,)
    likely = np.where(told >= thresholds - NEAR, told, -1.0)
    found = np.where(likely.max(axis=1) >= 0, likely.argmax(axis=1), own)
    is_likely = is_known & (found != own) & (told[items, found] > told[items, own])
    others = np.where(own[:, None] == classes, -1.0, told)
    suggested = np.where(is_likely, found, others.argmax(axis=1))
    margins = np.where(is_known, told[items, own] - told[items, suggested], np.nan)
    return Suspicion(is_likely, suggested, margins)


def of_labels(chances: Floats, given: Floats) -> list[Suspicion]:
    """Find the wrong labels, label by label, where an item may have several.

    Args:
        chances: (N, C) of each label, NaN where there is none.
        given: (N, C) zeros and ones, NaN where a label is not scored.
    """
    return [
        of_classes(
            np.stack([1 - chances[:, place], chances[:, place]], axis=1),
            np.where(np.isnan(given[:, place]), -1, given[:, place]).astype(np.int64),
        )
        for place in range(given.shape[1])
    ]
