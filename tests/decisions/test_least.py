"""Losses are least where SciPy finds them least, at bounds too."""

import numpy as np
import pytest
from scipy import optimize

from textune.decisions.least import least

WIDE = np.array([[-50.0, 50.0]])


def valley(at):
    """Give Rosenbrock's function and its gradient."""
    return float(optimize.rosen(at)), optimize.rosen_der(at)


def steep(count, seed, *, separable=False):
    """Make the mean log loss of a logistic regression, and its gradient."""
    draw = np.random.default_rng(seed)
    x = draw.normal(0, np.exp(draw.normal(0, 1, count)), (60, count))
    y = x @ draw.normal(0, 1, count) > (0 if separable else draw.logistic(size=60))

    def loss(at):
        scores = x @ at
        chances = 1 / (1 + np.exp(-scores))
        return float((np.logaddexp(0, scores) - y * scores).mean()), x.T @ (chances - y) / 60

    return loss


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_bent_valley_is_gone_through_to_its_end(count):
    assert least(valley, WIDE.repeat(count, axis=0)) == pytest.approx(np.ones(count), abs=1e-3)


@pytest.mark.parametrize("is_separable", [False, True])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_it_is_as_low_as_scipy_finds(count, is_separable):
    for seed in range(10):
        loss = steep(count, seed, separable=is_separable)
        bounds = np.array([[-1.0, 2.0]]).repeat(count, axis=0)
        found = least(loss, bounds)
        assert (found >= -1).all()
        assert (found <= 2).all()
        reference = optimize.minimize(
            loss, np.zeros(count), jac=True, bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9}
        )
        assert loss(found)[0] == pytest.approx(reference.fun, abs=1e-8)
        assert found == pytest.approx(reference.x, abs=2e-3)


def test_where_nothing_changes_it_stays():
    assert least(lambda at: (1.0, np.zeros(2)), WIDE.repeat(2, axis=0)).tolist() == [0.0, 0.0]


def test_a_bound_ends_a_fall_without_end():
    assert least(lambda at: (-float(at[0]), np.array([-1.0])), WIDE).tolist() == [50.0]
