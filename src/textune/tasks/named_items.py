"""Features of labels' names, and of words near them, become items that a head learns from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.tasks.interface import Floats

WORDS_WEIGHT = 16.0  # of a label's name and the words near it, together, beside a text


@dataclass(frozen=True, slots=True)
class NamedItems:
    """A name, and words near it, as texts of its label; J of all labels together."""

    features: NDArray[np.float32]  # (J, D)
    labels: NDArray[np.int64]  # (J,)
    weights: Floats  # (J,) beside a text

    @classmethod
    def of(cls, names: NDArray[np.float32], alone: float) -> "NamedItems":
        """Give the texts of each label the same weight together.

        Args:
            names: (C, K, D) of the K texts of each label; NaN of those that it has not.
            alone: Weight of a name, where there are no words near it.
        """
        is_there = np.isfinite(names).all(axis=2)  # (C, K)
        labels, _ = np.nonzero(is_there)
        total = alone if names.shape[1] == 1 else WORDS_WEIGHT
        return cls(names[is_there], labels, total / is_there.sum(axis=1)[labels])
