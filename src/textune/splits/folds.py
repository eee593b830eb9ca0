"""Texts become folds, each of which is judged once by a model that learned from the others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError, SettingsError
from textune.records import Example, Split
from textune.splits import splits, strata

ALWAYS = -1  # texts that are always learned from: of labels that only one fold would have


def split(
    examples: Sequence[Example], number: int, count: int, *, valid_share: float, seed: int
) -> Split:
    """Keep one fold for the test, and part the others as ever.

    `number` counts from 1; of the other texts `valid_share` validates.

    Raises:
        SettingsError: There is no such fold.
        DataError: There are too few texts, or too many that must stay together.
    """
    if not 1 <= number <= count:
        raise SettingsError(f"data.fold {number}: there are {count} folds; allowed: 1 to {count}")
    repeated = strata.repeats(examples)
    of_fold = deal(examples, count, seed=seed, repeated=repeated)
    rest = np.flatnonzero(of_fold != number - 1)
    parted = splits.split(
        [examples[row] for row in rest.tolist()],
        valid_share=valid_share,
        seed=seed,
        repeated=strata.among(repeated, rest),
    )
    return Split(rest[parted.train], rest[parted.valid], np.flatnonzero(of_fold == number - 1))


def deal(
    examples: Sequence[Example],
    count: int,
    *,
    seed: int,
    repeated: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Deal texts into folds with labels in proportion; what `splits.split` keeps together is so.

    Returns:
        (N,) the fold of each text, from 0; `ALWAYS` for texts of a label that one fold would have
        all to itself.

    Raises:
        DataError: There are too few texts, or too many that must stay together.
    """
    of_fold = np.full(len(examples), count - 1, dtype=np.int64)
    left = np.arange(len(examples))
    repeated = strata.repeats(examples) if repeated is None else repeated
    for fold in range(count - 1):
        part = [examples[row] for row in left.tolist()]
        share, near = 1 / (count - fold), strata.among(repeated, left)
        found = splits.split(part, valid_share=0.0, test_share=share, seed=seed, repeated=near)
        of_fold[left[found.test]] = fold
        left = left[found.train]
    return _with_all_labels(examples, of_fold)


def deal_most(examples: Sequence[Example], most: int, *, seed: int) -> NDArray[np.int64] | None:
    """Deal texts into as many folds as can be, at most this many; None where two cannot be.

    Returns:
        (N,) as `deal` does, with two folds or more.
    """
    repeated = strata.repeats(examples)
    for count in range(min(most, len(examples)), 1, -1):
        try:
            of_fold = deal(examples, count, seed=seed, repeated=repeated)
        except DataError:
            continue
        if len(np.unique(of_fold[of_fold != ALWAYS])) > 1:
            return of_fold
    return None


def _with_all_labels(examples: Sequence[Example], of_fold: NDArray[np.int64]) -> NDArray[np.int64]:
    folds_of: dict[str, set[int]] = {}
    names = [strata.label_names(example) for example in examples]
    for have, fold in zip(names, of_fold.tolist(), strict=True):
        for name in have:
            folds_of.setdefault(name, set()).add(fold)
    lonely = {name for name, folds in folds_of.items() if len(folds) == 1}
    is_kept = np.asarray([bool(lonely.intersection(have)) for have in names], dtype=bool)
    return np.where(is_kept, ALWAYS, of_fold)
