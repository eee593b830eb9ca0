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
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit the rows of each column as for one label a text, by the texts that it is scored for.

    How strongly it is regularised, and how sure its logits are, is chosen for each.

    Args:
        task: With its columns.
        features: (I, D).
        targets: (I, C).
        seed: As for `kind.Probe`; so are weights, folds and strengths.
        weights: (I,).
        folds: (I,).
        strengths: That are tried.
    """
    parts = [
        _of_column(task, features, targets, at, seed=seed, weights=weights, folds=folds,
                   strengths=strengths)
        for at in task.places.values()
    ]  # fmt: skip
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
    )


def _of_column(
    task: Aspects,
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    at: NDArray[np.int64],
    *,
    seed: int,
    weights: Floats | None,
    folds: NDArray[np.int64] | None,
    strengths: Sequence[float] | None,
) -> LinearHead:
    mine = targets[:, at]
    is_scored = ~np.isnan(mine).any(axis=1)
    classes = np.where(is_scored, np.nan_to_num(mine).argmax(axis=1), UNKNOWN)
    is_known = is_scored & np.isfinite(features).all(axis=1)
    is_known &= True if weights is None else weights > 0
    if not is_known.any():
        return _nothing(len(features), len(at), features.shape[1])
    own = task.weights_of(at)
    of_class = None if own is None else np.asarray(own)[classes.clip(min=0)]
    found = linear.classes(
        features,
        classes,
        outputs=len(at),
        seed=seed,
        weights=probes.weights_of(weights, of_class, task.copies(targets)),
        folds=folds,
        criterion=task.criterion,
        strengths=strengths,
    )
    logits = found.held_out_logits
    if logits is None:
        return found
    # texts of which this column is not scored were not learned from, whatever their fold
    is_free = ~is_scored & (True if folds is None else folds != ALWAYS)
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
