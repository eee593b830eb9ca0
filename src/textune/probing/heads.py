"""Features and targets become a linear head, and a linear head the last layer of an encoder."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.model import Encoder
from textune.fast import libraries
from textune.probing.features import last_layer
from textune.records import LinearHead
from textune.tasks import label_texts, registry
from textune.tasks.interface import Task


def can_probe(task: Task, encoder: Encoder) -> bool:
    """Tell whether the head of an encoder ends in a linear layer that can be fitted by itself."""
    if task.own.loss is not None:  # such a head would make another one smaller
        return False
    return registry.of(task.name).probe is not None and last_layer(encoder) is not None


def fit(
    task: Task,
    features: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    seed: int,
    weights: NDArray[np.float64] | None = None,
    folds: NDArray[np.int64] | None = None,
    shares: NDArray[np.float32] | None = None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit a task's head on frozen features; its strength is chosen by cross-validation.

    So is whether the names of labels help, each as one more example of its label.

    Args:
        task: Of a kind that can be probed, as `can_probe` tells.
        features: (I, D) of texts or words, as `features` returns them.
        targets: (I,) or (I, C), as the task has them.
        seed: Deals folds.
        weights: (I,) of items in the loss; None: all 1.
        folds: (I,) fold of each item in cross-validation, -1 where it is always learned from;
            None: five, alike in their labels.
        shares: (I, C) of each class in what annotators said, beside folds; None: the targets are
            all that is known.
        names: (C, K, D) features of the labels' names and of words near them, for a task that can
            learn from them; NaN where a label has fewer than K texts.
        strengths: Of regularisation that are tried; None: the usual ones.
    """
    if shares is not None and folds is not None:
        return _of_shares(
            partial(fit, task, seed=seed, names=names, strengths=strengths),
            features,
            shares,
            weights=weights,
            folds=folds,
        )
    probe = registry.of(task.name).probe
    assert probe is not None, "a task that can be probed"
    given: dict[str, Any] = {"seed": seed, "weights": weights, "folds": folds}
    given["strengths"] = strengths
    with libraries.alone():
        plain = probe(task, features, targets, **given)
        if names is None or len(features) >= label_texts.MANY * len(names):
            return plain
        named = probe(task, features, targets, **given, names=names)
    if not plain.scores or not named.scores:
        return named
    return min(named, plain, key=lambda head: min(head.scores.values()))


def _of_shares(
    fit_rest: Callable[..., LinearHead],
    features: NDArray[np.float32],
    shares: NDArray[np.float32],
    *,
    weights: NDArray[np.float64] | None,
    folds: NDArray[np.int64],
) -> LinearHead:
    """Fit on each item once for each class that somebody gave it, by the share of those.

    The sum of such losses is the cross-entropy with the shares. All copies are in one fold.
    """
    items, classes = np.nonzero(shares > 0)
    own = shares[items, classes].astype(np.float64) * (1.0 if weights is None else weights[items])
    head = fit_rest(features[items], classes, weights=own, folds=folds[items])
    if head.held_out_logits is None:
        return head
    first = np.unique(items, return_index=True)[1]
    return replace(head, held_out_logits=head.held_out_logits[first])


@torch.no_grad()
def install(encoder: Encoder, head: LinearHead) -> None:
    """Write a linear head into the last layer of an encoder."""
    layer = last_layer(encoder)
    assert layer is not None, "a head that ends in a linear layer with a row for each label"
    assert layer.weight.shape == head.weight.shape
    layer.weight.copy_(torch.from_numpy(head.weight))
    layer.bias.copy_(torch.from_numpy(head.bias))
    encoder.refresh()
