"""Lists of values become the cases of their cross: a part of them always made, all where asked."""

import os
from collections.abc import Iterable
from itertools import product

import pytest

ALL = os.environ.get("TEXTUNE_CASES") == "all"


def examples(most: int) -> int:
    """Return how many examples a property is tried on: half of those where not all are asked for.

    Most are drawn anew in each run.
    """
    return most if ALL else most // 2


def crossed(*axes: Iterable[object], of: int = 2) -> list[object]:
    """Return all cases, of which all but one in so many are marked `exhaustive`.

    Each value has its turn, and with those of another list where a third one varies beside them.
    """
    cases = product(*map(enumerate, axes))
    return [
        pytest.param(
            *(value for _, value in case),
            marks=pytest.mark.exhaustive if sum(place for place, _ in case) % of else (),
        )
        for case in cases
    ]


def after(most: int, values: Iterable[object]) -> list[object]:
    """Return values as cases, of which those after so many are marked `exhaustive`."""
    return [
        pytest.param(value, marks=pytest.mark.exhaustive if place >= most else ())
        for place, value in enumerate(values)
    ]


def but(values: Iterable[object], *like_others: object) -> list[object]:
    """Return values as cases, of which those that are like others are marked `exhaustive`."""
    assert {*like_others} <= {*values}
    return [
        pytest.param(value, marks=pytest.mark.exhaustive if value in like_others else ())
        for value in values
    ]
