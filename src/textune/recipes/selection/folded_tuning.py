"""Fine-tuning answers each training text while it is not learned from: by folds."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import NumericsError, counted
from textune.evaluation import preferring
from textune.metrics import written
from textune.objectives.labelled import Labelled
from textune.recipes.selection import (
    affording,
    contrasting,
    deal,
    folded_heads,
    mean_worth,
    out_of_fold,
    refitted,
    selected,
)
from textune.recipes.selection.averaged import Mean
from textune.recipes.selection.folded_heads import Known
from textune.recipes.selection.guarded import Guard
from textune.recipes.selection.out_of_fold import Candidate, Logits, Rows
from textune.recipes.selection.part_training import Trainer
from textune.recipes.selection.refitted import Refit
from textune.records import LinearHead, Message
from textune.runs.curves import CONTRASTED, TUNED
from textune.runs.events import AuxiliaryStep
from textune.settings import judging
from textune.training.learner import Learner

RACED = 3  # the part of the folds by which a contrastive loss is compared with none

Told = Generator[Message | AuxiliaryStep, None, None]
Found = tuple[Candidate, Mean]


def tune(
    learner: Learner,
    corpus: Corpus,
    encoder: Encoder,
    known: Known | None,
    head: LinearHead | None,
) -> Generator[Message | AuxiliaryStep, None, list[Found]]:
    """Cross-validate fine-tuning; with a contrastive loss and without, where that is asked.

    The second way answers the texts of some folds, and those of the others where it is better.

    Args:
        learner: Of all texts.
        corpus: Without validation texts.
        encoder: With the weights that each training starts from; it is left as it was.
        known: What the frozen encoder reads of the texts; None where it has no linear head.
        head: Of all texts, on the frozen encoder.

    Returns:
        Each way that was cross-validated whole, with the mean of its models' weights, the simplest
        first.
    """
    guard = Guard(may_retry=learner.settings.train.retry)  # what it finds holds for all that follow
    first, *others = [
        Way.of(learner, corpus, encoder, known, head, weight, guard)
        for weight in contrasting.tried(learner, corpus, encoder)
    ]
    is_alone = known is None  # else the frozen encoder is a candidate, too
    found = yield from first.finished(may_fail=bool(others) or not is_alone)
    if not others:
        return [found] if found else []
    [second] = others
    if found is not None:
        raced = second.numbers[: max(1, len(second.numbers) // RACED)]
        if not (yield from second.answer(raced, may_fail=True)):
            return [found]
        is_better, words = _compared(first, second)
        yield Message(words)
        if not is_better:
            return [found]
    beside = yield from second.finished(may_fail=found is not None or not is_alone)
    both = [each for each in (beside, found) if each is not None]
    return sorted(both, key=lambda each: each[0].contrast)


def _compared(first: "Way", second: "Way") -> tuple[bool, str]:
    """Tell whether the second way is better by the texts that both have answered."""
    learner, corpus = first.learner, first.corpus
    assert isinstance(learner.objective, Labelled)
    ways = [way.candidate() for way in sorted((first, second), key=lambda way: -way.contrast)]
    is_judged = out_of_fold.is_answered(corpus, ways[0].logits)
    is_judged &= out_of_fold.is_answered(corpus, ways[1].logits)
    (ours, texts), (theirs, _) = (out_of_fold.scores(corpus, way.logits, is_judged) for way in ways)
    metric, usual = learner.objective.metric, contrasting.usual(corpus)
    is_wanted = preferring.is_better(corpus.task, metric, ours, theirs, texts, usual)
    if not is_wanted and first.contrast:  # in a tie the first stays
        back = -usual[0], usual[1]
        is_wanted = not preferring.is_better(corpus.task, metric, theirs, ours, texts, back)
    is_better = is_wanted is bool(second.contrast)
    scored = [selected.value(learner, corpus, way, is_judged) for way in ways]
    what = "it is kept" if is_wanted else "it is left out"
    if is_better:
        how = "with" if is_wanted else "without"
        what = f"so the other folds are fine-tuned {how} it, too"
    words = (
        f"a contrastive loss beside that of the labels: {scored[0]} with it, {scored[1]} without"
    )
    return is_better, f"{words}, by {counted(len(texts), 'text')} that were held out: {what}"


@dataclass(slots=True)
class Way:
    """Fine-tuning by one loss, once for each fold on the others."""

    learner: Learner
    corpus: Corpus
    encoder: Encoder
    known: Known | None
    head: LinearHead | None
    contrast: float  # weight of the contrastive loss
    of_fold: Rows
    guard: Guard
    mean: Mean
    answers: list[Logits] = field(default_factory=list)  # of each seed, (I, C)
    answered: set[int] = field(default_factory=set)  # folds

    @classmethod
    def of(
        cls,
        learner: Learner,
        corpus: Corpus,
        encoder: Encoder,
        known: Known | None,
        head: LinearHead | None,
        contrast: float,
        guard: Guard,
    ) -> "Way":
        """Deal the texts into folds."""
        count = affording.folds(learner.settings.train.epochs, corpus, encoder.config)
        of_fold = deal.deal(corpus, count, deal.seed_of_rows(learner))
        mean = Mean.of(encoder)
        return cls(learner, corpus, encoder, known, head, contrast, of_fold, guard, mean)

    @property
    def name(self) -> str:
        """Name the candidate that comes of it."""
        return CONTRASTED if self.contrast else TUNED

    @property
    def numbers(self) -> list[int]:
        """List the folds that have texts."""
        return deal.numbers(self.of_fold)

    @property
    def seeds(self) -> Sequence[int]:
        """List the seeds of the trainings; with the most effort the mean of several answers."""
        seed, effort = self.learner.settings.seed, self.learner.settings.train.effort
        return range(seed, seed + (judging.SEEDS if effort == "best" else 1))

    @property
    def refits(self) -> bool:
        """Tell whether each model's head is fitted anew at the end."""
        train = self.learner.settings.train
        return self.known is not None and train.refit and refitted.can_refit(self.corpus.task)

    def finished(self, *, may_fail: bool) -> Generator[Message | AuxiliaryStep, None, Found | None]:
        """Answer the texts of all folds; None where a gradient was not finite."""
        if not (yield from self.answer(self.numbers, may_fail=may_fail)):
            return None
        given = self.learner, self.corpus, self.encoder, self.mean, self.answers[0]
        trainer = self._trainer(None)
        try:
            self.mean.is_sound = mean_worth.is_sound(*given, self.head if self.refits else None)
        finally:
            self._leave(trainer)
        return self.candidate(), self.mean

    def answer(
        self, numbers: Sequence[int], *, may_fail: bool
    ) -> Generator[Message | AuxiliaryStep, None, bool]:
        """Answer the texts of some folds; return whether that was possible.

        With several seeds the mean of the logits answers for a text.

        Args:
            numbers: Of the folds.
            may_fail: Whether there is another way to learn.

        Raises:
            NumericsError: A gradient is not finite, and there is no other way to learn.
        """
        with contrasting.beside(self.learner, self.encoder, self.contrast) as objective:
            trainer = self._trainer(objective)
            try:
                for place, seed in enumerate(self.seeds):
                    yield from self._by_seed(trainer, place, seed, numbers)
            except NumericsError as error:
                if not may_fail:
                    raise
                yield from self.guard.told()
                yield Message(
                    f"{selected.NAMES[self.name]} is no candidate: {error}", is_warning=True
                )
                return False
            finally:
                self._leave(trainer)
        self.answered.update(numbers)
        return True

    def candidate(self) -> Candidate:
        """Return what was said of the texts, as sure as it is right."""
        logits: Logits = np.mean(self.answers, axis=0)
        seed, retry = self.learner.settings.seed, self.guard.retry
        found = Candidate(self.name, logits, len(self.numbers), seed, retry, contrast=self.contrast)
        if self.head is None or not self.refits:
            return found
        targets = self.corpus.targets[self.corpus.split.train]
        scale = refitted.scale_of(self.corpus.task, logits, targets)
        refit = Refit(self.head.reads_names, scale)
        return replace(found, logits=np.float32(scale) * logits, refit=refit)

    def _by_seed(self, trainer: Trainer, place: int, seed: int, numbers: Sequence[int]) -> Told:
        """Let the texts of some folds be answered by encoders that were fine-tuned without them."""
        settings = self.learner.settings.model_copy(update={"seed": seed})
        borders = out_of_fold.borders_of(self.corpus, self.corpus.split.train)
        of = f" with seed {seed}" * (len(self.seeds) > 1)
        of += " with a contrastive loss" * bool(self.contrast)
        for at, fold in enumerate(self.numbers, start=1):
            if fold not in numbers or fold in self.answered:
                continue
            began = time.perf_counter()
            what = f"cross-validation of fine-tuning{of}: fold {at} of {len(self.numbers)}"
            learned = np.flatnonzero(self.of_fold != fold)
            held_out = np.flatnonzero(self.of_fold == fold)
            given = self.corpus.split.train[learned], self.corpus.split.train[held_out]
            head = self._head(learned, trainer)
            found = yield from trainer.answer(*given, settings, head, what=what)
            self.mean.add(trainer.encoder)
            if len(self.answers) <= place:
                shape = int(borders[-1]), found.shape[1]
                self.answers.append(np.full(shape, np.nan, dtype=np.float32))
            self.answers[place][out_of_fold.items_of(borders, held_out)] = found
            yield from self.guard.told()
            yield Message(f"{what}, {written.clock(time.perf_counter() - began)}")

    def _head(self, learned: Rows, trainer: Trainer) -> LinearHead | None:
        """Fit the head that a training starts from, on the texts that it learns from."""
        if self.known is None:
            return None
        borders = out_of_fold.borders_of(self.corpus, self.corpus.split.train)
        per_item = np.repeat(self.of_fold, np.diff(borders))
        task = trainer.objective.task
        return folded_heads.fit_one(
            self.learner, self.corpus, self.known, learned, per_item, task=task
        )

    def _trainer(self, objective: Labelled | None) -> Trainer:
        found = objective or self.learner.objective
        assert isinstance(found, Labelled)
        room = self.learner.room
        return Trainer.of(found, self.encoder, guard=self.guard, refits=self.refits, room=room)

    def _leave(self, trainer: Trainer) -> None:
        """Leave the encoder as it was."""
        trainer.restore()
        self.learner.model.reload()
