"""Few labelled texts become the better of two ways to learn from all of them, by cross-validation.

The frozen encoder with a linear head, and fine-tuning that starts from such a head, each answer
every training text by a model that did not learn from it. The better one learns from all texts.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import DataError, NumericsError
from textune.evaluation import preferring
from textune.metrics import written
from textune.objectives.labelled import Labelled
from textune.probing import heads
from textune.probing.features import features
from textune.probing.remedies import NOTHING
from textune.recipes import (
    affording,
    ahead,
    averaged,
    mean_worth,
    out_of_fold,
    probed,
    refitted,
    remedied,
    selected,
)
from textune.recipes.averaged import Mean
from textune.recipes.guarded import Guard
from textune.recipes.out_of_fold import Candidate, Logits, Outcome, Rows
from textune.recipes.part_training import Trainer
from textune.recipes.refitted import Refit
from textune.recipes.remedied import Compared
from textune.records import LinearHead, Message
from textune.runs.curves import FROZEN, TUNED
from textune.runs.events import AuxiliaryStep
from textune.settings import judging
from textune.settings.config import Settings
from textune.settings.language_config import RunSettings
from textune.splits import folds
from textune.tasks import registry
from textune.tasks.interface import Task
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
    if found is not None and is_averaged and found.best.name == TUNED:
        found = None if averaged.read(folder) is None else found  # damaged
    if found is None:
        found, mean = yield from _cross_validated(learner, corpus, encoder or learner.encoder)
        if is_averaged and found.best.name == TUNED:
            averaged.write(folder, mean.weights())
        out_of_fold.write(folder, found, key)
    else:
        yield Message("cross-validation: finished before, not repeated")
    yield from selected.unjudged(corpus, found)
    yield Message(selected.words(learner, corpus, found))
    best = found.best
    remedied.take(learner, corpus, best.remedy)
    learner.is_frozen = best.name == FROZEN
    if best.retry is not None and not goes_on:
        starting_over.take(learner, best.retry)
    if found.head is not None and not goes_on:
        heads.install(learner.encoder, found.head)
        learner.model.reload()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the last layer reads of the frozen encoder."""

    features: Logits  # (I, D) of the items of all training texts
    names: Logits | None  # (C, D) of what labels are called

    @classmethod
    def of(cls, learner: Learner, corpus: Corpus, encoder: Encoder) -> "_Known":
        rows = corpus.split.train
        with ahead.importing(with_report=learner.settings.train.effort == "quick"):
            read = features(encoder, corpus.store, rows, micro_tokens=learner.micro_tokens)
        return cls(read, probed.named(encoder, corpus))


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
    of_fold = _deal(corpus, count, _seed_of_rows(learner))
    is_judged = of_fold != folds.ALWAYS
    candidates, head, known, name = [], None, None, NOTHING
    measured: tuple[Mapping[str, Any], ...] = ()
    if (train.probe or train.effort == "quick") and heads.can_probe(corpus.task, encoder):
        known = _Known.of(learner, corpus, encoder)
        fit, found = _remedied(learner, corpus, known, of_fold)
        if found is not None:
            name, measured = found.taken, (found.told(),)
            yield Message(found.words)
            remedied.take(learner, corpus, name)
        head, count = fit.head, len(_numbers(of_fold))
        candidates.append(Candidate(FROZEN, fit.logits, count, seed, remedy=name))
        yield Message(selected.frozen_words(learner, corpus, candidates[0], is_judged, began))
    mean = Mean.of(encoder)
    if candidates and (train.effort == "quick" or not train.epochs):
        return Outcome(tuple(candidates), of_fold, is_judged, 0, head, measured), mean
    tuned = yield from _tuned(learner, corpus, encoder, known, head, mean)
    if tuned is not None:
        candidates.append(replace(tuned, remedy=name))
    for each in candidates:
        is_judged = is_judged & out_of_fold.is_answered(corpus, each.logits)
    chosen = _best(learner, corpus, candidates, is_judged)
    told = measured, mean.is_sound
    return Outcome(tuple(candidates), of_fold, is_judged, chosen, head, *told), mean


@dataclass(frozen=True, slots=True)
class _Fit:
    """A linear head of all texts, and what heads without its own fold say of each."""

    head: LinearHead
    logits: Logits
    strengths: Mapping[int, float]  # fold → strength of the head without it, where it has its own


def _remedied(
    learner: Learner, corpus: Corpus, known: _Known, of_fold: Rows
) -> tuple[_Fit, Compared | None]:
    """Fit the head with the remedy for rare labels that helps, and say what was measured."""
    first, *others = remedied.tasks(learner, corpus).items()
    plain = _frozen(learner, corpus, known, of_fold, first[1])
    if not others:
        return plain, None
    fits = {
        name: _frozen(learner, corpus, known, of_fold, task, like=plain) for name, task in others
    }
    logits = {NOTHING: plain.logits} | {name: fit.logits for name, fit in fits.items()}
    found = remedied.compare(learner, corpus, of_fold, logits)
    return fits.get(found.taken, plain), found


def _frozen(
    learner: Learner,
    corpus: Corpus,
    known: _Known,
    of_fold: Rows,
    task: Task,
    *,
    like: _Fit | None = None,
) -> _Fit:
    """Fit the head on all texts, and let heads without its own fold answer each.

    They are as strongly regularised as others, where these are given.
    """
    rows, borders = corpus.split.train, out_of_fold.borders_of(corpus, corpus.split.train)
    per_item = np.repeat(of_fold, np.diff(borders))
    fit = partial(_fit, learner, corpus, known, per_item=per_item, task=task)
    head = fit(np.arange(len(rows)), strength=None if like is None else like.head.strength)
    if len(rows) >= affording.FEW and head.held_out_logits is not None:
        return _Fit(head, head.held_out_logits, {})
    logits = np.full((int(borders[-1]), len(head.bias)), np.nan, dtype=np.float32)
    strengths = {}
    for fold in _numbers(of_fold):
        strength = None if like is None else like.strengths.get(fold)
        part = fit(np.flatnonzero(of_fold != fold), strength=strength)
        items = np.flatnonzero(per_item == fold)
        logits[items] = known.features[items] @ part.weight.T + part.bias
        strengths[fold] = part.strength
    return _Fit(head, logits, strengths)


def _fit(
    learner: Learner,
    corpus: Corpus,
    known: _Known,
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


def _tuned(
    learner: Learner,
    corpus: Corpus,
    encoder: Encoder,
    known: _Known | None,
    head: LinearHead | None,
    mean: Mean,
) -> Generator[Message | AuxiliaryStep, None, Candidate | None]:
    """Fine-tune once for each fold on the others, from a head that did not see it either.

    With the most effort by several seeds: then the mean of the logits answers for a text.
    """
    seed, train = learner.settings.seed, learner.settings.train
    seeds = range(seed, seed + (judging.SEEDS if train.effort == "best" else 1))
    assert isinstance(learner.objective, Labelled)
    guard = Guard(may_retry=train.retry)
    refits = known is not None and train.refit and refitted.can_refit(corpus.task)
    objective = replace(learner.objective, corpus=corpus)
    trainer = Trainer.of(objective, encoder, guard=guard, refits=refits, room=learner.room)
    count = affording.folds(learner.settings.train.epochs, corpus, encoder.config)
    of_fold = _deal(corpus, count, _seed_of_rows(learner))
    answers: list[Logits] = []
    try:
        for one in seeds:
            settings = learner.settings.model_copy(update={"seed": one})
            of = "" if len(seeds) == 1 else f" with seed {one}"
            answers.append(
                (yield from _by_folds(learner, trainer, known, settings, of_fold, of, mean))
            )
        anew = head if refits else None
        mean.is_sound = mean_worth.is_sound(learner, corpus, encoder, mean, answers[0], anew)
    except NumericsError as error:
        if known is None:  # there is no other candidate
            raise
        yield from guard.told()
        yield Message(f"fine-tuning is no candidate: {error}", is_warning=True)
        return None
    finally:
        trainer.restore()
        learner.model.reload()
    logits = np.mean(answers, axis=0)
    tuned = Candidate(TUNED, logits, len(_numbers(of_fold)), seed, guard.retry)
    return _refitted(tuned, corpus, head) if head is not None and refits else tuned


def _by_folds(
    learner: Learner,
    trainer: Trainer,
    known: _Known | None,
    settings: RunSettings,
    of_fold: Rows,
    of: str,
    mean: Mean,
) -> Generator[Message | AuxiliaryStep, None, Logits]:
    """Let each text be answered by an encoder that was fine-tuned without its fold."""
    borders = out_of_fold.borders_of(trainer.corpus, trainer.corpus.split.train)
    logits: Logits | None = None
    for fold, place in _counted(of_fold, of):
        began = time.perf_counter()
        what = f"cross-validation of fine-tuning{place}"
        found = yield from _without(learner, trainer, known, settings, of_fold, fold, what)
        mean.add(trainer.encoder)
        if logits is None:
            logits = np.full((int(borders[-1]), found.shape[1]), np.nan, dtype=np.float32)
        logits[out_of_fold.items_of(borders, np.flatnonzero(of_fold == fold))] = found
        if trainer.guard is not None:
            yield from trainer.guard.told()
        yield Message(f"{what}, {written.clock(time.perf_counter() - began)}")
    assert logits is not None
    return logits


def _refitted(found: Candidate, corpus: Corpus, head: LinearHead) -> Candidate:
    """Scale what heads that were fitted anew said, so that they are as sure as they are right."""
    scale = refitted.scale_of(corpus.task, found.logits, corpus.targets[corpus.split.train])
    logits = np.float32(scale) * found.logits
    return replace(found, logits=logits, refit=Refit(head.reads_names, scale))


def _counted(of_fold: Rows, of: str) -> Iterator[tuple[int, str]]:
    """Yield the folds that have texts, each with its place in words."""
    numbers = _numbers(of_fold)
    for number, fold in enumerate(numbers, start=1):
        yield fold, f"{of}: fold {number} of {len(numbers)}"


def _without(
    learner: Learner,
    trainer: Trainer,
    known: _Known | None,
    settings: RunSettings,
    of_fold: Rows,
    fold: int,
    what: str,
) -> Generator[AuxiliaryStep, None, Logits]:
    """Fine-tune on all folds but one; return the logits of the items of that one."""
    corpus = trainer.corpus
    rows, borders = corpus.split.train, out_of_fold.borders_of(corpus, corpus.split.train)
    learned, held_out = np.flatnonzero(of_fold != fold), np.flatnonzero(of_fold == fold)
    per_item = np.repeat(of_fold, np.diff(borders))
    task, head = trainer.objective.task, None
    if known is not None:
        head = _fit(learner, corpus, known, learned, per_item, task=task)
    return (yield from trainer.answer(rows[learned], rows[held_out], settings, head, what=what))


def _seed_of_rows(learner: Learner) -> int:
    assert isinstance(learner.settings, Settings)
    return judging.seed_of_rows(learner.settings)


def _deal(corpus: Corpus, count: int, seed: int) -> Rows:
    """Deal the training texts into folds.

    Raises:
        DataError: They are too few, or too many must stay together.
    """
    texts = corpus.part("train")
    if not registry.of(corpus.task.name).has_classes:  # numbers are not kept in proportion
        texts = [replace(item, label=None) for item in texts]
    found = folds.deal_most(texts, count, seed=seed)
    if found is None:
        raise DataError(
            f"{corpus.table.name}: the {len(texts):,} training texts cannot be dealt into folds "
            "(equal texts and equal groups stay together, and a label's only text is always "
            "learned from); add rows, or give texts to validate by as a file (--valid)"
        )
    return found


def _numbers(of_fold: Rows) -> list[int]:
    """List the folds that have texts."""
    return [number for number in np.unique(of_fold).tolist() if number != folds.ALWAYS]


def _best(
    learner: Learner, corpus: Corpus, candidates: list[Candidate], is_judged: NDArray[np.bool_]
) -> int:
    """Return the place of the candidate that is expected to be the best."""
    assert isinstance(learner.objective, Labelled)
    metric, best = learner.objective.metric, 0
    scores = [out_of_fold.scores(corpus, one.logits, is_judged) for one in candidates]
    for place in range(1, len(candidates)):
        other, texts = scores[place]
        if preferring.is_better(corpus.task, metric, other, scores[best][0], texts):
            best = place
    return best
