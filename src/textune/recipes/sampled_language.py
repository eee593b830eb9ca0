"""A job on plain text becomes one whose training computes a few of its updates, with a clock."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

from textune.encoder.model import Encoder
from textune.metrics.metrics import Report
from textune.objectives.masked import Masked
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.recipes import reckoned, sampled
from textune.recipes.masked_lm import MaskedLM
from textune.recipes.recipe import Event
from textune.recipes.reckoned import Seen, Training
from textune.training.guards import StopRequest


@dataclass(frozen=True, slots=True)
class Few(Masked):
    """What is learned from plain text, by some of the updates that the first pass has."""

    _: KW_ONLY
    seen: Seen
    epochs: int
    every: int | None  # updates between two validations

    @property
    def per_epoch(self) -> int:
        """Return how many are computed."""
        return sampled.counted(self.whole.per_epoch)

    @property
    def whole(self) -> Masked:
        """Return what is learned by all of them."""
        return Masked(self.library, self.batch_size)

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
        found = self.library.passages(epoch)
        lengths = found.lengths(self.library.specials)
        updates = self._plan(encoder, lengths, epoch, micro_tokens, place)
        tokens = np.array([int(lengths[update.rows].sum()) for update in updates])
        steps = self.epochs * len(updates)
        judged = sampled.judgements(steps, self.epochs, self.every) * self.is_judged
        training = Training(steps, self.epochs * int(tokens.sum()), judged)
        self.seen.trainings.append(training)
        self.seen.held = self.seen.held or sampled.held(encoder)
        for number, which in sampled.chosen(training, tokens, self.per_epoch, after=after):
            at = device or encoder.device
            yield self._one(encoder, found, updates[which], number, epoch, at)


@dataclass(frozen=True, slots=True)
class SampledLanguage(MaskedLM):
    """The job of a run on plain text of which a forecast is made."""

    _: KW_ONLY
    seen: Seen

    def prepare(self, folder: Path, stop: StopRequest, *, goes_on: bool) -> Iterator[Event]:
        """Warm a new head by all that there is, as the run does."""
        few = self.learner.objective
        assert isinstance(few, Few)
        self.learner.objective = few.whole
        yield from MaskedLM.prepare(self, folder, stop, goes_on=goes_on)
        self.learner.objective = few

    def judge(self, folder: Path) -> tuple[Report, None]:
        """Judge the best weights, with a clock."""
        began = reckoned.clock()
        training = self.seen.trainings[-1]
        self.seen.judged = began - training.began - training.rate * training.last
        found = MaskedLM.judge(self, folder)
        self.seen.scored = reckoned.clock() - began
        return found


def job(whole: MaskedLM, seen: Seen) -> MaskedLM:
    """Return the job with an objective of few updates, and settings that go with them."""
    learner, settings = whole.learner, whole.request.settings
    train = settings.train
    learner.objective = Few(
        whole.found, train.batch_size, seen=seen, epochs=train.epochs, every=train.validate_every
    )
    few = {"epochs": 1, "hours": None, "validate_every": None, "patience": None}
    changed = settings.model_copy(
        update={"train": train.model_copy(update={**few, "keep_checkpoints": True})}
    )
    learner.settings, learner.clock.budget = changed, None
    seen.cache = sampled.bytes_of(whole.found.documents)
    parts = {each.name: getattr(whole, each.name) for each in fields(MaskedLM)}
    return SampledLanguage(
        **{**parts, "request": replace(whole.request, settings=changed)}, seen=seen
    )
