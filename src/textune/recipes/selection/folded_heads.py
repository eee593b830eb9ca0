"""Heads on the frozen encoder: of all training texts, and of those without each fold."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.probing import heads
from textune.probing.features import features
from textune.probing.remedies import NOTHING
from textune.recipes.selection import affording, ahead, deal, out_of_fold, probed, remedied
from textune.recipes.selection.out_of_fold import Logits, Rows
from textune.recipes.selection.remedied import Compared
from textune.records import LinearHead
from textune.tasks.interface import Task
from textune.training.learner import Learner


@dataclass(frozen=True, slots=True)
class Known:
    """What the last layer reads of the frozen encoder."""

    features: Logits  # (I, D) of the items of all training texts
    names: Logits | None  # (C, D) of what labels are called

    @classmethod
    def of(cls, learner: Learner, corpus: Corpus, encoder: Encoder) -> "Known":
        """Read all training texts, and what their labels are called."""
        rows = corpus.split.train
        with ahead.importing(with_report=learner.settings.train.effort == "quick"):
            read = features(encoder, corpus.store, rows, micro_tokens=learner.micro_tokens)
        return cls(read, probed.named(encoder, corpus))


@dataclass(frozen=True, slots=True)
class Fit:
    """A linear head of all texts, and what heads without its own fold say of each."""

    head: LinearHead
    logits: Logits
    strengths: Mapping[int, float]  # fold → strength of the head without it, where it has its own


def fit_remedied(
    learner: Learner, corpus: Corpus, known: Known, of_fold: Rows
) -> tuple[Fit, Compared | None]:
    """Fit the head with the remedy for rare labels that helps, and say what was measured."""
    first, *others = remedied.tasks(learner, corpus).items()
    plain = fit_folds(learner, corpus, known, of_fold, first[1])
    if not others:
        return plain, None
    fits = {
        name: fit_folds(learner, corpus, known, of_fold, task, like=plain) for name, task in others
    }
    logits = {NOTHING: plain.logits} | {name: fit.logits for name, fit in fits.items()}
    found = remedied.compare(learner, corpus, of_fold, logits)
    return fits.get(found.taken, plain), found


def fit_folds(
    learner: Learner,
    corpus: Corpus,
    known: Known,
    of_fold: Rows,
    task: Task,
    *,
    like: Fit | None = None,
) -> Fit:
    """Fit the head on all texts, and let heads without its own fold answer each.

    They are as strongly regularised as others, where these are given.
    """
    rows, borders = corpus.split.train, out_of_fold.borders_of(corpus, corpus.split.train)
    per_item = np.repeat(of_fold, np.diff(borders))
    fit = partial(fit_one, learner, corpus, known, per_item=per_item, task=task)
    head = fit(np.arange(len(rows)), strength=None if like is None else like.head.strength)
    if len(rows) >= affording.FEW and head.held_out_logits is not None:
        return Fit(head, head.held_out_logits, {})
    logits = np.full((int(borders[-1]), len(head.bias)), np.nan, dtype=np.float32)
    strengths = {}
    for fold in deal.numbers(of_fold):
        strength = None if like is None else like.strengths.get(fold)
        part = fit(np.flatnonzero(of_fold != fold), strength=strength)
        items = np.flatnonzero(per_item == fold)
        logits[items] = known.features[items] @ part.weight.T + part.bias
        strengths[fold] = part.strength
    return Fit(head, logits, strengths)


def fit_one(
    learner: Learner,
    corpus: Corpus,
    known: Known,
    places: Rows,
    per_item: Rows,
    *,
    task: Task,
    strength: float | None = None,
) -> LinearHead:
    """Fit the head on some of the training texts; their other folds choose its strength."""
    rows = corpus.split.train
    items = out_of_fold.items_of(out_of_fold.borders_of(corpus, rows), places)
    weights = corpus.weights_of(rows)
    return heads.fit(
        task,
        known.features[items],
        corpus.targets[rows][items],
        seed=learner.settings.seed,
        weights=None if weights is None else weights[items],
        folds=per_item[items],
        shares=None if corpus.shares is None else corpus.shares[rows][items],
        names=known.names,
        strengths=None if strength is None else (strength,),
    )
