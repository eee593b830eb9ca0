"""Some training texts become weights, from those of the base each time, and what these score."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import NumericsError
from textune.evaluation import evaluate
from textune.fast import memory
from textune.objectives.labelled import Labelled
from textune.objectives.work import Work
from textune.probing import heads
from textune.recipes.selection import refitted
from textune.recipes.selection.guarded import Guard, Loss
from textune.recipes.selection.probed import Rows
from textune.recipes.selection.refitted import Refit
from textune.records import LinearHead, Step
from textune.runs.events import AuxiliaryStep
from textune.settings.config import Settings
from textune.settings.language_config import RunSettings
from textune.training import starting_over
from textune.training.learner import Learner
from textune.training.progress import Progress
from textune.training.room import Room


@dataclass(frozen=True, slots=True)
class Trainer:
    """An encoder that is trained again and again from the same weights."""

    objective: Labelled  # of the run
    encoder: Encoder
    start: dict[str, Tensor]  # weights that an update changes, as they were
    guard: Guard | None = None  # where trainings to the end are watched, or one was before
    refits: bool = False  # whether a head that was given is fitted anew at the end
    room: Room = field(default_factory=Room)  # what the memory was found to hold

    @classmethod
    def of(
        cls,
        objective: Labelled,
        encoder: Encoder,
        *,
        guard: Guard | None = None,
        refits: bool = False,
        room: Room | None = None,
    ) -> "Trainer":
        """Keep the weights that each training starts from."""
        start = {
            name: item.detach().clone()
            for name, item in encoder.model.named_parameters()
            if item.requires_grad
        }
        return cls(objective, encoder, start, guard, refits, room or Room())

    @property
    def corpus(self) -> Corpus:
        """Return what the run learned from."""
        return self.objective.corpus

    def score(
        self, rows: Rows, settings: Settings, head: LinearHead | None, *, what: str
    ) -> Generator[AuxiliaryStep, None, float | None]:
        """Learn from some texts; return the best score of the validation texts on the way.

        Yields:
            How far what is named so is, after each update.
        """
        progress, learner = Progress(), self._learner(rows, settings, head)
        objective, train = learner.objective, settings.train
        if head is not None:
            self._judge(learner, progress)
        every = train.validate_every or objective.per_epoch
        for step in self._steps(learner):
            yield AuxiliaryStep(what, step, learner.total)
            if step % every == 0 or step == learner.total:
                progress.step = step
                self._judge(learner, progress)
                if train.patience is not None and progress.since_best >= train.patience:
                    break
        return progress.best

    def answer(
        self,
        rows: Rows,
        held_out: Rows,
        settings: RunSettings,
        head: LinearHead | None,
        *,
        what: str,
    ) -> Generator[AuxiliaryStep, None, np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
        """Learn from some texts to the end; return the logits of the items of others.

        Yields:
            How far what is named so is, after each update.

        Raises:
            NumericsError: A gradient is not finite.
        """
        learner = yield from self._trained(rows, settings, head, what)
        if self.refits and head is not None:
            refitted.install(
                self.encoder,
                self.corpus,
                self.objective.task,
                rows,
                Refit(head.reads_names),
                seed=settings.seed,
                micro_tokens=learner.micro_tokens,
            )
        self.encoder.release()
        found = evaluate.score(
            self.encoder,
            self.corpus.task,
            self.corpus.store,
            held_out,
            decision=self.corpus.task.default_decision(),
            micro_tokens=learner.micro_tokens,
        )
        return found.logits

    def _trained(
        self, rows: Rows, settings: RunSettings, head: LinearHead | None, what: str
    ) -> Generator[AuxiliaryStep, None, Learner]:
        """Learn from some texts to the end, a second time where the first does not learn."""
        guard, learner = self.guard, self._learner(rows, settings, head)
        if guard is None:
            for step in self._steps(learner):
                yield AuxiliaryStep(what, step, learner.total)
            return learner
        if (why := (yield from self._watched(learner, guard, what))) is not None:
            guard.give_up(learner, why)
            learner.optimizer.zero_grad()
            self.encoder.release()
            learner = self._learner(rows, settings, head)
            yield from self._watched(learner, guard, what)
        guard.end(learner)
        return learner

    def _watched(
        self, learner: Learner, guard: Guard, what: str
    ) -> Generator[AuxiliaryStep, None, str | None]:
        """Learn to the end; return why it must begin anew, where it must."""
        loss, works = guard.watch(learner, learner.work())
        try:
            for step in self._updates(learner, loss, works):
                learner.progress.step = step.number
                if (why := guard.after(step)) is not None:
                    return why
                yield AuxiliaryStep(what, step.number, learner.total)
        except NumericsError as error:
            if not guard.is_possible:
                raise
            return str(error).partition("; ")[0]
        return None

    def _learner(self, rows: Rows, settings: RunSettings, head: LinearHead | None) -> Learner:
        """Put the weights of the start back, and the head; make what trains them."""
        self.restore()
        if head is not None:
            heads.install(self.encoder, head)
        corpus = replace(self.corpus, split=replace(self.corpus.split, train=rows))
        objective = replace(
            self.objective,
            corpus=corpus,
            batch_size=settings.train.batch_size,
            seed=settings.seed,
        )
        learner = Learner.build(objective, settings, self.encoder, room=self.room)
        if self.guard is not None and self.guard.retry is not None:
            starting_over.take(learner, self.guard.retry)
        return learner

    def _steps(self, learner: Learner) -> Iterator[int]:
        for step in self._updates(learner, learner.objective.loss, learner.work()):
            yield step.number

    def _updates(self, learner: Learner, loss: Loss, works: Iterator[Work]) -> Iterator[Step]:
        torch.manual_seed(learner.settings.seed)
        yield from learner.updates(loss, works)

    def _judge(self, learner: Learner, progress: Progress) -> None:
        objective = learner.objective
        self.encoder.release()
        memory.give_back()
        found = objective.judge(self.encoder, micro_tokens=learner.micro_tokens)
        progress.note(found, objective.metric, objective.tie_metric)

    @torch.no_grad()
    def restore(self) -> None:
        """Put the weights of the start back, and forget gradients."""
        self.encoder.release()
        for name, item in self.encoder.model.named_parameters():
            if name in self.start:
                item.copy_(self.start[name])
        self.encoder.refresh()
