"""Which candidate is expected to be better does not depend on the unit of the metric."""

import numpy as np
import pytest

from textune.evaluation import preferring
from textune.records import Example, Scores
from textune.tasks.numbers.regress import Regress

TIMES = (0.9, 1.0, 1.02, 1.04, 1.06, 1.08, 1.1, 1.3)  # what fine-tuning errs, beside the other


def chosen(unit):
    """Tell for each of TIMES whether fine-tuning is taken, where numbers have some unit."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(300, 1)) * unit
    errors, others = (rng.normal(size=(300, 1)) * unit for _ in range(2))
    texts = [Example(f"text {row}", label=None, origin=f"{row}") for row in range(300)]

    def scores(found):
        return Scores(
            found.astype(np.float32), found, found, truth, fulls=np.full(300, 9, np.int32)
        )

    def is_taken(times):
        both = scores(truth + times * others), scores(truth + errors)
        return preferring.is_better(Regress(("score",)).fitted(truth), "rmse", *both, texts)

    return [is_taken(times) for times in TIMES]


@pytest.mark.exhaustive
def test_numbers_in_any_unit_are_compared_alike():
    found = chosen(1.0)
    assert set(found) == {True, False}
    assert found == sorted(found, reverse=True)
    assert chosen(0.001) == found
    assert chosen(10_000.0) == found
