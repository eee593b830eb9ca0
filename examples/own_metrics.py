"""Two metrics: Cohen's kappa, and the costs of mistakes, by which the best model is chosen.

textune train reviews.csv --plugin examples/own_metrics.py --set train.metric=costs
"""

import numpy as np
from numpy.typing import NDArray

MISSED, FALSE_ALARM = 5.0, 1.0  # what a mistake costs, of two classes


def kappa(truth: NDArray[np.int64], decisions: NDArray[np.int64]) -> float:
    """Return the agreement beyond chance; both are class numbers, (N,)."""
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(truth, decisions))


def costs(truth: NDArray[np.int64], decisions: NDArray[np.int64]) -> float:
    """Return the mean costs of a text."""
    missed, false = (truth == 1) & (decisions == 0), (truth == 0) & (decisions == 1)
    return float(np.mean(MISSED * missed + FALSE_ALARM * false))


costs.lower_is_better = True  # type: ignore[attr-defined]
metrics = [kappa, costs]
