"""Frozen features and the classes of several columns become one linear head: a fit for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.records import LinearHead
from textune.tasks import linear, probes
from textune.tasks.aspects.aspect import Aspects
from textune.tasks.interface import Floats
from textune.tasks.strengths import ALWAYS, USUAL

UNKNOWN = -1


def fit(
    task: Aspects,
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    seed: int,
    weights: Floats | None,
    folds: NDArray[np.int64] | None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit the rows of each column as for one label a text, by the texts that it is scored for.

    How strongly it is regularised, how sure its logits are, and whether the names of its classes
    help, is chosen for each.

    Args:
        task: With its columns.
        features: (I, D).
        targets: (I, C).
        seed: As for `kind.Probe`; so are weights, folds and strengths.
        weights: (I,).
        folds: (I,).
        names: (C, K, D).
        strengths: That are tried.
    """

    def of_column(at: NDArray[np.int64]) -> LinearHead:
        column = _Column(task, targets, at, folds)

        def one(of_names: NDArray[np.float32] | None) -> LinearHead:
            return column.fit(
                features, seed=seed, weights=weights, names=of_names, strengths=strengths
            )

        plain = one(None)
        if names is None:
            return plain
        named = one(names[at])
        if not plain.scores or not named.scores:
            return named
        return min(named, plain, key=lambda head: min(head.scores.values()))

    parts = [of_column(at) for at in task.places.values()]
    outputs, width = len(task.labels), features.shape[1]
    weight = np.zeros((outputs, width), dtype=np.float32)
    bias = np.zeros(outputs, dtype=np.float32)
    are_known = all(part.held_out_logits is not None for part in parts)
    logits = np.full((len(features), outputs), np.nan, dtype=np.float32) if are_known else None
    for at, part in zip(task.places.values(), parts, strict=True):
        weight[at], bias[at] = part.weight, part.bias
        if logits is not None:
            logits[:, at] = part.held_out_logits
    tried = [part.scores for part in parts if part.scores]
    common = set.intersection(*(set(scores) for scores in tried)) if tried else set()
    return LinearHead(
        weight=weight,
        bias=bias,
        strength=float(np.exp(np.mean([np.log(part.strength) for part in parts]))),
        scores={one: float(np.mean([scores[one] for scores in tried])) for one in sorted(common)},
        held_out_logits=logits,
        reads_names=any(part.reads_names for part in parts),
    )


class _Column:
    """The classes of one column, and what it takes to fit its rows."""

    def __init__(
        self,
        task: Aspects,
        targets: NDArray[np.float32],
        at: NDArray[np.int64],
        folds: NDArray[np.int64] | None,
    ) -> None:
        mine = targets[:, at]
        self.outputs, self.folds, self.criterion = len(at), folds, task.criterion
        self.is_scored = ~np.isnan(mine).any(axis=1)
        self.classes = np.where(self.is_scored, np.nan_to_num(mine).argmax(axis=1), UNKNOWN)
        own = task.weights_of(at)
        of_class = None if own is None else np.asarray(own)[self.classes.clip(min=0)]
        self.weights = probes.weights_of(of_class, task.copies(targets))

    def fit(
        self,
        features: NDArray[np.float32],
        *,
        seed: int,
        weights: Floats | None,
        names: NDArray[np.float32] | None,
        strengths: Sequence[float] | None,
    ) -> LinearHead:
        """Fit the rows of its classes, by features (I, D), and of their names (C, K, D)."""
        known = self.is_scored & np.isfinite(features).all(axis=1)
        known &= True if weights is None else weights > 0
        if not known.any():
            return _nothing(len(features), self.outputs, features.shape[1])
        found = linear.classes(
            features,
            self.classes,
            outputs=self.outputs,
            seed=seed,
            weights=probes.weights_of(weights, self.weights),
            folds=self.folds,
            names=names,
            criterion=self.criterion,
            strengths=strengths,
        )
        logits = found.held_out_logits
        if logits is None:
            return found
        # texts that the column is not scored for were not learned from, whatever their fold
        is_free = ~self.is_scored & (True if self.folds is None else self.folds != ALWAYS)
        logits[is_free] = features[is_free] @ found.weight.T + found.bias
        return found


def _nothing(items: int, outputs: int, width: int) -> LinearHead:
    """Return the head of a column that no text is scored for: all its classes are as likely."""
    return LinearHead(
        weight=np.zeros((outputs, width), dtype=np.float32),
        bias=np.zeros(outputs, dtype=np.float32),
        strength=USUAL,
        scores={},
        held_out_logits=np.zeros((items, outputs), dtype=np.float32),
    )
