"""Probabilities beside the truth become how far they can be trusted: calibration error, bins.

Expected calibration error over bins of equal counts: Naeini et al., 2015; Nguyen & O'Connor, 2015.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
Floats = NDArray[np.float64]


def error(is_right: Floats, chances: Floats, bins: int = BINS) -> float | None:
    """Return the mean distance of probability and share of right ones, over bins; None of none.

    Args:
        is_right: (N,) 0 and 1.
        chances: (N,).
        bins: Of equal counts.

    Example:
        >>> error(np.array([1.0, 0.0]), np.array([0.5, 0.5]), bins=1)
        0.0
    """
    found = curve(is_right, chances, bins)
    count = sum(each["n"] for each in found)
    if not count:
        return None
    return float(sum(each["n"] * abs(each["share"] - each["mean"]) for each in found) / count)


def curve(is_right: Floats, chances: Floats, bins: int = BINS) -> list[dict[str, Any]]:
    """Return for each bin its items `n`, their `mean` probability and the `share` that is right."""
    order = np.argsort(chances, kind="stable")
    parts = np.array_split(order, min(bins, max(len(order), 1)))
    return [
        {
            "n": len(part),
            "mean": float(chances[part].mean()),
            "share": float(is_right[part].mean()),
        }
        for part in parts
        if len(part)
    ]
