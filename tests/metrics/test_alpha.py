"""Krippendorff's alpha is that of his own examples."""

import pytest

from textune.metrics import alpha

# "Computing Krippendorff's Alpha-Reliability", section C to E: four observers, twelve units
UNITS = (
    *([1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4]),
    *([4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [5, 5, 5], [1, 1], [3]),
)


@pytest.mark.parametrize(("kind", "expected"), [(alpha.Names, 0.743), (alpha.Numbers, 0.849)])
def test_alpha_is_that_of_the_published_example(kind, expected):
    found = kind()
    for unit in UNITS:
        found.add(unit)
    assert found.value() == pytest.approx(expected, abs=0.0005)


@pytest.mark.parametrize("kind", [alpha.Names, alpha.Numbers])
def test_nothing_is_concluded_where_nothing_differs(kind):
    found = kind()
    assert found.value() is None
    found.add([1, 1])
    found.add([1])
    assert found.value() is None
    found.add([2, 2])
    assert found.value() == 1


def test_two_people_who_never_agree_are_below_chance():
    found = alpha.Names()
    for unit in (["a", "b"], ["b", "a"], ["a", "b"]):
        found.add(unit)
    assert found.value() == pytest.approx(-2 / 3)
