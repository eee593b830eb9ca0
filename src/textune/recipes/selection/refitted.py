"""A fine-tuned encoder gets a linear head that is fitted anew on what it reads of the texts.

Gradient descent makes few texts ever more certain; a regularised head does not, and it learns from
the names of labels, too.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.probing import heads
from textune.probing.features import features
from textune.recipes.selection import probed
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.tasks.named_items import NamedItems

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
    from textune.tasks import strengths  # scipy: a while to import

    encoder.release()
    read = features(encoder, corpus.store, rows, micro_tokens=micro_tokens)
    targets, weights = corpus.targets[rows], corpus.weights_of(rows)
    names = probed.named(encoder, corpus) if refit.reads_names else None
    shares = corpus.shares_of(rows)
    if names is not None:
        items = NamedItems.of(names, NAME_WEIGHT)
        own = np.ones(len(rows)) if weights is None else weights
        weights = np.concatenate([own, items.weights * own.mean()])
        read = np.concatenate([read, items.features])
        targets = np.concatenate([targets, registry.of(task.name).of_names(task)[items.labels]])
        if shares is not None:
            shares = np.concatenate([shares, np.eye(len(names), dtype=shares.dtype)[items.labels]])
    head = heads.fit(
        task,
        read,
        targets,
        seed=seed,
        weights=weights,
        folds=np.full(len(read), strengths.ALWAYS),
        shares=shares,
        strengths=(strengths.USUAL,),
    )
    scale = np.float32(refit.scale)
    heads.install(encoder, replace(head, weight=scale * head.weight, bias=scale * head.bias))


def scale_of(task: Task, logits: NDArray[np.float32], targets: NDArray[Any]) -> float:
    """Return by how much logits of held-out items are to be multiplied; 1 where they are not.

    Args:
        task: That the logits answer.
        logits: (I, C), NaN of items that were never held out.
        targets: Of the items, as the task has them.
    """
    from textune.tasks import strengths  # scipy: a while to import

    kind = registry.of(task.name)
    parts = []
    for outputs, classes in kind.exclusive(task, targets) if kind.refits else ():
        mine = logits[:, outputs].astype(np.float64)
        is_judged = np.isfinite(mine).all(axis=1) & (classes >= 0)
        if is_judged.any():
            parts.append((mine[is_judged], classes[is_judged].astype(np.int64)))
    if not parts:
        return 1.0

    def loss(power: float) -> float:
        return float(np.mean([_cross_entropy(np.exp(power) * mine, of) for mine, of in parts]))

    count = round(float(np.mean([len(of) for _, of in parts])))
    return float(np.exp(strengths.likeliest_power(loss, count)))


def _cross_entropy(logits: NDArray[np.float64], classes: Rows) -> float:
    from scipy import special  # a while to import

    own = logits[np.arange(len(classes)), classes]
    return float((special.logsumexp(logits, axis=1) - own).mean())
