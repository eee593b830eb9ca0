"""A fine-tuned encoder gets a linear head that is fitted anew on what it reads of the texts.

Gradient descent makes few texts ever more certain; a regularised head does not, and it learns from
the names of labels, too.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.probing import heads
from textune.probing.features import features
from textune.recipes import probed
from textune.tasks import registry, strengths
from textune.tasks.interface import Task

NAME_WEIGHT = 8.0  # of a label's name, beside a text: more than beside frozen features

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Refit:
    """How the head of a fine-tuned encoder is fitted anew."""

    reads_names: bool  # whether it learns from the names of labels
    scale: float = 1.0  # of its logits, so that they are as sure as they are right


def can_refit(task: Task) -> bool:
    """Tell whether such a head answers a task's texts better than the fine-tuned one."""
    return registry.of(task.name).refits


def install(
    encoder: Encoder,
    corpus: Corpus,
    task: Task,
    rows: Rows,
    refit: Refit,
    *,
    seed: int,
    micro_tokens: int,
) -> None:
    """Fit the head of an encoder on texts that it was fine-tuned on, and write it there.

    Its strength is the usual one: texts that were learned from cannot choose it.

    Args:
        encoder: With the weights that fine-tuning left.
        corpus: That has the texts.
        task: That of the run, with its weights of classes.
        rows: Of the texts in the corpus.
        refit: What it learns from, and how its logits are scaled.
        seed: Draws items where they are many.
        micro_tokens: Computed at once.
    """
    encoder.release()
    read = features(encoder, corpus.store, rows, micro_tokens=micro_tokens)
    targets, weights = corpus.targets[rows], corpus.weights_of(rows)
    names = probed.named(encoder, corpus) if refit.reads_names else None
    if names is not None:
        own = np.ones(len(rows)) if weights is None else weights
        weights = np.concatenate([own, np.full(len(names), NAME_WEIGHT * own.mean())])
        read, targets = np.concatenate([read, names]), np.append(targets, np.arange(len(names)))
    head = heads.fit(
        task,
        read,
        targets,
        seed=seed,
        weights=weights,
        folds=np.full(len(read), strengths.ALWAYS),
        strengths=(strengths.USUAL,),
    )
    scale = np.float32(refit.scale)
    heads.install(encoder, replace(head, weight=scale * head.weight, bias=scale * head.bias))


def scale_of(task: Task, logits: NDArray[np.float32], targets: NDArray[Any]) -> float:
    """Return by how much logits of held-out items are to be multiplied; 1 where they are not.

    Args:
        task: That the logits answer.
        logits: (I, C), NaN of items that were never held out.
        targets: (I,) classes.
    """
    is_judged = np.isfinite(logits).all(axis=1) & (targets >= 0)
    if not registry.of(task.name).judged.is_exclusive or not is_judged.any():
        return 1.0
    mine, truth = logits[is_judged].astype(np.float64), targets[is_judged].astype(np.int64)

    def loss(power: float) -> float:
        scaled = np.exp(power) * mine
        return float((special.logsumexp(scaled, axis=1) - scaled[of, truth]).mean())

    of = np.arange(len(mine))
    return float(np.exp(strengths.likeliest_power(loss, len(mine))))
