"""The least places of smooth losses are found within their bounds, as SciPy finds each of them."""

import numpy as np
import pytest
from scipy import optimize

from textune.decisions import searching
from textune.decisions.searching import Found


def bowls(size, count=3):
    """Make convex losses of unequal curvatures that are no parabolas."""
    draw = np.random.default_rng(size)
    rows = draw.normal(size=(count, 4 * size, size)) * 10 ** draw.uniform(-1, 1, size)  # (L, I, S)

    def losses(places):
        wide = np.einsum("lis,ls->li", rows, places) - 1
        chances = 1 / (1 + np.exp(-wide))
        bent = rows * (chances * (1 - chances))[:, :, None]
        return Found(
            np.logaddexp(0, wide).mean(axis=1) + 0.01 * (places**2).sum(axis=1),
            np.einsum("lis,li->ls", rows, chances) / rows.shape[1] + 0.02 * places,
            np.einsum("lis,lit->lst", bent, rows) / rows.shape[1] + 0.02 * np.eye(size),
        )

    return losses


@pytest.mark.parametrize("size", [1, 2, 3, 29])
@pytest.mark.parametrize("bound", [0.0, 0.1, 50.0])
def test_the_places_are_those_of_scipy(size, bound):
    losses, ends = bowls(size), [bound] * size
    found = searching.least(losses, 3, [-bound] * size, ends)
    assert (np.abs(found) <= bound).all()
    for own in range(3):

        def loss(place, own=own):
            here = losses(np.where(np.arange(3)[:, None] == own, place, 0.0))
            return here.values[own], here.slopes[own]

        wanted = optimize.minimize(
            loss,
            np.zeros(size),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-bound, bound)] * size,
            options={"ftol": 0, "gtol": 1e-9},
        )
        assert loss(found[own])[0] == pytest.approx(wanted.fun, abs=1e-12)
        assert found[own] == pytest.approx(wanted.x, abs=1e-5)


def one(value, slope, curvature):
    """Make a loss of one parameter of three functions."""
    return lambda places: Found(
        value(places[:, 0]), slope(places), np.broadcast_to(curvature(places), (1, 1, 1))
    )


def test_few_looks_find_a_place():
    looks = []

    def losses(places):
        looks.append(places)
        return one(lambda x: np.cosh(x - 0.7), lambda x: np.sinh(x - 0.7), lambda _: 1.0)(places)

    assert searching.least(losses, 1, [-3.0], [3.0]) == pytest.approx(0.7, abs=1e-6)
    assert len(looks) < 7


def test_a_step_that_goes_too_far_is_halved():
    losses = one(lambda x: np.abs(x - 1), lambda x: np.sign(x - 1), lambda _: 0.01)
    assert searching.least(losses, 1, [-90.0], [90.0]) == pytest.approx(1.0, abs=0.6)


def test_what_is_flat_stays_and_what_has_no_end_stops_at_a_bound():
    flat = one(lambda x: 0 * x, lambda x: 0 * x, lambda _: 1.0)
    assert searching.least(flat, 1, [-1.0], [1.0]).tolist() == [[0.0]]
    endless = one(lambda x: -x, lambda x: 0 * x - 1, lambda _: 1e-3)
    assert searching.least(endless, 1, [-1.0], [12.0]).tolist() == [[12.0]]
    assert searching.least(bowls(2, 0), 0, [-1.0] * 2, [1.0] * 2).shape == (0, 2)


def test_a_slope_that_its_loss_does_not_follow_ends_the_search():
    wrong = one(np.abs, lambda x: x - 1, lambda _: 1.0)
    assert searching.least(wrong, 1, [-3.0], [3.0]).tolist() == [[0.0]]
