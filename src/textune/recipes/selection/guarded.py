"""Trainings on folds are watched, as the run's own is: one that does not learn begins anew, once.

What was found holds for the folds after it, and for the training on all texts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from textune.objectives.labelled import Labelled
from textune.objectives.work import Work
from textune.records import Batch, Message, Step
from textune.training import scaling, starting_over
from textune.training.instability import Watch
from textune.training.learner import Learner

Loss = Callable[[Any, Batch], Tensor]


@dataclass(slots=True)
class Guard:
    """What was found out about trainings on folds."""

    may_retry: bool
    retry: dict[str, Any] | None = None  # the safer recipe, once one of them needed it
    _watch: Watch | None = None  # of the training in hand
    _said: list[Message] = field(default_factory=list)  # not told yet
    _is_explained: bool = False  # that a training goes on all the same

    def watch(self, learner: Learner, works: Iterable[Work]) -> tuple[Loss, Iterator[Work]]:
        """Begin to watch a training; return its loss and its updates, heard."""
        objective, total = learner.objective, learner.total
        assert isinstance(objective, Labelled)
        self._watch = Watch(objective.prior, total) if objective.prior and total else None
        learner.watch = self._watch
        if self._watch is None:
            return objective.loss, iter(works)
        return self._watch.listening(objective.loss), self._watch.over(works)

    def after(self, step: Step) -> str | None:
        """Look at an update; say why the training must begin anew, where it must."""
        why = None if self._watch is None else self._watch.after(step)
        if why is None or self.is_possible:
            return why
        if not self._is_explained:
            either = " by the safer recipe either" if self.retry else ""
            self._warn(
                f"fine-tuning without a fold does not learn{either}: {why}; it goes on as it is"
            )
        self._is_explained, self._watch = True, None
        return None

    @property
    def is_possible(self) -> bool:
        """Tell whether a training may begin anew."""
        return self.may_retry and self.retry is None

    def give_up(self, learner: Learner, why: str) -> None:
        """Choose the safer recipe for all trainings that follow."""
        self.retry = starting_over.safer(learner, f"in cross-validation, {why}")
        self._warn(
            f"fine-tuning without a fold does not learn: {why}. It begins anew, once, from the "
            f"same weights, {starting_over.words(learner, self.retry)}; so do the folds after it, "
            "and the training on all texts; --set train.retry=false goes on instead"
        )

    def end(self, learner: Learner) -> None:
        """Take note of the updates that a training has left out."""
        if learner.progress.left_out:
            words = scaling.words(learner.progress.left_out)
            self._said.append(Message(f"fine-tuning without a fold: {words}"))

    def told(self) -> Iterator[Message]:
        """Say what was found since the last time."""
        said, self._said = self._said, []
        yield from said

    def _warn(self, text: str) -> None:
        self._said.append(Message(text, is_warning=True))
