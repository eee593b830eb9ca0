"""Curves of a label are those of scikit-learn, to the bit."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from textune.metrics import tradeoffs


@pytest.mark.parametrize("texts", [2, 3, 10, 500])
@pytest.mark.parametrize("decimals", [1, 16], ids=["ties", "no ties"])
def test_points_are_those_of_scikit_learn(texts, decimals):
    draw = np.random.default_rng(texts)
    truth = draw.random(texts) < 0.3
    truth[:2] = [True, False]
    chances = np.round(0.3 * truth + 0.7 * draw.random(texts), decimals)
    false, true, _ = roc_curve(truth, chances)
    np.testing.assert_array_equal(tradeoffs.roc(truth, chances), np.stack([false, true], axis=1))
    precision, recall, _ = precision_recall_curve(truth, chances)
    points = np.stack([recall, precision], axis=1)[::-1]
    np.testing.assert_array_equal(tradeoffs.precision_recall(truth, chances), points)
