"""A power law through scores at some sizes tells scores at others, and never passes the limit."""

import pytest

from textune.probing import forecast


@pytest.mark.parametrize(("best", "slope", "power"), [(0.9, -1.2, 0.5), (0.7, -0.9, 0.3)])
def test_scores_of_a_power_law_are_told_ahead(best, slope, power):
    def score(texts):
        return best + slope * texts**-power

    curve = forecast.fit({texts: score(texts) for texts in (50, 100, 200, 400)}, limit=1.0)
    assert curve.at(1600) == pytest.approx(score(1600), abs=2e-3)
    assert curve.error < 1e-3


def test_errors_fall_and_stay_above_nothing():
    curve = forecast.fit({texts: 2 * texts**-0.5 for texts in (20, 40, 80, 160)}, limit=0.0)
    assert curve.at(640) == pytest.approx(2 * 640**-0.5, rel=0.05)
    assert curve.at(10**6) >= 0


def test_no_score_is_told_beyond_the_limit():
    curve = forecast.fit({10: 0.5, 20: 0.7, 40: 0.9}, limit=1.0)
    assert curve.best <= 1.0
    assert curve.at(10**9) <= 1.0


def test_scores_that_get_worse_or_are_few_tell_nothing():
    assert forecast.fit({10: 0.5, 20: 0.6}, limit=1.0) is None
    assert forecast.fit({10: 0.9, 20: 0.8, 40: 0.7}, limit=1.0) is None
    assert forecast.fit({10: 0.1, 20: 0.2, 40: 0.3}, limit=0.0) is None
    assert forecast.fit({10: 0.1, 20: float("nan"), 40: 0.3}, limit=1.0) is None


def test_scores_that_stay_are_told_to_stay():
    curve = forecast.fit({10: 0.8, 20: 0.8, 40: 0.8}, limit=1.0)
    assert curve is not None
    assert curve.at(320) == pytest.approx(0.8)


def test_the_sizes_are_halves_of_halves():
    assert forecast.sizes(100, fewest=10) == (12, 25, 50, 100)
    assert forecast.sizes(30, fewest=10) == (15, 30)
    assert forecast.ahead(100) == [200, 400, 800]
