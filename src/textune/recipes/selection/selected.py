"""What cross-validation found of the ways to learn becomes lines that say so."""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.errors import some
from textune.metrics import catalogue, written
from textune.objectives.labelled import Labelled
from textune.recipes.selection import out_of_fold
from textune.recipes.selection.out_of_fold import Candidate, Outcome
from textune.recipes.selection.probed import told_names
from textune.records import Message
from textune.runs.curves import CONTRASTED, FROZEN, TUNED
from textune.splits import strata
from textune.training.learner import Learner

SHOWN = 5  # labels that are named
NAMES = {
    FROZEN: "linear head on the frozen encoder",
    TUNED: "fine-tuning",
    CONTRASTED: "fine-tuning with a contrastive loss",
}


def value(
    learner: Learner, corpus: Corpus, candidate: Candidate, is_judged: NDArray[np.bool_]
) -> str:
    """Say what a candidate scored."""
    assert isinstance(learner.objective, Labelled)
    metric = learner.objective.metric
    found, texts = out_of_fold.scores(corpus, candidate.logits, is_judged)
    report = corpus.task.judge(found, texts)
    names = dict.fromkeys([metric, *({"accuracy"} & report.keys())])
    values = [(name, catalogue.value(report, name)) for name in names]
    return ", ".join(
        f"{catalogue.title(name)} {'–' if value is None else written.decimals(value)}"
        for name, value in values
    )


def _is_lower(learner: Learner, corpus: Corpus, found: Outcome) -> bool:
    """Tell whether the chosen candidate scored less than the first one."""
    assert isinstance(learner.objective, Labelled)
    metric, values = learner.objective.metric, []
    for one in (found.best, found.candidates[0]):
        report = corpus.task.judge(*out_of_fold.scores(corpus, one.logits, found.is_judged))
        values.append(catalogue.value(report, metric))
    best, first = values
    if best is None or first is None or best == first:
        return False
    return catalogue.is_better_higher(metric) is (best < first)


def unjudged(corpus: Corpus, found: Outcome) -> Iterator[Message]:
    """Name the labels of texts that no model was judged by."""
    rows = corpus.split.train[~found.is_judged].tolist()
    if not rows:
        return
    names = dict.fromkeys(name for row in rows for name in strata.label_names(corpus.examples[row]))
    texts = "1 text is" if len(rows) == 1 else f"{len(rows):,} texts are"
    of = f" ({some(list(map(repr, names)), SHOWN)})" if names else ""
    yield Message(
        f"{texts} not judged: a label{of} is in one fold alone, and no score speaks of it; give "
        "more rows of it",
        is_warning=True,
    )


def frozen_words(
    learner: Learner,
    corpus: Corpus,
    candidate: Candidate,
    is_judged: NDArray[np.bool_],
    began: float,
) -> str:
    """Say what the frozen encoder scored, and that this is to be had without fine-tuning."""
    seconds = written.clock(time.perf_counter() - began)
    return (
        f"{NAMES[FROZEN]}: {value(learner, corpus, candidate, is_judged)} by "
        f"{candidate.folds}-fold cross-validation of {int(is_judged.sum()):,} texts, {seconds}: "
        "what you get without fine-tuning"
    )


def words(learner: Learner, corpus: Corpus, found: Outcome) -> str:
    """Say what learns from all texts, and why."""
    best = found.best
    every = f"all {len(corpus.split.train):,} texts"
    if len(found.candidates) == 1:
        name = NAMES[best.name]
        return f"{name}: trained on {every}, judged by {best.folds}-fold cross-validation"
    values = [
        f"{NAMES[one.name]} {value(learner, corpus, one, found.is_judged)}"
        for one in found.candidates
    ]
    said = f"cross-validation: {'; '.join(values)}"
    if best.name == FROZEN:
        return (
            f"{said}: fine-tuning is not better; the frozen encoder with the linear head, fitted "
            f"on {every}, is what is saved"
        )
    if _is_lower(learner, corpus, found):
        said += "; fine-tuning is not clearly worse, and fewer texts than all show less of it"
    said = f"{said}: {NAMES[best.name]} learns from {every}"
    if learner.settings.train.average and found.averages:
        said += f", and its weights become the mean of these and of the {best.folds} folds'"
    elif learner.settings.train.average:
        said += ", and these are its weights: the mean of the folds' answers worse than they do"
    if best.refit is None:
        return said
    of_names = f", and of {told_names(learner.encoder)}" if best.refit.reads_names else ""
    return f"{said}; then the head is fitted anew on what it reads of them{of_names}"
