"""Truth and probabilities become the points of ROC and precision-recall curves.

As scikit-learn's `roc_curve` and `precision_recall_curve` give them; importing these takes longer
than a whole page. N texts, of which some have the label and some have not.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def roc(truth: NDArray[np.bool_], chances: Floats) -> Floats:
    """Return false and true positive rates from (0, 0) to (1, 1); (P, 2).

    Points on a straight line between two others are left out.

    Args:
        truth: (N,).
        chances: (N,).
    """
    false, true = _counts(truth, chances)
    bends = (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0)
    if len(false) > 2:
        is_kept = np.concatenate([[True], bends, [True]])
        false, true = false[is_kept], true[is_kept]
    counts = np.concatenate([[[0, 0]], np.stack([false, true], axis=1)])
    return np.asarray(counts / counts[-1])


def precision_recall(truth: NDArray[np.bool_], chances: Floats) -> Floats:
    """Return recall and precision, from the highest threshold to the lowest; (P, 2).

    The first point, of no positive at all, is (0, 1).
    """
    false, true = _counts(truth, chances)
    points = np.stack([true / true[-1], true / (true + false)], axis=1)
    return np.concatenate([[[0.0, 1.0]], points])


def _counts(
    truth: NDArray[np.bool_], chances: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count false and true positives at each threshold that is some text's chance; (T,) each."""
    order = np.argsort(chances, kind="stable")[::-1]
    ends = np.append(np.flatnonzero(np.diff(chances[order])), len(order) - 1)
    true = np.cumsum(truth[order].astype(np.int64))[ends]
    return ends + 1 - true, true
