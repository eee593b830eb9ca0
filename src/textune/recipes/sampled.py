"""A job of fine-tuning becomes one whose trainings compute a few of their updates, with a clock."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textune.decisions.rule import Decision
from textune.encoder.model import Encoder
from textune.fast import memory
from textune.metrics.metrics import Report
from textune.objectives.labelled import Labelled
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.recipes import reckoned
from textune.recipes.fine_tuning import FineTuning
from textune.recipes.reckoned import Seen, Training
from textune.recipes.shares import Held
from textune.text import plan
from textune.text.documents import Documents
from textune.text.store import Store
from textune.training import sharding

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
        return counted(self.whole)

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
        judged = judgements(steps, self.epochs, self.every) * self.is_judged
        training = Training(steps, self.epochs * int(tokens.sum()), judged)
        self.seen.trainings.append(training)
        self.seen.held = self.seen.held or held(encoder)
        for number, which in chosen(training, tokens, self.per_epoch, after=after):
            work = self.one(encoder, updates[which], number, epoch, device or encoder.device)
            yield replace(work, micro_tokens=micro_tokens)


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
    seen.cache = bytes_of(whole.found.store)
    parts = {each.name: getattr(whole, each.name) for each in fields(FineTuning)}
    return Sampled(**{**parts, "request": replace(whole.request, settings=changed)}, seen=seen)


def bytes_of(store: Store | Documents) -> int:
    """Return the bytes of what is kept of texts."""
    arrays = (getattr(store, each.name) for each in fields(store))
    return sum(one.nbytes for one in arrays if isinstance(one, np.ndarray))


def held(encoder: Encoder) -> Held:
    """Say what this process holds of a run before its first update, and of an encoder."""
    layers = [_weights(layer) for layer in sharding.layers_of(encoder)]
    whole = _weights(encoder)
    return Held(
        before=memory.peak() or 0,
        weights=whole,
        trained=sum(item.nbytes for item in encoder.parameters() if item.requires_grad),
        layer=max(layers, default=0),
        rest=whole - sum(layers),
    )


def _weights(part: nn.Module) -> int:
    return sum(item.nbytes for item in part.parameters())


def counted(whole: int) -> int:
    """Return how many updates of a pass are computed."""
    return max(FEWEST, min(COUNT, whole))


def judgements(steps: int, epochs: int, every: int | None) -> int:
    """Return how often a training validates: after so many updates, or after each pass."""
    return -(-steps // every) if every else epochs


def chosen(
    training: Training, tokens: NDArray[np.int64], count: int, *, after: int
) -> Iterator[tuple[int, int]]:
    """Yield which updates are computed, and take the time from one to the next.

    Args:
        training: Gets the tokens and the seconds of each.
        tokens: Of each update of a pass.
        count: How many are computed.
        after: How many of them are done.

    Yields:
        The number of the update among those that are computed, from 1, and its place in the pass.
    """
    for number, which in enumerate(_spread(tokens, count), start=1):
        if number <= after:
            continue
        size, began = int(tokens[which]), reckoned.clock()
        if number == count:
            training.last, training.began = size, began
        yield number, which
        seconds = reckoned.clock() - began
        if number == 1:
            training.first, training.warming = size, seconds
        elif number < count:
            training.computed.append((size, seconds))


def _spread(sizes: NDArray[np.int64], count: int) -> list[int]:
    """Choose updates of all sizes, of which the largest comes second and a middling one first."""
    order = np.argsort(sizes, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, count).round().astype(int))
    rising = [int(order[place]) for place in places]
    middle = rising[len(rising) // 2]
    rest = [one for one in rising[::-1] if one != middle] or [middle]
    return [middle, *rest, *rising * count][:count]
