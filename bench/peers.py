"""A job becomes a training by transformers' Trainer, and what it measured."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from bench.jobs import POLICIES, TUNED, Job, Result
from bench.peer_texts import PROBLEMS
from bench.scores import Rows, by_length, score
from bench.tasks import read_prepared

LOADED, TRAINED = (
    "loaded",
    "trained",
)  # files that appear in the scratch folder with an epoch's ends


class CountingCollator:
    """Pads a batch, and counts what that costs."""

    def __init__(self, pad: Callable[[Rows], Any]) -> None:
        self._pad = pad
        self.real = 0
        self.computed = 0

    def __call__(self, rows: Rows) -> Any:
        """Pad the rows of one batch."""
        batch = self._pad(rows)
        self.real += sum(len(row["input_ids"]) for row in rows)
        self.computed += batch["input_ids"].numel()
        return batch


class EpochClock:
    """Measures the epochs alone, and scores all sets after each with the clock stopped."""

    def __init__(self, job: Job, model: Any, tokenizer: Any) -> None:
        self._job, self._model = job, model
        self._pad = DataCollatorWithPadding(tokenizer)
        self._sets = {
            name: by_length(encode(Path(path), tokenizer, job)) for name, path in job.sets.items()
        }
        self.seconds = 0.0
        self.scores: list[dict[str, float | None]] = []
        self._begin = 0.0

    def start(self) -> None:
        """Start the clock of an epoch."""
        (Path(self._job.scratch) / LOADED).touch()
        self._begin = now(self._model)

    def stop(self) -> None:
        """Stop the clock, then score."""
        self.seconds += now(self._model) - self._begin
        (Path(self._job.scratch) / TRAINED).touch()
        found: dict[str, float | None] = {}
        for name, rows in self._sets.items():
            numbers = score(self._model, rows, self._pad, self._job.metrics)
            found |= {f"{name} {metric}": value for metric, value in numbers.items()}
        self.scores.append(found)

    def best(self) -> Mapping[str, float | None]:
        """Return all scores after the epoch best on the first set by the first metric."""

        def value(scores: Mapping[str, float | None]) -> float:
            first = next(iter(scores.values()), None)
            return -1.0 if first is None else first

        return max(self.scores, key=value)


class ClockCallback(TrainerCallback):  # type: ignore[misc]  # transformers ships no complete types
    """Tells the clock about the Trainer's epochs."""

    def __init__(self, clock: EpochClock) -> None:
        self._clock = clock

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self._clock.start()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop the clock."""
        self._clock.stop()


def train(job: Job) -> Result:
    """Train with the policy of the job; peak memory is filled in by whoever owns the process."""
    model, tokenizer = load(job)
    rows = encode(Path(job.train), tokenizer, job)
    collator = CountingCollator(DataCollatorWithPadding(tokenizer))
    clock = EpochClock(job, model, tokenizer)
    trainer = Trainer(
        model=model,
        args=arguments(job),
        train_dataset=rows,
        data_collator=collator,
        processing_class=tokenizer,
        callbacks=[ClockCallback(clock)],
    )
    trainer.train()
    return to_result(job, clock, collator, model)


def load(job: Job) -> tuple[Any, Any]:
    """Load the encoder with a new head, and its tokenizer."""
    set_seed(job.seed)
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    tuned = {"attn_implementation": "sdpa"} if job.program in TUNED else {}
    model = AutoModelForSequenceClassification.from_pretrained(
        job.base,
        num_labels=len(job.labels),
        problem_type=PROBLEMS[job.task],
        dtype=torch.float32,
        **tuned,
    )
    # The Trainer would divide a sum by its own count of labels, which the loss of several labels
    # ignores; this way every task and every program has the plain mean over the batch.
    model.accepts_loss_kwargs = False
    return model, tokenizer


def arguments(job: Job) -> TrainingArguments:
    """Return the shared settings, and the policy's own ones."""
    tuned = {"train_sampling_strategy": "group_by_length", "logging_strategy": "no"}
    return TrainingArguments(
        output_dir=str(Path(job.scratch) / "trainer"),
        num_train_epochs=job.epochs,
        per_device_train_batch_size=job.batch_size,
        learning_rate=job.lr,
        weight_decay=job.weight_decay,
        warmup_steps=job.warmup_share,  # below 1 it is a share of all steps
        lr_scheduler_type="linear",
        max_grad_norm=job.clip,
        seed=job.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=precision(job) == "bf16",
        torch_compile=job.program == "tuned-compile",
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **(tuned if job.program in TUNED else {}),
    )


def follow(trainer: Any, job: Job) -> None:
    """Give a Trainer the schedule of the job, where it has none of that name.

    One-cycle is torch's own (Smith, 2018), as tutorials hand it to the Trainer: from 1/25 of the
    highest rate up and down to almost nothing, both along a cosine.
    """
    if job.schedule != "one-cycle":
        return
    args = trainer.args
    total = math.ceil(len(trainer.train_dataset) / args.train_batch_size) * job.epochs
    trainer.create_optimizer()
    trainer.lr_scheduler = torch.optim.lr_scheduler.OneCycleLR(
        trainer.optimizer,
        max_lr=job.lr,
        total_steps=total,
        pct_start=job.warmup_share,
        cycle_momentum=False,
    )


def precision(job: Job) -> str:
    """Return the number format of a peer's products."""
    if job.numbers is not None:
        return job.numbers
    if job.program == "tuned-compile":
        return job.precision
    return "bf16" if job.program == "tuned-bf16" else "fp32"


def encode(path: Path, tokenizer: Any, job: Job) -> Rows:
    """Turn prepared texts into the Trainer's rows, cut as for every program."""
    texts, targets = read_prepared(path, job.task, job.labels)
    ids = tokenizer(texts, truncation=True, max_length=job.max_tokens)["input_ids"]
    pairs = zip(ids, targets, strict=True)
    return [{"input_ids": each, "labels": target} for each, target in pairs]


def to_result(job: Job, clock: EpochClock, collator: CountingCollator, model: Any) -> Result:
    """Put together what a peer's training measured."""
    examples = len(Path(job.train).read_text(encoding="utf-8").splitlines())
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        seed=job.seed,
        turn=job.turn,
        device=str(model.device),
        precision=precision(job),
        threads=torch.get_num_threads(),
        examples=examples,
        examples_per_second=examples * job.epochs / clock.seconds,
        tokens_per_second=collator.real / clock.seconds,
        train_seconds=clock.seconds,
        padding=collator.computed / collator.real,
        peak_memory_mb=0.0,
        scores=clock.best(),
    )


def now(model: Any) -> float:
    """Return seconds, after all that was asked of the device is done."""
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
