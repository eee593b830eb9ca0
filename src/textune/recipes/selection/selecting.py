"""Few labelled texts become the best of some ways to learn from all of them, by cross-validation.

The frozen encoder with a linear head, and fine-tuning that starts from such a head, each answer
every training text by a model that did not learn from it; fine-tuning may have a contrastive loss.
The best way learns from all texts.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.evaluation import preferring
from textune.objectives.labelled import Labelled
from textune.probing import heads
from textune.probing.remedies import NOTHING
from textune.recipes.selection import (
    affording,
    averaged,
    contrasting,
    deal,
    folded_heads,
    folded_tuning,
    out_of_fold,
    remedied,
    selected,
)
from textune.recipes.selection.averaged import Mean
from textune.recipes.selection.folded_heads import Known
from textune.recipes.selection.out_of_fold import Candidate, Outcome
from textune.records import Message
from textune.runs.curves import FROZEN
from textune.runs.events import AuxiliaryStep
from textune.splits import folds
from textune.training import starting_over
from textune.training.learner import Learner


def select(
    learner: Learner, corpus: Corpus, folder: Path, *, goes_on: bool, encoder: Encoder | None = None
) -> Iterator[Message | AuxiliaryStep]:
    """Find the better way by cross-validation, and prepare the learner for it.

    What was found lies in the run's folder, from where a run that was killed reads it again.

    Args:
        learner: Of all texts, before its first update.
        corpus: Without validation texts.
        folder: Of the run.
        goes_on: Whether some updates are done; then only how it goes on is looked up.
        encoder: With the weights of the base, where the learner has others already.

    Raises:
        DataError: The texts cannot be dealt into folds.
        StoppedError: A signal asked for it.
    """
    key = out_of_fold.key_of(learner.prints().values)
    found = out_of_fold.read(folder, None if goes_on else key)
    is_averaged = learner.settings.train.average
    if found is not None and is_averaged and found.best.name != FROZEN:
        found = None if averaged.read(folder) is None else found  # damaged
    if found is None:
        found, mean = yield from _cross_validated(learner, corpus, encoder or learner.encoder)
        if is_averaged and found.best.name != FROZEN:
            averaged.write(folder, mean.weights())
        out_of_fold.write(folder, found, key)
    else:
        yield Message("cross-validation: finished before, not repeated")
    yield from selected.unjudged(corpus, found)
    yield Message(selected.words(learner, corpus, found))
    best = found.best
    learner.found = {"remedy": best.remedy, "contrast": best.contrast}
    take(learner, corpus, learner.found)
    learner.is_frozen = best.name == FROZEN
    if best.retry is not None and not goes_on:
        starting_over.take(learner, best.retry)
    if found.head is not None and not goes_on:
        heads.install(learner.encoder, found.head)
        learner.model.reload()


def take(learner: Learner, corpus: Corpus, found: Mapping[str, Any]) -> None:
    """Let a learner learn from all texts as cross-validation has found, here or in another process.

    Args:
        learner: Of all texts.
        corpus: That has them.
        found: What `Learner.found` has.
    """
    remedied.take(learner, corpus, found["remedy"])
    contrasting.take(learner, found["contrast"])


def _cross_validated(
    learner: Learner, corpus: Corpus, encoder: Encoder
) -> Generator[Message | AuxiliaryStep, None, tuple[Outcome, Mean]]:
    """Let each candidate answer every text that it did not learn from, and choose one.

    Returns:
        What was found, and the mean of the encoders that were fine-tuned without a fold.
    """
    began = time.perf_counter()
    seed, train = learner.settings.seed, learner.settings.train
    tunes = train.effort != "quick"
    count = affording.folds_of_heads(train.epochs, corpus, encoder.config, tunes=tunes)
    of_fold = deal.deal(corpus, count, deal.seed_of_rows(learner))
    is_judged = of_fold != folds.ALWAYS
    candidates, head, known, name = [], None, None, NOTHING
    measured: tuple[Mapping[str, Any], ...] = ()
    if (train.probe or train.effort == "quick") and heads.can_probe(corpus.task, encoder):
        known = Known.of(learner, corpus, encoder)
        fit, found = folded_heads.fit_remedied(learner, corpus, known, of_fold)
        if found is not None:
            name, measured = found.taken, (found.told(),)
            yield Message(found.words)
            remedied.take(learner, corpus, name)
        head, count = fit.head, len(deal.numbers(of_fold))
        candidates.append(Candidate(FROZEN, fit.logits, count, seed, remedy=name))
        yield Message(selected.frozen_words(learner, corpus, candidates[0], is_judged, began))
    nothing = Mean.of(encoder)
    if candidates and (train.effort == "quick" or not train.epochs):
        return Outcome(tuple(candidates), of_fold, is_judged, 0, head, measured), nothing
    means = [nothing] * len(candidates)
    for tuned, mean in (yield from folded_tuning.tune(learner, corpus, encoder, known, head)):
        candidates.append(replace(tuned, remedy=name))
        means.append(mean)
    for each in candidates:
        is_judged = is_judged & out_of_fold.is_answered(corpus, each.logits)
    chosen = _best(learner, corpus, candidates, is_judged)
    told = measured, means[chosen].is_sound
    return Outcome(tuple(candidates), of_fold, is_judged, chosen, head, *told), means[chosen]


def _best(
    learner: Learner, corpus: Corpus, candidates: list[Candidate], is_judged: NDArray[np.bool_]
) -> int:
    """Return the place of the candidate that is expected to be the best."""
    assert isinstance(learner.objective, Labelled)
    metric, best = learner.objective.metric, 0
    scores = [out_of_fold.scores(corpus, one.logits, is_judged) for one in candidates]
    for place in range(1, len(candidates)):
        other, texts = scores[place]
        is_of_both = candidates[best].name != FROZEN  # fine-tuned, and another way to do so
        usual = contrasting.usual(corpus) if is_of_both else preferring.OF_TUNING
        if preferring.is_better(corpus.task, metric, other, scores[best][0], texts, usual):
            best = place
    return best
