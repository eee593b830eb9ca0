"""A lesson and an encoder become trained weights, from the first step or from a checkpoint."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from textune import snapshot
from textune.encoder import devices, precision, vocabulary
from textune.encoder.model import Encoder
from textune.encoder.vocabulary import SubTable
from textune.errors import StoppedError
from textune.evaluation import catalogue, metrics, written
from textune.journal import Journal
from textune.kernels import threads
from textune.language_config import RunSettings
from textune.lesson import Lesson
from textune.records import Said, Started, Step, Validated
from textune.snapshot import Progress
from textune.training import checkpoint, loop, memory, optim
from textune.training.clock import Clock
from textune.training.guards import Wish
from textune.training.loop import Trainable, Work
from textune.training.optim import AdamW

MICRO_TOKENS = {"cpu": 4096, "cuda": 32768, "mps": 8192}
TENTHS = 10  # validations in the time of a budget, at most
AFTER = 3  # times as long as judging takes what comes after the last update: judging, saving
WORTH = 3  # times as long as judging takes one learns at least before judging again


@dataclass(slots=True)
class Learner:
    """What changes while a run learns."""

    lesson: Lesson
    settings: RunSettings
    encoder: Encoder
    sub: SubTable | None
    model: Trainable
    optimizer: AdamW
    schedule: LambdaLR
    micro_tokens: int
    precision: str
    remarks: tuple[str, ...]
    clock: Clock
    progress: Progress = field(default_factory=Progress)
    judged: float = field(default_factory=time.perf_counter)
    saved: float = field(default_factory=time.perf_counter)  # the last checkpoint

    @classmethod
    def build(
        cls,
        lesson: Lesson,
        settings: RunSettings,
        encoder: Encoder,
        *,
        sub: SubTable | None = None,
        clock: Clock | None = None,
        why: str = "as asked for",
    ) -> "Learner":
        """Make everything that trains an encoder.

        Args:
            lesson: What there is to learn.
            settings: Of the run; what "auto" chose as the number format stands in them.
            encoder: Where it will compute.
            sub: Which rows of its embedding are trained.
            clock: Running since the run began, with the hours it may take if there is a limit.
            why: Why it is this number format.
        """
        train, device = settings.train, encoder.device
        numbers = train.precision
        assert numbers != "auto", "the number format is chosen before a run begins"
        model = precision.wrap(encoder, numbers)
        optimizer = optim.adamw(
            encoder.model,
            lr=train.lr,
            weight_decay=train.weight_decay,
            betas=train.betas,
            eps=train.eps,
            halves=encoder.halves(),
        )
        if device.type == "cpu" and not encoder.has_kernels:
            threads.stay("it decides the order of sums without kernels")
        learner = cls(
            lesson=lesson,
            settings=settings,
            encoder=encoder,
            sub=sub,
            model=model,
            optimizer=optimizer,
            schedule=LambdaLR(optimizer, lambda _: 1.0),
            micro_tokens=train.micro_tokens or MICRO_TOKENS[device.type],
            precision=numbers,
            remarks=(
                f"device: {devices.words(device)}; numbers: {numbers} ({why})",
                *_kernels(encoder),
            ),
            clock=clock or Clock(),
        )
        learner.schedule = learner._scheduled()
        return learner

    @property
    def total(self) -> int | None:
        """Updates in all; None where time decides."""
        if self.clock.budget is not None:
            return None
        return self.lesson.per_epoch * self.settings.train.epochs

    def introduce(self) -> Iterator[Said]:
        """Say what will be trained, and how."""
        everything = sum(item.numel() for item in self.encoder.parameters())
        trained = sum(item.numel() for item in self.encoder.parameters() if item.requires_grad)
        whole = everything
        if self.sub is not None:
            small = self.encoder.model.get_input_embeddings().weight
            whole += self.sub.size - small.numel()
        kind = self.encoder.config.model_type
        how = "packed, no padding" if self.encoder.packed else f"padded: {self.encoder.refusal}"
        yield Said(
            f"encoder: {kind}, {written.millions(whole)} parameters, {written.millions(trained)} "
            f"of them trained here; {how}"
        )
        yield from (Said(remark) for remark in (*self.encoder.remarks, *self.remarks))

    def learn(self, folder: Path, *, resume: bool) -> Iterator[Started | Step | Validated | Said]:
        """Update the weights to the end of the plan, validating and saving on the way."""
        if resume:
            self._continue(folder)
            of = "" if self.total is None else f" of {self.total:,}"
            yield Said(f"continuing after step {self.progress.step:,}{of}")
        else:
            torch.manual_seed(self.settings.seed)
        memory.keep()
        yield self._started()
        events = folder / "tensorboard" if self.settings.tensorboard else None
        journal = Journal(
            folder / "log.jsonl", after=self.progress.step if resume else -1, events=events
        )
        try:
            yield from self._validated(folder, journal)  # a stop may have come before it
            if not self._is_over():
                yield from self._steps(folder, journal)
            if self._has_no_patience() and self.progress.step != self.total:
                patience = self.settings.train.patience
                title = catalogue.HEADLINES.get(self.lesson.metric, self.lesson.metric)
                times = "1 validation" if patience == 1 else f"{patience} validations"
                yield Said(f"stopped early: no better {title} in {times}")
        finally:
            journal.close()

    def _started(self) -> Started:
        return Started(
            steps=self.total,
            first=self.progress.step + 1,
            epochs=self.settings.train.epochs,
            tokens=self.lesson.tokens,
            seconds=self.clock.left(),
        )

    def _steps(self, folder: Path, journal: Journal) -> Iterator[Step | Validated | Said]:
        began = time.perf_counter()
        for step in loop.train(
            self.model,
            self.lesson.loss,
            self.work(),
            self.optimizer,
            self.schedule,
            clip=self.settings.train.clip,
            remedy=_remedy(self.precision),
        ):
            seconds = time.perf_counter() - began
            self._account(step, seconds)
            journal.step(step, seconds, threads.count())
            if step.number % self.lesson.per_epoch == 0:
                journal.epoch(step)
            yield step
            yield from map(Said, threads.news())
            yield from self._validated(folder, journal)
            if self._is_over():
                return
            if time.perf_counter() - self.saved > self.settings.train.checkpoint_minutes * 60:
                yield from self._saved(folder)
            began = time.perf_counter()

    def _validated(self, folder: Path, journal: Journal) -> Iterator[Validated | Said]:
        """Validate and save where it is time to, and this step has not been validated yet."""
        if not self._is_due():
            return
        found = self.validate(folder)
        journal.validated(found)
        yield found
        yield from self._saved(folder)

    def _is_due(self) -> bool:
        """Tell whether it is time to validate."""
        progress = self.progress
        if progress.step == 0:
            return self.lesson.looks_first and progress.before is None
        if progress.validated == progress.step:
            return False
        every = self.settings.train.validate_every
        if self.clock.budget is not None and every is None:
            return self.clock.is_over() or (self._tenth() > progress.tenths and self._is_worth_it())
        is_last = progress.step == self.total or self.clock.is_over()
        return is_last or progress.step % (every or self.lesson.per_epoch) == 0

    def _is_over(self) -> bool:
        """Tell whether time or patience is at its end."""
        return self._has_no_patience() or self.clock.is_over()

    def _is_worth_it(self) -> bool:
        """Tell whether judging again would take but a small part of the time since it was done."""
        return time.perf_counter() - self.judged > WORTH * self.clock.reserve

    def _tenth(self) -> int:
        """Return how many tenths of the time are spent."""
        return int(self.clock.share() * TENTHS)

    def _has_no_patience(self) -> bool:
        patience = self.settings.train.patience
        return patience is not None and self.progress.since_best >= patience

    def validate(self, folder: Path) -> Validated:
        """Judge the weights on what is held out and keep them if they are the best so far."""
        began = time.perf_counter()
        lesson, progress = self.lesson, self.progress
        self.encoder.release()  # gradients are made anew; meanwhile judging needs memory
        memory.give_back()
        found = lesson.judge(self.encoder, micro_tokens=self.micro_tokens)
        is_best = self._is_best(found)
        if is_best:
            snapshot.keep_best(
                folder, self.encoder.model, 1.0 if self.sub is None else self.sub.decay
            )
        progress.validated = progress.step
        if progress.step == 0:
            progress.before = found
        progress.tenths = self._tenth()
        self.judged = time.perf_counter()
        seconds = self.judged - began
        self.clock.reserve = max(self.clock.reserve, AFTER * seconds)
        return Validated(
            step=progress.step,
            epoch=round(progress.step / lesson.per_epoch, 3),
            metrics=found,
            metric=lesson.metric,
            is_best=is_best,
            seconds=seconds,
        )

    def _is_best(self, found: dict[str, Any]) -> bool:
        """Tell whether these are the best numbers so far, and remember them if so."""
        lesson, progress = self.lesson, self.progress
        value, loss = catalogue.value(found, lesson.metric), found.get(lesson.tie_metric)
        is_first = progress.best_step == 0 and progress.best is None
        is_better = is_first or metrics.better(lesson.metric, value, progress.best)
        is_tie = value == progress.best and metrics.better(
            lesson.tie_metric, loss, progress.best_loss
        )
        counts_as_better = is_better or (is_tie and value is None)  # then the other metric decides
        progress.since_best = 0 if counts_as_better else progress.since_best + 1
        if is_better or is_tie:
            progress.best, progress.best_loss, progress.best_step = value, loss, progress.step
        return is_better or is_tie

    def save_checkpoint(self, folder: Path) -> None:
        """Write everything from which this run continues to the same weights.

        Raises:
            OSError: The disk is full or read-only.
        """
        self.progress.decay = 1.0 if self.sub is None else self.sub.decay
        self.progress.clock, self.progress.reserve = self.clock.seconds(), self.clock.reserve
        prints = snapshot.fingerprints(self.lesson.fingerprint(), self.settings)
        found = snapshot.take(self.encoder.model, self.optimizer, self.progress, prints)
        checkpoint.save(folder / "checkpoints", found, step=self.progress.step)
        self.saved = time.perf_counter()

    def stop_if(self, wish: Wish, folder: Path, event: object) -> None:
        """Save the state and stop where a signal asked for it, between two steps.

        Raises:
            StoppedError: It was asked for.
        """
        if wish.signal is None or not isinstance(event, Step):
            return
        self.save_checkpoint(folder)
        raise StoppedError(
            f"stopped after step {event.number:,}, state saved; continue with --resume",
            signal=wish.signal,
        )

    def take_best(self, folder: Path) -> None:
        """Put the best weights into the encoder; the optimizer's state is no longer needed."""
        self.optimizer.state.clear()
        self.optimizer.zero_grad()
        self.encoder.release()
        memory.give_back()
        if self.progress.best is not None or self.progress.best_step:
            decay = snapshot.take_best(folder, self.encoder.model)
            if self.sub is not None:
                self.sub.decay = decay
            self.encoder.refresh()

    def complete(self) -> None:
        """Put the whole embedding into the encoder, for saving."""
        if self.sub is not None:
            vocabulary.restore(self.encoder, self.sub)

    def work(self) -> Iterator[Work]:
        """Go through the passes and leave out the steps that are already done."""
        lesson, done = self.lesson, self.progress.step
        epoch = done // lesson.per_epoch + 1
        while self.clock.budget is not None or epoch <= self.settings.train.epochs:
            yield from lesson.work(self.encoder, epoch, after=done, micro_tokens=self.micro_tokens)
            epoch += 1

    def measures(self) -> dict[str, Any]:
        """Return where, how and how fast it was learned, for the run's capsule."""
        most, least = threads.used()
        return {
            "device": str(self.encoder.device),
            "threads": most,
            "fewest_threads": least,
            "precision": self.precision,
            "seed": self.settings.seed,
            **self.progress.measures(),
        }

    def _saved(self, folder: Path) -> Iterator[Said]:
        try:
            self.save_checkpoint(folder)
        except OSError as error:
            self.saved = time.perf_counter()
            yield Said(
                f"no checkpoint was written at step {self.progress.step}: {error}; training "
                "goes on",
                is_warning=True,
            )

    def _account(self, step: Step, seconds: float) -> None:
        progress = self.progress
        progress.step, progress.epoch = step.number, step.epoch
        progress.seconds += seconds
        progress.texts += step.texts
        progress.tokens += step.tokens
        progress.computed += step.computed
        small = self.encoder.model.get_input_embeddings().weight
        if self.sub is not None and small.requires_grad:
            self.sub.step(step.lr, self.settings.train.weight_decay)

    def _scheduled(self) -> LambdaLR:
        """Make the schedule: by updates, or by the time that is spent."""
        train = self.settings.train
        if self.total is None:
            share = 0.1 if train.warmup_share is None else train.warmup_share
            return optim.timed_schedule(
                self.optimizer, train.schedule, warmup_share=share, spent=self.clock.share
            )
        warmup = optim.warmup_steps(
            self.total,
            self.lesson.per_epoch,
            share=train.warmup_share,
            steps=train.warmup_steps,
            epochs=train.warmup_epochs,
        )
        return optim.schedule(self.optimizer, train.schedule, warmup=warmup, total=self.total)

    def _continue(self, folder: Path) -> None:
        found = checkpoint.latest(folder / "checkpoints")
        prints = snapshot.fingerprints(self.lesson.fingerprint(), self.settings)
        snapshot.refuse_changed(found, prints, folder)
        self.progress = snapshot.put_back(found, self.encoder.model, self.optimizer)
        self.clock.before, self.clock.reserve = self.progress.clock, self.progress.reserve
        optim.move_schedule(self.schedule, self.progress.step)
        if self.sub is not None:
            self.sub.decay = self.progress.decay
        self.model.reload()


def _kernels(encoder: Encoder) -> tuple[str, ...]:
    """Say whether the layers compute by kernels, where they could."""
    if encoder.device.type != "cpu" or not encoder.packed:
        return ()
    if encoder.has_kernels:
        return ("layers: by kernels compiled for this processor",)
    return (f"layers: by torch's own operations ({encoder.why_no_kernels})",)


def _remedy(numbers: str) -> str:
    """Say what may help where a gradient is not finite."""
    return "a lower --lr" if numbers == "fp32" else "a lower --lr or --set train.precision=fp32"
