"""A job of fine-tuning becomes one whose trainings compute a few of their updates, with a clock."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.encoder.model import Encoder
from textune.metrics.metrics import Report
from textune.objectives.labelled import Labelled
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.recipes import reckoned
from textune.recipes.fine_tuning import FineTuning
from textune.recipes.reckoned import Seen, Training
from textune.text import plan

FEWEST, COUNT = 4, 10  # updates of a training that are computed: the first one warms up, and of
# the last one the end is not seen


@dataclass(frozen=True, slots=True)
class Few(Labelled):
    """What is learned from a corpus, by some of the updates that the first pass has."""

    _: KW_ONLY
    seen: Seen
    epochs: int
    every: int | None  # updates between two validations

    @property
    def per_epoch(self) -> int:
        """Return how many are computed."""
        return max(FEWEST, min(COUNT, self.whole))

    @property
    def whole(self) -> int:
        """Return the updates of one pass."""
        return plan.steps_in_epoch(len(self.corpus.split.train), self.batch_size)

    def work(
        self,
        encoder: Encoder,
        epoch: int,
        *,
        after: int,
        micro_tokens: int,
        place: Place = FIRST,
        device: torch.device | None = None,
    ) -> Iterator[Work]:
        """Yield some updates: one of middling size, the largest, and others of all sizes."""
        updates = self.planned(encoder, epoch, micro_tokens, place)
        lengths = self.corpus.store.lengths[self.corpus.split.train]
        tokens = np.array([int(lengths[update.rows].sum()) for update in updates])
        steps = self.epochs * self.whole
        judged = -(-steps // self.every) if self.every else self.epochs
        judged *= self.is_judged
        training = Training(steps, self.epochs * int(tokens.sum()), judged)
        self.seen.trainings.append(training)
        chosen = _spread(tokens, self.per_epoch)
        for number, which in enumerate(chosen, start=1):
            if number <= after:
                continue
            work = self.one(encoder, updates[which], number, epoch, device or encoder.device)
            size, began = int(tokens[which]), reckoned.clock()
            if number == self.per_epoch:
                training.last, training.began = size, began
            yield replace(work, micro_tokens=micro_tokens)
            seconds = reckoned.clock() - began
            if number == self.per_epoch:
                return
            if number == 1:
                training.first, training.warming = size, seconds
            else:
                training.computed.append((size, seconds))


@dataclass(frozen=True, slots=True)
class Sampled(FineTuning):
    """The job of a run of which a forecast is made."""

    _: KW_ONLY
    seen: Seen

    def judge(self, folder: Path) -> tuple[Report, Decision]:
        """Judge the best weights, with a clock."""
        began = reckoned.clock()
        if self.seen.trainings:
            training = self.seen.trainings[-1]
            self.seen.judged = began - training.began - training.rate * training.last
        self.seen.is_frozen = self.learner.is_frozen and bool(self.seen.trainings)
        found = FineTuning.judge(self, folder)
        self.seen.scored = reckoned.clock() - began
        return found


def job(whole: FineTuning, seen: Seen) -> FineTuning:
    """Return the job with an objective of few updates, and settings that go with them."""
    learner, settings = whole.learner, whole.request.settings
    train = settings.train
    assert isinstance(learner.objective, Labelled)
    given = {each.name: getattr(learner.objective, each.name) for each in fields(Labelled)}
    learner.objective = Few(
        **given,
        seen=seen,
        epochs=0 if learner.is_frozen else train.epochs,
        every=train.validate_every,
    )
    few: dict[str, object] = {"epochs": min(train.epochs, 1), "curve": False, "retry": False}
    few |= {"validate_every": None, "patience": None, "keep_checkpoints": True}
    changed = settings.model_copy(update={"train": train.model_copy(update=few)})
    learner.settings, learner.fresh, learner.clock.budget = changed, None, None
    store = whole.found.store
    seen.cache = sum(
        one.nbytes
        for each in fields(store)
        if isinstance(one := getattr(store, each.name), np.ndarray)
    )
    parts = {each.name: getattr(whole, each.name) for each in fields(FineTuning)}
    return Sampled(**{**parts, "request": replace(whole.request, settings=changed)}, seen=seen)


def _spread(sizes: NDArray[np.int64], count: int) -> list[int]:
    """Choose updates of all sizes, of which the largest comes second and a middling one first."""
    order = np.argsort(sizes, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, count).round().astype(int))
    rising = [int(order[place]) for place in places]
    middle = rising[len(rising) // 2]
    rest = [one for one in rising[::-1] if one != middle] or [middle]
    return [middle, *rest, *rising * count][:count]
