"""Probabilities of held-out texts become the bar below which a text is left undecided, and sets.

Sets of classes: Sadinle, Lei & Wasserman, 2019, "Least ambiguous set-valued classifiers".
"""

import numpy as np
from numpy.typing import NDArray

from textune.decisions import promises

Floats = NDArray[np.float64]


def bar(
    classes: NDArray[np.int64], decided: NDArray[np.int64], chances: Floats, share: float
) -> tuple[float, bool]:
    """Return the probability of its class from which a text is decided, and whether it is sure.

    Args:
        classes: (N,) the truth.
        decided: (N,).
        chances: (N, C).
        share: Of the decided texts, that is to be right.
    """
    own = chances[np.arange(len(decided)), decided]
    return promises.of_those_above(classes == decided, own, share)


def member(classes: NDArray[np.int64], chances: Floats, share: float) -> float:
    """Return the probability from which a class belongs to a text's set.

    A set made so holds the class of a fresh text with a probability of at least `share`, whatever
    the model is worth, if the texts are drawn alike. It may be empty: no class is likely enough.

    Args:
        classes: (N,) the truth.
        chances: (N, C).
        share: Between 0 and 1.
    """
    own = np.sort(chances[np.arange(len(classes)), classes])  # (N,) rising
    place = int(np.floor((len(own) + 1) * (1 - share)))
    return float(own[place - 1]) if place else 0.0
