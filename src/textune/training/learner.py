"""An objective and an encoder become a learner: all that changes while a run learns."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from textune.encoder import precision, recomputing, remarks, vocabulary
from textune.encoder.model import Encoder
from textune.encoder.precision import Plain
from textune.encoder.vocabulary import SubTable
from textune.fast import memory, threads
from textune.metrics import written
from textune.objectives.objective import Objective, passes
from textune.objectives.work import Work
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Message, Started, Step
from textune.runs.journal import Journal
from textune.runs.typed import Capsule
from textune.settings.language_config import RunSettings
from textune.text.buckets import Sizes
from textune.trackers.several import Trackers
from textune.training import (
    capturing,
    checkpoint,
    late,
    loop,
    own_optimizers,
    scaling,
    scheduling,
    sharding,
    snapshot,
)
from textune.training.capturing import Capturing
from textune.training.clock import Clock
from textune.training.fingerprints import Fingerprint
from textune.training.instability import Watch
from textune.training.late import Late
from textune.training.optim import AdamW
from textune.training.own_callbacks import Control, Listeners
from textune.training.profiling import Profiler
from textune.training.progress import Progress
from textune.training.room import Lack, Room, usual_tokens
from textune.training.scaling import LossScale
from textune.training.sharding import Shards

START = "start."  # before the names of what the head was at the first step, in checkpoints


@dataclass(slots=True)
class Learner:
    """What changes while a run learns."""

    objective: Objective
    settings: RunSettings
    encoder: Encoder
    sub: SubTable | None
    model: Plain
    optimizer: AdamW
    schedule: LambdaLR
    most_tokens: int  # computed at once as it begins; see `micro_tokens`
    remarks: tuple[str, ...]
    clock: Clock
    loss_scale: LossScale | None = None  # by which losses are multiplied for fp16
    room: Room = field(default_factory=Room)  # what the memory was found to hold
    progress: Progress = field(default_factory=Progress)
    judged: float = field(default_factory=time.perf_counter)
    saved: float = field(default_factory=time.perf_counter)  # the last checkpoint
    named: Fingerprint | None = None  # what the steps depend on, by content
    fresh: Callable[[], dict[str, Tensor]] | None = None  # the weights before the first step anew
    start: dict[str, Tensor] = field(default_factory=dict)  # of the head at the first step
    watch: Watch | None = None  # whether it learns
    is_frozen: bool = False  # whether the weights stay as they are before the first step
    saves_last: bool = False  # whether a state is kept of the last step, though none judges it
    sizes: Sizes | None = None  # to which packs are filled up for a card's graphs
    profiler: Profiler | None = None  # of the first updates
    trackers: Trackers = field(default_factory=Trackers)  # that follow the run
    ranks: Ranks = ALONE  # the processes that learn together
    found: Mapping[str, Any] = field(default_factory=dict)  # in cross-validation, for the others
    takes: Callable[[Mapping[str, Any]], None] | None = None  # learns by what the first one found
    shards: Shards | None = None  # while its weights are parted between them
    late: Late = field(default_factory=lambda: Late(""))  # looks whether gradients were finite
    journal: Journal = field(init=False)  # while it learns
    listeners: Listeners = field(init=False)  # while it learns

    @classmethod
    def build(
        cls,
        objective: Objective,
        settings: RunSettings,
        encoder: Encoder,
        *,
        sub: SubTable | None = None,
        clock: Clock | None = None,
        why: str = "as asked for",
        room: Room | None = None,
    ) -> "Learner":
        """Make everything that trains an encoder.

        Args:
            objective: What there is to learn.
            settings: Of the run; what "auto" chose as the number format stands in them.
            encoder: Where it will compute.
            sub: Which rows of its embedding are trained.
            clock: Running since the run began, with the hours it may take if there is a limit.
            why: Why it is this number format.
            room: What an earlier training of the run has found the memory to hold.
        """
        train, device = settings.train, encoder.device
        numbers = train.precision
        assert numbers != "auto", "the number format is chosen before a run begins"
        if train.shard:
            sharding.prepare(encoder, objective.own)
        scale = scaling.of(numbers, device)
        model = precision.wrap(encoder, numbers, None if scale is None else scale.factor)
        optimizer = own_optimizers.choose(objective.own.optimizer, settings, encoder, scale)
        if device.type == "cpu" and threads.decide(by_kernels=encoder.has_kernels):
            threads.stay("without kernels it decides the order of sums")
        learner = cls(
            objective=objective,
            settings=settings,
            encoder=encoder,
            sub=sub,
            model=model,
            optimizer=optimizer,
            schedule=LambdaLR(optimizer, lambda _: 1.0),
            most_tokens=train.micro_tokens or usual_tokens(encoder),
            remarks=remarks.how(encoder, numbers, why, tf32=train.tf32, is_sharded=train.shard),
            clock=clock or Clock(),
            loss_scale=scale,
            room=room or Room(),
        )
        if train.recompute == "on":
            recomputing.begin(encoder)
        learner.schedule = learner.scheduled()
        return learner

    @property
    def precision(self) -> str:
        """Return the number format."""
        return self.settings.train.precision

    @property
    def micro_tokens(self) -> int:
        """Return how many tokens are computed at once: fewer where memory was lacking."""
        return min(self.most_tokens, self.room.micro_tokens or self.most_tokens)

    @property
    def decay(self) -> float:
        """Return what weight decay has made of the embedding rows that are not trained."""
        return 1.0 if self.sub is None else self.sub.decay

    @property
    def total(self) -> int | None:
        """Updates in all; None where time decides."""
        if self.clock.budget is not None:
            return None
        if self.is_frozen:
            return 0
        return self.objective.per_epoch * self.settings.train.epochs

    @property
    def by_tf32(self) -> bool:
        """Tell whether products of fp32 are TF32's, on a card."""
        return self.settings.train.tf32 and precision.has_tf32(self.encoder.device, self.precision)

    @property
    def no_graphs(self) -> str | None:
        """Say why no graph of a card computes the passes; "" where nobody would ask for one."""
        if not self.settings.train.graphs:
            return ""
        why = capturing.why_not(self.encoder, self.objective.own)
        return "several processes learn together" if why is None and self.ranks.are_several else why

    def capturing(self, loss: Callable[[Any, Batch], Tensor]) -> Capturing | None:
        """Make what computes passes by graphs of a card, where `no_graphs` says nothing.

        It takes batches of the host.

        Args:
            loss: Of a batch.
        """
        if self.no_graphs is not None:
            return None
        if self.sizes is None:
            self.sizes = capturing.sizes_of(self.objective, self.encoder, self.micro_tokens)
        return Capturing(self.model, loss, self.sizes)

    def introduce(self) -> Iterator[Message]:
        """Say what will be trained, and how."""
        rows = self.encoder.model.get_input_embeddings().weight
        left_out = 0 if self.sub is None else self.sub.size - rows.numel()
        found = remarks.describe(
            self.encoder,
            left_out=left_out,
            millions=written.millions,
            is_frozen=self.is_frozen,
        )
        yield from map(Message, (*found, *self.remarks))

    def listen(self, folder: Path, *, goes_on: bool) -> None:
        """Tell the user's callbacks that training begins."""
        parts = self.objective.own.callbacks
        self.listeners = Listeners(self, Control(self, folder), parts)
        self.listeners.epoch = self.progress.step // self.objective.per_epoch
        self.listeners.save = partial(self.save_checkpoint, folder)
        self.listeners.start(goes_on=goes_on)

    def save_checkpoint(self, folder: Path) -> None:
        """Write everything from which this run continues to the same weights.

        Raises:
            OSError: The disk is full or read-only.
            NumericsError: A gradient was not finite: its state is not worth keeping.
        """
        self.late.settle()
        progress = self.progress
        progress.decay, progress.total = self.decay, self.total
        progress.clock, progress.reserve = self.clock.seconds(), self.clock.reserve
        progress.watched = None if self.watch is None else self.watch.state()
        progress.callbacks, progress.room = self.listeners.states(), self.room.noted()
        progress.loss_scale = scaling.state(self.loss_scale)
        self.journal.flush()  # what is before a checkpoint is never lost
        found = sharding.state(self)
        found.tensors.update({f"{START}{name}": value for name, value in self.start.items()})
        checkpoint.save(folder / "checkpoints", found, step=progress.step)
        self.saved = time.perf_counter()

    def calm(self) -> None:
        """Take the learning rate of a new beginning, where there was one."""
        if self.progress.retry is None:
            return
        for group in self.optimizer.param_groups:
            rate = group.pop("initial_lr", group["lr"])
            group["lr"] = rate * self.progress.retry["lr"] / self.settings.train.lr
        self.schedule = self.scheduled()

    def scheduled(self) -> LambdaLR:
        """Make the schedule of the learning rate."""
        return scheduling.of(
            self.optimizer,
            self.settings.train,
            total=self.total,
            per_epoch=self.objective.per_epoch,
            spent=self.clock.share,
            retry=self.progress.retry,
        )

    def started(self) -> Started:
        """Say that training begins, and how much there is to do."""
        return Started(
            steps=self.total,
            first=self.progress.step + 1,
            epochs=self.settings.train.epochs,
            tokens=self.objective.tokens,
            seconds=self.clock.left(),
        )

    def prints(self) -> Fingerprint:
        """Return what names by content all that the remaining steps depend on."""
        if self.named is None:
            data = self.objective.fingerprint()
            self.named = snapshot.fingerprint(
                data,
                self.settings,
                self.encoder,
                self.objective.own,
                processes=self.ranks.place.world,
            )
        return self.named

    def note(self) -> dict[str, object]:
        """Return what a finished run notes of the command that made it."""
        progress = {"step": self.progress.step, "total": self.total}
        return {"fingerprints": self.prints().values, "progress": progress}

    def profiled(self) -> Iterator[Message]:
        """Record that there was an update, where somebody wants to know what it cost."""
        return iter(()) if self.profiler is None else self.profiler.after_update()

    def take_best(self, folder: Path) -> None:
        """Put the best weights into the encoder; the optimizer's state is no longer needed."""
        sharding.conclude(self)
        self.optimizer.state.clear()
        self.optimizer.zero_grad()
        self.encoder.release()
        memory.give_back()
        if self.progress.best is not None or self.progress.best_step:
            decay = snapshot.take_best(folder, self.encoder.model, step=self.progress.best_step)
            if self.sub is not None:
                self.sub.decay = decay
            self.encoder.refresh()

    def complete(self) -> None:
        """Put the whole embedding into the encoder, for saving."""
        if self.sub is not None:
            vocabulary.restore(self.encoder, self.sub)

    def work(self, device: torch.device | None = None) -> Iterator[Work]:
        """Go through the passes and leave out the updates that are already done.

        Args:
            device: Where batches are laid; None: where the encoder is.
        """
        epochs = None if self.clock.budget is not None else self.settings.train.epochs
        epochs = 0 if self.is_frozen else epochs
        given: Any = {"place": self.ranks.place, "device": device}
        after, most = self.progress.step, 0
        while most != self.micro_tokens:  # the rest is parted anew where memory was lacking
            given |= {"after": after, "micro_tokens": (most := self.micro_tokens)}
            for work in passes(self.objective, self.encoder, epochs, **given):
                yield work
                after = work.number
                if most != self.micro_tokens:
                    break

    def smaller(self, work: Work, lacks: Sequence[Lack], *, is_captured: bool = False) -> Work:
        """Return an update for which memory was lacking, to be computed with less.

        Raises:
            OutOfMemoryError: Nothing is left to do.
        """
        may_recompute = self.settings.train.recompute == "auto" and not is_captured
        given: Any = {"may_recompute": may_recompute, "place": self.ranks.place}
        work = self.room.again(self.encoder, self.objective, work, lacks, **given)
        if self.watch is not None:
            self.watch.begin(work)
        return work

    def updates(
        self,
        loss: Callable[[Any, Batch], Tensor],
        works: Iterable[Work],
        capturing: Capturing | None = None,
    ) -> Iterator[Step]:
        """Update the weights, once for each part of the work.

        Args:
            loss: Of a batch.
            works: Batches, and what an update counts.
            capturing: Computes them by graphs of a card, from batches of the host.

        Raises:
            NumericsError: A gradient is not finite.
        """
        most = late.UPDATES if self.optimizer.skips else 0
        self.late = Late(remarks.remedy(self.precision), most, self._account)
        assert self.optimizer.knows(self.encoder.halves())
        smaller = partial(self.smaller, is_captured=capturing is not None)
        reducer = sharding.adding(self)
        with sharding.watching(self), nullcontext() if reducer is None else closing(reducer):
            yield from loop.train(
                self.model,
                loss,
                works,
                self.optimizer,
                self.schedule,
                clip=self.settings.train.clip,
                late=self.late,
                reducer=reducer,
                capturing=capturing,
                by_tf32=self.by_tf32,
                smaller=None if self.shards else smaller,
            )

    def _account(self, step: Step) -> None:
        """Follow an update where nobody computes, or count that it was left out."""
        small = self.encoder.model.get_input_embeddings().weight
        if step.is_left_out():
            self.progress.left_out += 1
        elif self.sub is not None and small.requires_grad:
            self.sub.step(step.lr, self.settings.train.weight_decay)

    def measures(self) -> Capsule:
        """Return where, how and how fast it was learned, for the run's capsule."""
        most, least = threads.used()
        found: Capsule = {
            "device": str(self.encoder.device),
            "threads": most,
            "fewest_threads": least,
            "precision": self.precision,
            "seed": self.settings.seed,
            **self.progress.measures(),
        }
        if (lacked := self.room.noted()) is not None:
            found["lack_of_memory"] = lacked
        if (held := memory.peak()) is not None:
            found["peak_memory_bytes"] = held
        if self.encoder.device.type == "cuda":
            found["peak_card_bytes"] = torch.cuda.max_memory_allocated(self.encoder.device)
        return found
