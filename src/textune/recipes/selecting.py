"""Few labelled texts become the better of two ways to learn from all of them, by cross-validation.

The frozen encoder with a linear head, and fine-tuning that starts from such a head, each answer
every training text by a model that did not learn from it. The better one learns from all texts.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import DataError, NumericsError, some
from textune.evaluation import preferring
from textune.metrics import catalogue, written
from textune.objectives.labelled import Labelled
from textune.probing import heads
from textune.probing.features import features
from textune.recipes import affording, averaged, out_of_fold, probed
from textune.recipes.averaged import Mean
from textune.recipes.guarded import Guard
from textune.recipes.out_of_fold import Candidate, Logits, Outcome, Rows
from textune.recipes.part_training import Trainer
from textune.records import LinearHead, Message
from textune.runs.curves import FROZEN, TUNED
from textune.settings import judging
from textune.settings.config import Settings
from textune.settings.language_config import RunSettings
from textune.splits import folds, strata
from textune.tasks import registry
from textune.training import starting_over
from textune.training.learner import Learner

FOLDS = 5
NESTED = 200  # texts; of fewer each fold's head has a strength of its own
SHOWN = 5  # labels that are named
SEEDS = 3  # of the most effort
NAMES = {FROZEN: "linear head on the frozen encoder", TUNED: "fine-tuning"}


def select(
    learner: Learner, corpus: Corpus, folder: Path, *, goes_on: bool, encoder: Encoder | None = None
) -> Iterator[Message]:
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
    yield from _unjudged(corpus, found)
    yield Message(_words(learner, corpus, found))
    best = found.best
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
        read = features(encoder, corpus.store, rows, micro_tokens=learner.micro_tokens)
        return cls(read, probed.named(encoder, corpus))


def _cross_validated(
    learner: Learner, corpus: Corpus, encoder: Encoder
) -> Generator[Message, None, tuple[Outcome, Mean]]:
    """Let each candidate answer every text that it did not learn from, and choose one.

    Returns:
        What was found, and the mean of the encoders that were fine-tuned without a fold.
    """
    began = time.perf_counter()
    seed, train = learner.settings.seed, learner.settings.train
    of_fold = _deal(corpus, FOLDS, _seed_of_rows(learner))
    is_judged = of_fold != folds.ALWAYS
    candidates, head, known = [], None, None
    if (train.probe or train.effort == "quick") and heads.can_probe(corpus.task, encoder):
        known = _Known.of(learner, corpus, encoder)
        head, logits = _frozen(learner, corpus, known, of_fold)
        candidates.append(Candidate(FROZEN, logits, len(_numbers(of_fold)), seed))
        yield Message(_frozen_words(learner, corpus, candidates[0], is_judged, began))
    mean = Mean.of(encoder)
    if candidates and (train.effort == "quick" or not train.epochs):
        return Outcome(tuple(candidates), of_fold, is_judged, 0, head), mean
    found = yield from _tuned(learner, corpus, encoder, known, mean)
    if found is not None:
        candidates.append(found)
    for each in candidates:
        is_judged = is_judged & _is_answered(corpus, each.logits)
    chosen = _best(learner, corpus, candidates, is_judged)
    return Outcome(tuple(candidates), of_fold, is_judged, chosen, head), mean


def _frozen(
    learner: Learner, corpus: Corpus, known: _Known, of_fold: Rows
) -> tuple[LinearHead, Logits]:
    """Fit the head on all texts, and let heads without its own fold answer each."""
    rows, borders = corpus.split.train, out_of_fold.borders_of(corpus, corpus.split.train)
    per_item = np.repeat(of_fold, np.diff(borders))
    head = _fit(learner, corpus, known, np.arange(len(rows)), per_item)
    if len(rows) >= NESTED and head.held_out_logits is not None:
        return head, head.held_out_logits
    logits = np.full((int(borders[-1]), len(head.bias)), np.nan, dtype=np.float32)
    for fold in _numbers(of_fold):
        part = _fit(learner, corpus, known, np.flatnonzero(of_fold != fold), per_item)
        items = np.flatnonzero(per_item == fold)
        logits[items] = known.features[items] @ part.weight.T + part.bias
    return head, logits


def _fit(
    learner: Learner, corpus: Corpus, known: _Known, places: Rows, per_item: Rows
) -> LinearHead:
    """Fit the head on some of the training texts; their other folds choose its strength."""
    rows = corpus.split.train
    items = out_of_fold.items_of(out_of_fold.borders_of(corpus, rows), places)
    weights = corpus.weights_of(rows)
    assert isinstance(learner.objective, Labelled)
    return heads.fit(
        learner.objective.task,
        known.features[items],
        corpus.targets[rows][items],
        seed=learner.settings.seed,
        weights=None if weights is None else weights[items],
        folds=per_item[items],
        names=known.names,
    )


def _tuned(
    learner: Learner, corpus: Corpus, encoder: Encoder, known: _Known | None, mean: Mean
) -> Generator[Message, None, Candidate | None]:
    """Fine-tune once for each fold on the others, from a head that did not see it either.

    With the most effort by several seeds: then the mean of the logits answers for a text.
    """
    seed, borders = learner.settings.seed, out_of_fold.borders_of(corpus, corpus.split.train)
    seeds = range(seed, seed + (SEEDS if learner.settings.train.effort == "best" else 1))
    assert isinstance(learner.objective, Labelled)
    guard = Guard(may_retry=learner.settings.train.retry)
    trainer = Trainer.of(replace(learner.objective, corpus=corpus), encoder, guard=guard)
    of_fold = _deal(corpus, _count(learner, corpus), _seed_of_rows(learner))
    answers: list[Logits] = []
    try:
        for one in seeds:
            settings = learner.settings.model_copy(update={"seed": one})
            logits: Logits | None = None
            for fold, of in _counted(of_fold, "" if len(seeds) == 1 else f" with seed {one}"):
                began = time.perf_counter()
                found = _without(learner, corpus, trainer, known, settings, of_fold, fold)
                mean.add(encoder)
                if logits is None:
                    logits = np.full((int(borders[-1]), found.shape[1]), np.nan, dtype=np.float32)
                logits[out_of_fold.items_of(borders, np.flatnonzero(of_fold == fold))] = found
                seconds = written.clock(time.perf_counter() - began)
                yield from guard.told()
                yield Message(f"cross-validation of fine-tuning{of}, {seconds}")
            assert logits is not None
            answers.append(logits)
    except NumericsError as error:
        if known is None:  # there is no other candidate
            raise
        yield from guard.told()
        yield Message(f"fine-tuning is no candidate: {error}", is_warning=True)
        return None
    finally:
        trainer.restore()
        learner.model.reload()
    return Candidate(TUNED, np.mean(answers, axis=0), len(_numbers(of_fold)), seed, guard.retry)


def _counted(of_fold: Rows, of: str) -> Iterator[tuple[int, str]]:
    """Yield the folds that have texts, each with its place in words."""
    numbers = _numbers(of_fold)
    for number, fold in enumerate(numbers, start=1):
        yield fold, f"{of}: fold {number} of {len(numbers)}"


def _without(
    learner: Learner,
    corpus: Corpus,
    trainer: Trainer,
    known: _Known | None,
    settings: RunSettings,
    of_fold: Rows,
    fold: int,
) -> Logits:
    """Fine-tune on all folds but one; return the logits of the items of that one."""
    rows, borders = corpus.split.train, out_of_fold.borders_of(corpus, corpus.split.train)
    learned, held_out = np.flatnonzero(of_fold != fold), np.flatnonzero(of_fold == fold)
    per_item = np.repeat(of_fold, np.diff(borders))
    head = None if known is None else _fit(learner, corpus, known, learned, per_item)
    return trainer.answer(rows[learned], rows[held_out], settings, head)


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


def _count(learner: Learner, corpus: Corpus) -> int:
    """Say into how many folds fine-tuning can afford to part the texts.

    Decided from counts of weights and tokens, not by the clock, so that a run can be repeated.
    """
    passes, most = (
        learner.settings.train.epochs,
        affording.most_passes(corpus, learner.encoder.config),
    )
    counts = range(FOLDS, affording.FEWEST, -1)
    return next((count for count in counts if count * passes <= most), affording.FEWEST)


def _is_answered(corpus: Corpus, logits: Logits) -> NDArray[np.bool_]:
    """Tell which texts have an answer for any of their items; (N,)."""
    borders = out_of_fold.borders_of(corpus, corpus.split.train)
    known = np.concatenate([[0], np.cumsum(np.isfinite(logits).all(axis=1))])
    return np.asarray((np.diff(known[borders]) > 0) | (np.diff(borders) == 0))


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


def _value(
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


def _unjudged(corpus: Corpus, found: Outcome) -> Iterator[Message]:
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


def _frozen_words(
    learner: Learner,
    corpus: Corpus,
    candidate: Candidate,
    is_judged: NDArray[np.bool_],
    began: float,
) -> str:
    seconds = written.clock(time.perf_counter() - began)
    return (
        f"{NAMES[FROZEN]}: {_value(learner, corpus, candidate, is_judged)} by "
        f"{candidate.folds}-fold cross-validation of {int(is_judged.sum()):,} texts, {seconds}: "
        "what you get without fine-tuning"
    )


def _words(learner: Learner, corpus: Corpus, found: Outcome) -> str:
    """Say what learns from all texts, and why."""
    best = found.best
    every = f"all {len(corpus.split.train):,} texts"
    if len(found.candidates) == 1:
        name = NAMES[best.name]
        return f"{name}: trained on {every}, judged by {best.folds}-fold cross-validation"
    values = [
        f"{NAMES[one.name]} {_value(learner, corpus, one, found.is_judged)}"
        for one in found.candidates
    ]
    said = f"cross-validation: {'; '.join(values)}"
    if best.name == FROZEN:
        return (
            f"{said}: fine-tuning is not better; the frozen encoder with the linear head, fitted "
            f"on {every}, is what is saved"
        )
    said = f"{said}: fine-tuning learns from {every}"
    if not learner.settings.train.average:
        return said
    return f"{said}, and its weights become the mean of these and of the {best.folds} folds'"
