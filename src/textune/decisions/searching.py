"""Smooth losses become the places where they are least; L losses, each of S parameters.

Newton's steps of all of them at once, cut off at the bounds (Bertsekas, 1982). SciPy searches for
one place at a time, and takes longer to import than all decisions of a run take to be fitted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]

MOST_STEPS, MOST_HALVINGS = 100, 40
FLAT = 1e-7  # slopes that are none
ENOUGH = 1e-4  # of the descent that the slope promises (Armijo, 1966)


@dataclass(frozen=True, slots=True)
class Found:
    """What losses are at a place of each."""

    values: Floats  # (L,)
    slopes: Floats  # (L, S)
    curvatures: Floats  # (L, S, S), positive definite: perhaps without what is negative in them


Losses = Callable[[Floats], Found]  # of places, (L, S)


def least(losses: Losses, count: int, low: Sequence[float], high: Sequence[float]) -> Floats:
    """Return where each of some losses is least, searched for from 0 on; (L, S).

    Args:
        losses: Of a place for each, (L, S).
        count: L.
        low: The lower bound of each parameter, at most 0.
        high: The upper one, at least 0.
    """
    bounds = np.asarray(low, np.float64), np.asarray(high, np.float64)
    places = np.zeros((count, len(low)))
    here = losses(places)
    is_found = np.zeros(count, dtype=bool)
    for _ in range(MOST_STEPS):
        rest = places - np.clip(places - here.slopes, *bounds)
        is_found |= np.abs(rest).max(axis=1, initial=0.0) <= FLAT
        if is_found.all():
            break
        steps = _steps(places, here, *bounds)
        places, here, is_lower = _descended(losses, places, here, steps, is_found, bounds)
        is_found |= ~is_lower  # nothing lowers it, not even the least part of a step
    return places


def _steps(places: Floats, here: Found, low: Floats, high: Floats) -> Floats:
    """Return the steps to where parabolas are least, of the parameters that no bound holds."""
    is_held = ((places <= low) & (here.slopes > 0)) | ((places >= high) & (here.slopes < 0))
    is_free = ~(is_held[:, :, None] | is_held[:, None, :])  # (L, S, S)
    bent = np.where(is_free, here.curvatures, np.eye(places.shape[1]))
    down = np.where(is_held, 0.0, -here.slopes)
    return np.asarray(np.linalg.solve(bent, down[:, :, None])[:, :, 0])


def _descended(
    losses: Losses,
    places: Floats,
    here: Found,
    steps: Floats,
    is_found: Marks,
    bounds: tuple[Floats, Floats],
) -> tuple[Floats, Found, Marks]:
    """Go the steps, or parts of them, that lower the losses enough; say for which there are any.

    Args:
        losses: Of a place for each.
        places: Of each, (L, S).
        here: What they are there.
        steps: From there, (L, S).
        is_found: (L,) which losses stay where they are.
        bounds: The lower one of each parameter, and the upper one.
    """
    shares = np.where(is_found, 0.0, 1.0)  # (L,)
    for _ in range(MOST_HALVINGS):
        there = np.clip(places + shares[:, None] * steps, *bounds)
        found = losses(there)
        promised = (here.slopes * (there - places)).sum(axis=1)
        is_lower = (promised < 0) & (found.values <= here.values + ENOUGH * promised)
        if (is_lower | is_found).all():
            break
        shares = np.where(is_lower | is_found, shares, shares / 2)
    else:
        there = np.where(is_lower[:, None], there, places)
        found = losses(there)
    return there, found, is_lower | is_found
