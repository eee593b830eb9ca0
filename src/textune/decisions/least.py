"""A smooth loss, with its gradient, becomes the place within bounds where it is least.

BFGS with backtracking (Nocedal and Wright, 2006, algorithms 3.1 and 6.1); steps are cut at the
bounds, and a parameter that a bound holds back is left out of them. That is what scipy.optimize
does, too, which takes longer to import than all else that new decisions of a run need.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Loss = Callable[[Floats], tuple[float, Floats]]

MOST_STEPS = 500
MOST_HALVINGS = 50
ENOUGH = 1e-4  # of the decrease that the gradient promises
FLAT = 1e-6  # of a gradient, where a loss counts as least
STILL = 1e-11  # of a step's decrease


def least(loss: Loss, bounds: Floats) -> Floats:
    """Return where a loss is least, sought from 0 on.

    Args:
        loss: Takes parameters (S,); returns a number and its gradient, (S,).
        bounds: The least and the most that each may be, (S, 2), on both sides of 0.
    """
    low, high = bounds.T
    at = np.zeros(len(bounds))
    value, slope = loss(at)
    inverse = np.eye(len(at))  # of the matrix of second derivatives, nearly
    is_first = True
    for _ in range(MOST_STEPS):
        is_free = ~((at <= low) & (slope > 0) | (at >= high) & (slope < 0))  # (S,)
        if np.abs(slope[is_free]).max(initial=0.0) < FLAT:
            break
        way = np.where(is_free, -inverse @ np.where(is_free, slope, 0.0), 0.0)
        if way @ slope >= 0:
            inverse, is_first = np.eye(len(at)), True
            way = np.where(is_free, -slope, 0.0)
        found = _lower(loss, at, value, slope, way, bounds)
        if found is None:
            break
        then, lower, after = found
        step, turn, fallen = then - at, after - slope, value - lower
        at, value, slope = then, lower, after
        if fallen < STILL:
            break
        curve = float(step @ turn)
        if curve > 0:
            inverse = _learned(inverse * curve / (turn @ turn) if is_first else inverse, step, turn)
            is_first = False
    return at


def _lower(
    loss: Loss, at: Floats, value: float, slope: Floats, way: Floats, bounds: Floats
) -> tuple[Floats, float, Floats] | None:
    """Go so far that the loss falls as the gradient promises; None where it falls no more."""
    length = 1.0
    for _ in range(MOST_HALVINGS):
        then = np.clip(at + length * way, *bounds.T)
        promised = float(slope @ (then - at))
        lower, after = loss(then)
        if promised < 0 and lower < value and lower <= value + ENOUGH * promised:
            return then, lower, after
        length /= 2
    return None


def _learned(inverse: Floats, step: Floats, turn: Floats) -> Floats:
    """Take in how a step turned the gradient; (S, S)."""
    rate = 1 / float(step @ turn)
    told = inverse @ turn  # (S,)
    both = np.outer(step, told)
    grown = (1 + rate * float(turn @ told)) * rate
    return np.asarray(inverse - rate * (both + both.T) + grown * np.outer(step, step))
