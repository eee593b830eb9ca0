"""Plain text made up for the tests: documents of random ids."""

import numpy as np

from textune.text.documents import Documents


def documents_of(sizes, *, first=0, last=120, seed=0):
    """Return documents of ids drawn from `first` up to `last`.

    Args:
        sizes: For each document the tokens of its units; as after tokenising, empty ones vanish.
        first: Lowest id.
        last: One more than the highest.
        seed: Of the ids.
    """
    kept = [[size for size in units if size] for units in sizes]
    kept = [units for units in kept if units]
    lengths = [size for units in kept for size in units]
    draw = np.random.default_rng(seed)
    return Documents(
        ids=draw.integers(first, last, size=sum(lengths)).astype(np.int32),
        borders=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        owners=np.repeat(np.arange(len(kept)), [len(units) for units in kept]),
        key="made up",
    )
