"""A job becomes a training by transformers' Trainer, and what it measured."""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from sklearn.metrics import matthews_corrcoef
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from bench.jobs import DEV_SETS, POLICIES, TUNED, Job, Result, read_rows

Rows = list[dict[str, Any]]


class CountingCollator:
    """Pads a batch to its longest text, and counts what that costs."""

    def __init__(self, tokenizer: Any) -> None:
        self._pad = DataCollatorWithPadding(tokenizer)
        self.real = 0
        self.computed = 0

    def __call__(self, rows: Rows) -> Any:
        """Pad the rows of one batch."""
        batch = self._pad(rows)
        self.real += int(batch["attention_mask"].sum())
        self.computed += batch["attention_mask"].numel()
        return batch


class EpochClock(TrainerCallback):  # type: ignore[misc]  # transformers ships no complete types
    """Measures the epochs alone, and scores both dev sets after each with the clock stopped."""

    def __init__(self, model: Any, dev_sets: dict[str, Rows], pad: DataCollatorWithPadding) -> None:
        self.model, self._dev_sets, self._pad = model, dev_sets, pad
        self.seconds = 0.0
        self.scores: list[dict[str, float]] = []
        self._begin = 0.0

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self._begin = now(self.model)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop the clock, then score."""
        self.seconds += now(self.model) - self._begin
        self.scores.append(
            {name: score(self.model, rows, self._pad) for name, rows in self._dev_sets.items()}
        )


def train(job: Job) -> Result:
    """Train with the policy of the job; peak memory is filled in by whoever owns the process."""
    set_seed(job.seed)
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    model = AutoModelForSequenceClassification.from_pretrained(
        job.base, num_labels=2, dtype=torch.float32, attn_implementation="sdpa"
    )
    rows = encode(Path(job.train), tokenizer)
    dev_files = zip(DEV_SETS, (job.valid, job.test), strict=True)
    dev_sets = {name: by_length(encode(Path(path), tokenizer)) for name, path in dev_files}
    collator = CountingCollator(tokenizer)
    clock = EpochClock(model, dev_sets, DataCollatorWithPadding(tokenizer))
    with tempfile.TemporaryDirectory(prefix="bench-trainer-") as folder:
        trainer = Trainer(
            model=model,
            args=arguments(job, folder),
            train_dataset=rows,
            data_collator=collator,
            processing_class=tokenizer,
            callbacks=[clock],
        )
        trainer.train()
    best = max(clock.scores, key=lambda scores: scores[DEV_SETS[0]])
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        seed=job.seed,
        turn=job.turn,
        device=str(model.device),
        precision="bf16" if job.program == "tuned-bf16" else "fp32",
        threads=torch.get_num_threads(),
        examples=len(rows),
        examples_per_second=len(rows) * job.epochs / clock.seconds,
        train_seconds=clock.seconds,
        padding=collator.computed / collator.real,
        peak_memory_mb=0.0,
        mcc=best,
    )


def arguments(job: Job, folder: str) -> TrainingArguments:
    """Return the shared settings, and the policy's own ones."""
    tuned = {"train_sampling_strategy": "group_by_length", "logging_strategy": "no"}
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=job.epochs,
        per_device_train_batch_size=job.batch_size,
        learning_rate=job.lr,
        weight_decay=job.weight_decay,
        warmup_steps=job.warmup_share,  # below 1 it is a share of all steps
        lr_scheduler_type="linear",
        max_grad_norm=job.clip,
        seed=job.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=job.program == "tuned-bf16",
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **(tuned if job.program in TUNED else {}),
    )


def encode(path: Path, tokenizer: Any) -> Rows:
    """Turn a CoLA table into the Trainer's rows, as long as the encoder can read."""
    texts, labels = read_rows(path)
    longest = min(tokenizer.model_max_length, 512)
    ids = tokenizer(texts, truncation=True, max_length=longest)["input_ids"]
    pairs = zip(ids, labels, strict=True)
    return [{"input_ids": each, "labels": label} for each, label in pairs]


def by_length(rows: Rows) -> Rows:
    """Sort, so that scoring pads little; no score depends on the order."""
    return sorted(rows, key=lambda row: len(row["input_ids"]))


@torch.no_grad()
def score(model: Any, rows: Rows, pad: DataCollatorWithPadding) -> float:
    """Return the Matthews correlation over the whole set."""
    training = model.training
    model.eval()
    decided: list[int] = []
    for start in range(0, len(rows), 64):
        batch = pad(rows[start : start + 64]).to(model.device)
        batch.pop("labels")
        decided += model(**batch).logits.argmax(-1).tolist()
    model.train(training)
    return float(matthews_corrcoef([row["labels"] for row in rows], decided))


def now(model: Any) -> float:
    """Return seconds, after all that was asked of the device is done."""
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
