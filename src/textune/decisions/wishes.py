"""What a user wants of decisions: an aim, calibration, texts left undecided, sets of classes."""

from dataclasses import dataclass

from textune.decisions.aims import Aim

Costs = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """How decisions shall be made, as far as the task has a place for it."""

    aim: Aim | None = None  # None: that of the task
    calibrates: bool = False
    answers: float | None = None  # share of those decided that is to be right; None: all are
    covers: float | None = None  # share of texts whose class is to be in their set; None: no sets
    costs: Costs = ()  # of an aim by costs: (C, C), or of labels each on its own (C, 2)


PLAIN = Wish()
"""Nothing is fitted but what a task fits of itself."""
