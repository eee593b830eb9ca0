"""A corpus and a base become fine-tuned weights, from the first step or from a checkpoint."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from textune import snapshot
from textune.config import Settings, TrainSettings
from textune.corpus import Corpus
from textune.encoder import devices, formats, load, precision, vocabulary
from textune.encoder.model import Encoder
from textune.encoder.vocabulary import SubTable
from textune.errors import SettingsError, StoppedError, among
from textune.evaluation import evaluate, metrics
from textune.journal import Journal
from textune.records import Said, Started, Step, Validated
from textune.snapshot import Progress
from textune.tasks.interface import Task
from textune.text import batches, plan
from textune.training import checkpoint, loop, memory, optim
from textune.training.guards import Wish
from textune.training.loop import Trainable, Work
from textune.training.optim import AdamW

MICRO_TOKENS = {"cpu": 4096, "cuda": 32768, "mps": 8192}


@dataclass(slots=True)
class Learner:
    """What changes while a run learns."""

    corpus: Corpus
    settings: Settings
    encoder: Encoder
    task: Task  # with class weights where asked for
    sub: SubTable | None
    model: Trainable
    optimizer: AdamW
    schedule: LambdaLR
    micro_tokens: int
    metric: str
    precision: str
    remarks: tuple[str, ...]
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def build(
        cls, corpus: Corpus, settings: Settings, place: str, device: torch.device
    ) -> "Learner":
        """Load the base, put a head on it, and make everything that trains it."""
        train, task = settings.train, corpus.task
        metric = _selecting(train.metric, task)
        if train.class_weights == "balanced":
            task = task.weighted(corpus.targets[corpus.split.train])
        encoder = load.load(
            place,
            model_class=task.model_class,
            config=task.config(),
            per_token=task.per_token,
            seed=settings.seed,
        ).to(device)
        optim.freeze(encoder.model, train.freeze)
        rows = encoder.model.get_input_embeddings().weight.shape[0]
        sub = vocabulary.shrink(encoder, corpus.store.used(rows), place=place)
        width = int(encoder.config.hidden_size)
        numbers, why = formats.choose(train.precision, device, width=width)
        model = precision.wrap(encoder, numbers)
        optimizer, schedule = _optimizer(encoder, train, *_steps(corpus, settings))
        encoder.train()
        return cls(
            corpus=corpus,
            settings=settings,
            encoder=encoder,
            task=task,
            sub=sub,
            model=model,
            optimizer=optimizer,
            schedule=schedule,
            micro_tokens=train.micro_tokens or MICRO_TOKENS[device.type],
            metric=metric,
            precision=numbers,
            remarks=(
                f"device: {devices.words(device)}; numbers: {numbers} ({why})",
                *_kernels(encoder),
            ),
        )

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
            f"encoder: {kind}, {whole / 1e6:.1f} M parameters, {trained / 1e6:.1f} M of them "
            f"trained here; {how}"
        )
        yield from (Said(remark) for remark in self.remarks)

    def learn(self, folder: Path, *, resume: bool) -> Iterator[Started | Step | Validated | Said]:
        """Update the weights to the end of the plan, validating and saving on the way."""
        total, _ = _steps(self.corpus, self.settings)
        if resume:
            self._continue(folder)
            yield Said(f"continuing after step {self.progress.step:,} of {total:,}")
        else:
            torch.manual_seed(self.settings.seed)
        memory.keep()
        tokens = int(self.corpus.store.lengths[self.corpus.split.train].sum())
        yield Started(total, self.progress.step + 1, self.settings.train.epochs, tokens)
        events = folder / "tensorboard" if self.settings.tensorboard else None
        journal = Journal(folder / "log.jsonl", after=self.progress.step, events=events)
        try:
            yield from self._validated(folder, journal)  # a stop may have come before it
            if not self._is_over():
                yield from self._steps(folder, journal)
            if self._is_over() and self.progress.step < total:
                patience = self.settings.train.patience
                yield Said(f"stopped early: no better {self.metric} in {patience} validations")
        finally:
            journal.close()

    def _steps(self, folder: Path, journal: Journal) -> Iterator[Step | Validated | Said]:
        began = time.perf_counter()
        for step in loop.train(
            self.model,
            self.task.loss,
            self.work(),
            self.optimizer,
            self.schedule,
            clip=self.settings.train.clip,
        ):
            seconds = time.perf_counter() - began
            self._account(step, seconds)
            journal.step(step, seconds)
            yield step
            yield from self._validated(folder, journal)
            if self._is_over():
                return
            began = time.perf_counter()

    def _validated(self, folder: Path, journal: Journal) -> Iterator[Validated | Said]:
        """Validate and save where it is time to, and this step has not been validated yet."""
        total, per_epoch = _steps(self.corpus, self.settings)
        step, every = self.progress.step, self.settings.train.validate_every or per_epoch
        is_due = step > 0 and (step % every == 0 or step == total)
        if not is_due or self.progress.validated == step:
            return
        found = self.validate(folder)
        journal.validated(found)
        yield found
        yield from self._saved(folder)

    def _is_over(self) -> bool:
        """Tell whether patience is at its end."""
        patience = self.settings.train.patience
        return patience is not None and self.progress.since_best >= patience

    def validate(self, folder: Path) -> Validated:
        """Judge the weights on the validation texts and keep them if they are the best so far."""
        began = time.perf_counter()
        progress = self.progress
        self.encoder.release()  # gradients are made anew; meanwhile judging needs memory
        memory.give_back()
        found = self.judge("valid")
        value, loss = found[self.metric], found.get("log_loss")
        is_tie = value == progress.best and metrics.better("log_loss", loss, progress.best_loss)
        is_better = progress.best_step == 0 or metrics.better(self.metric, value, progress.best)
        progress.since_best = 0 if is_better else progress.since_best + 1
        is_best = is_better or is_tie
        if is_best:
            snapshot.keep_best(
                folder, self.encoder.model, 1.0 if self.sub is None else self.sub.decay
            )
            progress.best, progress.best_loss, progress.best_step = value, loss, progress.step
        progress.validated = progress.step
        _, per_epoch = _steps(self.corpus, self.settings)
        return Validated(
            step=progress.step,
            epoch=round(progress.step / per_epoch, 3),
            metrics=found,
            metric=self.metric,
            is_best=is_best,
            seconds=time.perf_counter() - began,
        )

    def judge(self, part: str) -> dict[str, Any]:
        """Compute every metric of one part of the corpus."""
        rows = getattr(self.corpus.split, part)
        scores = evaluate.score(
            self.encoder,
            self.task,
            self.corpus.store,
            rows,
            decision=self.task.default_decision(),
            targets=self.corpus.targets,
            micro_tokens=self.micro_tokens,
        )
        return self.task.judge(scores)

    def save_checkpoint(self, folder: Path) -> None:
        """Write everything from which this run continues to the same weights.

        Raises:
            OSError: The disk is full or read-only.
        """
        self.progress.decay = 1.0 if self.sub is None else self.sub.decay
        prints = snapshot.fingerprints(self.corpus, self.settings)
        found = snapshot.take(self.encoder.model, self.optimizer, self.progress, prints)
        checkpoint.save(folder / "checkpoints", found, step=self.progress.step)

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
        if self.progress.best_step:
            decay = snapshot.take_best(folder, self.encoder.model)
            if self.sub is not None:
                self.sub.decay = decay
            self.encoder.refresh()

    def complete(self) -> None:
        """Put the whole embedding into the encoder, for saving."""
        if self.sub is not None:
            vocabulary.restore(self.encoder, self.sub)

    def _saved(self, folder: Path) -> Iterator[Said]:
        try:
            self.save_checkpoint(folder)
        except OSError as error:
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

    def work(self) -> Iterator[Work]:
        """Plan every epoch and leave out the steps that are already done."""
        corpus, train = self.corpus, self.settings.train
        rows = corpus.split.train
        lengths = corpus.store.lengths[rows]
        number = 0
        for epoch in range(1, train.epochs + 1):
            updates = plan.epoch(
                lengths,
                seed=self.settings.seed,
                number=epoch,
                batch_size=train.batch_size,
                micro_tokens=self.micro_tokens,
                padded=not self.encoder.packed,
            )
            for update in updates:
                number += 1
                if number > self.progress.step:
                    yield self._one(update, number, epoch)

    def _one(self, update: plan.Update, number: int, epoch: int) -> Work:
        corpus = self.corpus
        mine = corpus.split.train[update.rows]
        parts = [corpus.split.train[part] for part in update.parts if len(part)]
        made = [
            batches.pack(corpus.store, part, targets=corpus.targets, device=self.encoder.device)
            for part in parts
        ]
        return Work(
            number=number,
            epoch=epoch,
            parts=made,
            count=self.task.count(corpus.targets[mine]),
            texts=len(mine),
            tokens=int(corpus.store.lengths[mine].sum()),
            computed=sum(self.encoder.computed_tokens(batch) for batch in made),
        )

    def _continue(self, folder: Path) -> None:
        found = checkpoint.latest(folder / "checkpoints")
        prints = snapshot.fingerprints(self.corpus, self.settings)
        snapshot.refuse_changed(found, prints, folder)
        self.progress = snapshot.put_back(found, self.encoder.model, self.optimizer, self.schedule)
        if self.sub is not None:
            self.sub.decay = self.progress.decay
        self.model.reload()


def _optimizer(
    encoder: Encoder, train: TrainSettings, total: int, per_epoch: int
) -> tuple[AdamW, LambdaLR]:
    optimizer = optim.adamw(
        encoder.model,
        lr=train.lr,
        weight_decay=train.weight_decay,
        betas=train.betas,
        eps=train.eps,
        halves=encoder.halves(),
    )
    warmup = optim.warmup_steps(
        total,
        per_epoch,
        share=train.warmup_share,
        steps=train.warmup_steps,
        epochs=train.warmup_epochs,
    )
    return optimizer, optim.schedule(optimizer, train.schedule, warmup=warmup, total=total)


def _kernels(encoder: Encoder) -> tuple[str, ...]:
    """Say whether the layers compute by kernels, where they could."""
    if encoder.device.type != "cpu" or not encoder.packed:
        return ()
    if encoder.has_kernels:
        return ("layers: by kernels compiled for this processor",)
    return (f"layers: by torch's own operations ({encoder.why_no_kernels})",)


def _selecting(wanted: str | None, task: Task) -> str:
    if wanted is None:
        return task.main_metric
    if wanted not in metrics.DIRECTION:
        raise SettingsError(
            f"train.metric {wanted!r}: no such metric; {among(wanted, metrics.DIRECTION)}"
        )
    return wanted


def _steps(corpus: Corpus, settings: Settings) -> tuple[int, int]:
    per_epoch = plan.steps_in_epoch(len(corpus.split.train), settings.train.batch_size)
    return per_epoch * settings.train.epochs, per_epoch
