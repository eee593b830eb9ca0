"""A job becomes a masked-LM training by transformers' Trainer, and what it measured."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from bench.masked_clock import Clock
from bench.masked_jobs import POLICIES, RATE, TUNED, Job, Result
from bench.peers import CountingCollator
from bench.scores import Rows


class ClockCallback(TrainerCallback):  # type: ignore[misc]  # transformers ships no complete types
    """Tells the clock about the Trainer's pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self._clock.start()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop the clock."""
        self._clock.stop()


def learn(job: Job) -> Result:
    """Train by the policy of the job: the first texts to warm up, then one pass with the clock on.

    Both passes are of one Trainer, which keeps its model and optimizer.
    """
    set_seed(job.seed)
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    model = load(job)
    rows = encode(job, tokenizer)
    trainer = Trainer(
        model=model,
        args=arguments(job),
        train_dataset=rows[: job.warm],
        data_collator=collator(tokenizer),
        processing_class=tokenizer,
    )
    trainer.train()
    counted, clock = collator(tokenizer), Clock(job, str(model.device))
    trainer.train_dataset, trainer.data_collator = rows, counted
    trainer.add_callback(ClockCallback(clock))
    trainer.train()
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        turn=job.turn,
        model=type(model).__name__,
        device=str(model.device),
        precision=precision(job),
        threads=torch.get_num_threads(),
        updates=trainer.state.global_step,
        texts=len(rows),
        tokens=counted.real,
        computed=counted.computed,
        seconds=clock.seconds,
    )


def load(job: Job) -> Any:
    """Load the encoder with its masked-LM head; the head is new where the base has none."""
    tuned = {"attn_implementation": "sdpa"} if job.program in TUNED else {}
    return AutoModelForMaskedLM.from_pretrained(job.base, dtype=torch.float32, **tuned)


def encode(job: Job, tokenizer: Any) -> Rows:
    """Turn the texts into the Trainer's rows; what is beyond the limit is cut off."""
    lines = Path(job.texts).read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    ids = tokenizer(texts, truncation=True, max_length=job.max_tokens)["input_ids"]
    return [{"input_ids": each} for each in ids]


def collator(tokenizer: Any) -> CountingCollator:
    """Return what masks and pads a batch, and counts."""
    return CountingCollator(DataCollatorForLanguageModeling(tokenizer, mlm_probability=RATE))


def arguments(job: Job) -> TrainingArguments:
    """Return the Trainer's defaults, and the policy's own settings."""
    tuned = {"train_sampling_strategy": "group_by_length", "logging_strategy": "no"}
    return TrainingArguments(
        output_dir=str(Path(job.scratch) / "trainer"),
        num_train_epochs=1,
        per_device_train_batch_size=job.batch_size,
        seed=job.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=precision(job) == "bf16",
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **(tuned if job.program in TUNED else {}),
    )


def precision(job: Job) -> str:
    """Return the number format of a peer's products."""
    return "bf16" if job.program == "tuned" else "fp32"
