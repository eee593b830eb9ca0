"""Crosses of parameters become few cases that have all that matters, and others marked exhaustive.

A test over a cross says by `@pytest.mark.covering(1)` that each value of each parameter must occur
in what stays, by `covering(2)` that each pair of values must; by `first(2)` that its first two
cases stay. Of a part of a cross, asked for by the names of its cases, as much stays as has every
value of the part. Lists of values are marked by `after`, `but` and `crossed`, single ones by
`spare`.
"""

import itertools
import os
from collections.abc import Iterable

import pytest

ALL = os.environ.get("TEXTUNE_CASES") == "all"
WHOLE = "forked"  # fixture of tests that run programs of `bench` whole


def thin(items):
    """Mark cases of crosses that stand for nothing of their own, and programs run whole."""
    crosses = {}
    for item in items:
        if WHOLE in item.fixturenames:
            item.add_marker(pytest.mark.exhaustive)
        for mark in (*item.iter_markers("covering"), *item.iter_markers("first")):
            cross = (item.path, item.originalname, mark.name, *mark.args)
            crosses.setdefault(cross, []).append(item)
    for (*_, kind, count), cases in crosses.items():
        here = [case for case in cases if not is_skipped(case)]
        kept = range(count)
        if kind == "covering":
            kept = covering([values_of(case) for case in here], count)
        for number, case in enumerate(here):
            if number not in kept:
                case.add_marker(pytest.mark.exhaustive)


def spare(values, is_spare=True):
    """Mark a case of a test, a value or a tuple of values, as exhaustive."""
    given = values if isinstance(values, tuple) else (values,)
    return pytest.param(*given, marks=(pytest.mark.exhaustive,) * is_spare)


def after(most: int, values: Iterable[object]) -> list[object]:
    """Return values as cases, of which those after so many are exhaustive."""
    return [spare(value, place >= most) for place, value in enumerate(values)]


def but(values: Iterable[object], *like_others: object) -> list[object]:
    """Return values as cases, of which those that are like others are exhaustive."""
    assert {*like_others} <= {*values}
    return [spare(value, value in like_others) for value in values]


def crossed(*axes: Iterable[object], of: int = 2) -> list[object]:
    """Return all cases of a cross, of which all but one in so many are exhaustive.

    Each value has its turn, and with those of another list where a third one varies beside them.
    """
    cases = itertools.product(*map(enumerate, axes))
    return [
        spare(tuple(value for _, value in case), sum(place for place, _ in case) % of > 0)
        for case in cases
    ]


def examples(most: int) -> int:
    """Return how many examples a property is tried on: half of those where not all are asked for.

    Most are drawn anew in each run.
    """
    return most if ALL else most // 2


def is_skipped(case):
    return any(mark.args and mark.args[0] is True for mark in case.iter_markers("skipif"))


def values_of(case):
    """Return what a case has of each parametrisation, and of each fixture of several values."""
    params, axes = dict(case.callspec.params), []
    for mark in case.iter_markers("parametrize"):
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        axes.append(tuple((name.strip(), id(params.pop(name.strip()))) for name in names))
    return sorted([*axes, *(((name, id(value)),) for name, value in params.items())])


def covering(cases, strength):
    """Choose cases until each combination of so many values is in one of them, the most in each.

    Args:
        cases: Of each, its values, in one order.
        strength: How many values are a combination.

    Returns:
        The numbers of the cases that are chosen.
    """
    held = [set(itertools.combinations(case, min(strength, len(case)))) for case in cases]
    lacking, chosen = set().union(*held), set()
    while lacking:
        best = max(range(len(cases)), key=lambda number: len(held[number] & lacking))
        chosen.add(best)
        lacking -= held[best]
    return chosen
