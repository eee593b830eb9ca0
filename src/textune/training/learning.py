"""An objective and an encoder become trained weights, from the first step or from a checkpoint."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from textune.encoder import devices, precision, remarks, vocabulary
from textune.encoder.model import Encoder
from textune.encoder.vocabulary import SubTable
from textune.errors import StoppedError
from textune.fast import threads
from textune.metrics import catalogue, written
from textune.objectives.objective import Objective, passes
from textune.objectives.work import Work
from textune.records import Message, Started, Step, Validated
from textune.runs import runs
from textune.runs.journal import Journal
from textune.settings.language_config import RunSettings
from textune.storage import folders
from textune.training import checkpoint, fingerprints, loop, memory, optim, snapshot
from textune.training.clock import Clock
from textune.training.fingerprints import Fingerprint
from textune.training.guards import StopRequest
from textune.training.loop import Trainable
from textune.training.optim import AdamW
from textune.training.progress import Progress

MICRO_TOKENS = {"cpu": 4096, "cuda": 32768, "mps": 8192}
TENTHS = 10  # validations in the time of a budget, at most
AFTER = 3  # times as long as judging takes what comes after the last update: judging, saving
WORTH = 3  # times as long as judging takes one learns at least before judging again


@dataclass(slots=True)
class Learner:
    """What changes while a run learns."""

    objective: Objective
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
    named: Fingerprint | None = None  # what the steps depend on, by content
    journal: Journal = field(init=False)  # while it learns

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
    ) -> "Learner":
        """Make everything that trains an encoder.

        Args:
            objective: What there is to learn.
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
            micro_tokens=train.micro_tokens or MICRO_TOKENS[device.type],
            precision=numbers,
            remarks=(
                f"device: {devices.words(device)}; numbers: {numbers} ({why})",
                *remarks.kernels(encoder),
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
        return self.objective.per_epoch * self.settings.train.epochs

    def introduce(self) -> Iterator[Message]:
        """Say what will be trained, and how."""
        rows = self.encoder.model.get_input_embeddings().weight
        left_out = 0 if self.sub is None else self.sub.size - rows.numel()
        found = remarks.describe(self.encoder, left_out=left_out, millions=written.millions)
        yield from map(Message, (*found, *self.remarks))

    def take_up(self, folder: Path, *, accept: bool) -> Generator[Message, None, folders.State]:
        """Go on with the run in a folder, if it is the same one and there is something to do.

        Args:
            folder: Of the run.
            accept: Whether it may go on where other bits come of it.

        Returns:
            "new" where nothing was learned yet, "on" where the state of its last checkpoint is put
            back, "done" where it is finished.

        Raises:
            CheckpointError: It is another run, or no checkpoint is sound.
        """
        if runs.is_finished(folder):
            is_further, remark = fingerprints.goes_further(folder, self.prints())
            yield from (Message(one, is_warning=True) for one in remark)
            if not is_further:
                return "done"
        elif not folders.can_resume(folder):
            runs.refuse_unfinished(folder)
            return "new"
        yield from self._continue(folder, accept=accept)
        return "on"

    def learn(
        self, folder: Path, stop: StopRequest, *, goes_on: bool
    ) -> Iterator[Started | Step | Validated | Message]:
        """Update the weights to the end of the plan, validating and saving on the way.

        Raises:
            StoppedError: A signal asked for it; the state is saved.
        """
        if not goes_on:
            torch.manual_seed(self.settings.seed)
        memory.keep()
        yield Started(
            steps=self.total,
            first=self.progress.step + 1,
            epochs=self.settings.train.epochs,
            tokens=self.objective.tokens,
            seconds=self.clock.left(),
        )
        events = folder / "tensorboard" if self.settings.tensorboard else None
        after = self.progress.step if goes_on else -1
        self.journal = Journal(folder / "log.jsonl", after=after, events=events)
        yield from (Message(remark, is_warning=True) for remark in self.journal.remarks)
        try:
            with stop.between_steps():
                yield from self._validated(folder, stop)  # a stop may have come before it
                if not self._is_over():
                    yield from self._steps(folder, stop)
                self._stop_if(folder, stop)
            if self._has_no_patience() and self.progress.step != self.total:
                patience = self.settings.train.patience
                title = catalogue.HEADLINES.get(self.objective.metric, self.objective.metric)
                times = "1 validation" if patience == 1 else f"{patience} validations"
                yield Message(f"stopped early: no better {title} in {times}")
        finally:
            self.journal.close()

    def _steps(self, folder: Path, stop: StopRequest) -> Iterator[Step | Validated | Message]:
        began = time.perf_counter()
        for step in loop.train(
            self.model,
            self.objective.loss,
            self.work(),
            self.optimizer,
            self.schedule,
            clip=self.settings.train.clip,
            remedy=remarks.remedy(self.precision),
        ):
            seconds = time.perf_counter() - began
            self._account(step, seconds)
            self.journal.step(step, seconds, threads.count())
            if step.number % self.objective.per_epoch == 0:
                self.journal.epoch(step)
            yield step
            yield from map(Message, threads.news())
            self._stop_if(folder, stop)
            yield from self._validated(folder, stop)
            if self._is_over():
                return
            if time.perf_counter() - self.saved > self.settings.train.checkpoint_minutes * 60:
                yield from self._saved(folder)
            began = time.perf_counter()

    def _validated(self, folder: Path, stop: StopRequest) -> Iterator[Validated | Message]:
        """Validate and save where it is time to, and this step has not been validated yet."""
        if not self._is_due():
            return
        try:
            with stop.at_once():
                judged = self._judge()
        except StoppedError:  # before anything followed from it: it is judged again
            self._stop_if(folder, stop)
            raise
        found = self._noted(folder, *judged)
        self.journal.validated(found)
        yield found
        yield from self._saved(folder)

    def _is_due(self) -> bool:
        """Tell whether it is time to validate."""
        progress = self.progress
        if progress.step == 0:
            return self.objective.looks_first and progress.before is None
        if progress.validated == progress.step:
            return False
        every = self.settings.train.validate_every
        if self.clock.budget is not None and every is None:
            is_worth_it = time.perf_counter() - self.judged > WORTH * self.clock.reserve
            return self.clock.is_over() or (
                int(self.clock.share() * TENTHS) > progress.tenths and is_worth_it
            )
        is_last = progress.step == self.total or self.clock.is_over()
        return is_last or progress.step % (every or self.objective.per_epoch) == 0

    def _is_over(self) -> bool:
        """Tell whether time or patience is at its end."""
        return self._has_no_patience() or self.clock.is_over()

    def _has_no_patience(self) -> bool:
        patience = self.settings.train.patience
        return patience is not None and self.progress.since_best >= patience

    def _judge(self) -> tuple[dict[str, object], float]:
        """Judge the weights on what is held out; return the numbers, and when it began."""
        began = time.perf_counter()
        self.encoder.release()  # gradients are made anew; meanwhile judging needs memory
        memory.give_back()
        return self.objective.judge(self.encoder, micro_tokens=self.micro_tokens), began

    def _noted(self, folder: Path, found: dict[str, Any], began: float) -> Validated:
        """Keep the weights if they are the best so far."""
        objective, progress = self.objective, self.progress
        is_best = progress.note(found, objective.metric, objective.tie_metric)
        if is_best:
            decay = 1.0 if self.sub is None else self.sub.decay
            snapshot.keep_best(folder, self.encoder.model, step=progress.step, decay=decay)
        progress.validated = progress.step
        if progress.step == 0:
            progress.before = found
        progress.tenths = int(self.clock.share() * TENTHS)
        self.judged = time.perf_counter()
        seconds = self.judged - began
        self.clock.reserve = max(self.clock.reserve, AFTER * seconds)
        return Validated(
            step=progress.step,
            epoch=round(progress.step / objective.per_epoch, 3),
            metrics=found,
            metric=objective.metric,
            is_best=is_best,
            seconds=seconds,
        )

    def save_checkpoint(self, folder: Path) -> None:
        """Write everything from which this run continues to the same weights.

        Raises:
            OSError: The disk is full or read-only.
        """
        self.progress.decay = 1.0 if self.sub is None else self.sub.decay
        self.progress.clock, self.progress.total = self.clock.seconds(), self.total
        self.progress.reserve = self.clock.reserve
        self.journal.flush()  # what is before a checkpoint is never lost
        found = snapshot.take(self.encoder.model, self.optimizer, self.progress, self.prints())
        checkpoint.save(folder / "checkpoints", found, step=self.progress.step)
        self.saved = time.perf_counter()

    def prints(self) -> Fingerprint:
        """Return what names by content all that the remaining steps depend on."""
        if self.named is None:
            data = self.objective.fingerprint()
            self.named = snapshot.fingerprint(data, self.settings, self.encoder)
        return self.named

    def _stop_if(self, folder: Path, stop: StopRequest) -> None:
        """Save the state and stop where a signal asked for it, between two steps.

        Raises:
            StoppedError: It was asked for.
        """
        if stop.signal is None:
            return
        self.save_checkpoint(folder)
        raise StoppedError(
            f"stopped after step {self.progress.step:,}, state saved; continue with --resume",
            signal=stop.signal,
        )

    def note(self) -> dict[str, object]:
        """Return what a finished run notes of the command that made it."""
        progress = {"step": self.progress.step, "total": self.total}
        return {"fingerprints": self.prints().values, "progress": progress}

    def take_best(self, folder: Path) -> None:
        """Put the best weights into the encoder; the optimizer's state is no longer needed."""
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

    def work(self) -> Iterator[Work]:
        """Go through the passes and leave out the updates that are already done."""
        epochs = None if self.clock.budget is not None else self.settings.train.epochs
        done, most = self.progress.step, self.micro_tokens
        return passes(self.objective, self.encoder, epochs, after=done, micro_tokens=most)

    def measures(self) -> dict[str, object]:
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

    def _saved(self, folder: Path) -> Iterator[Message]:
        try:
            self.save_checkpoint(folder)
        except OSError as error:
            self.saved = time.perf_counter()
            fault = f"no checkpoint was written at step {self.progress.step}: {error}"
            yield Message(f"{fault}; training goes on", is_warning=True)

    def _account(self, step: Step, seconds: float) -> None:
        self.progress.count(step, seconds)
        small = self.encoder.model.get_input_embeddings().weight
        if self.sub is not None and small.requires_grad:
            self.sub.step(step.lr, self.settings.train.weight_decay)

    def _scheduled(self) -> LambdaLR:
        """Make the schedule: by updates, or by the time that is spent."""
        train = self.settings.train
        return optim.planned(
            self.optimizer,
            train.schedule,
            total=self.total,
            per_epoch=self.objective.per_epoch,
            warmup=(train.warmup_share, train.warmup_steps, train.warmup_epochs),
            spent=self.clock.share,
        )

    def _continue(self, folder: Path, *, accept: bool) -> Iterator[Message]:
        place = folder / "checkpoints"
        remarks = [f"{place / one}: damaged, passed over" for one in checkpoint.damaged(place)]
        found = checkpoint.latest(place)
        remarks += fingerprints.refuse_changed(found.state, self.prints(), folder, accept=accept)
        self.progress = snapshot.put_back(found, self.encoder.model, self.optimizer)
        remarks += snapshot.secure_best(folder, self.progress, accept=accept)
        self.clock.before, self.clock.reserve = self.progress.clock, self.progress.reserve
        optim.move_schedule(self.schedule, self.progress.step)
        if self.sub is not None:
            self.sub.decay = self.progress.decay
        self.model.reload()
        yield from (Message(remark, is_warning=True) for remark in remarks)
        of = "" if self.total is None else f" of {self.total:,}"
        yield Message(f"continuing after step {self.progress.step:,}{of}")
