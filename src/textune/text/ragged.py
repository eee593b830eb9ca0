"""Targets of texts, of which some have more than others: one for each word, say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ragged:
    """Values of N texts, concatenated; indexed by texts it gives their values, concatenated."""

    values: NDArray[Any]  # (I,)
    borders: NDArray[np.int64]  # (N + 1,)

    @classmethod
    def of(cls, parts: Sequence[NDArray[Any]]) -> "Ragged":
        """Join the values of texts."""
        sizes = [len(part) for part in parts]
        borders = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(np.concatenate(parts), borders)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        taken = ranges(self.borders[rows], self.borders[rows + 1])
        found: NDArray[Any] = self.values[taken]
        return found


Targets = NDArray[Any] | Ragged


def ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join the ranges from each start up to its end; (sum of sizes,)."""
    sizes = ends - starts
    offsets = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    return (np.arange(int(sizes.sum())) + offsets).astype(np.int64)
