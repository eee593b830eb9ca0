"""transformers' Trainer in one process of several: `torchrun -m bench.ranks_peer JOB`.

The Trainer's own way to several processes (torch's DDP), in fp32, without dropout, on the rows and
with the schedule of `bench.ranks`. The first process writes what it saw.
"""

import json
import os
import sys
import time
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
)


class Seen(TrainerCallback):  # type: ignore[misc]  # transformers ships no complete types
    """Notes when each update ended, and what was logged of it."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.logs: list[dict[str, float]] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the time."""
        self.ends.append(time.perf_counter())

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Note loss and norm."""
        self.logs.append(dict(logs or {}))


def main() -> None:
    """Train, and write what was seen."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    world = int(os.environ.get("WORLD_SIZE", "1"))
    tokenizer = AutoTokenizer.from_pretrained(job["base"])
    model = AutoModelForSequenceClassification.from_pretrained(
        job["base"], num_labels=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    rows = [
        {**tokenizer(text, truncation=True), "labels": label}
        for text, label in zip(job["texts"], job["labels"], strict=True)
    ]
    seen = Seen()
    Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(Path(job["folder"]) / "trainer"),
            max_steps=job["steps"],
            per_device_train_batch_size=job["batch"] // world,
            learning_rate=5e-5,
            weight_decay=0.01,
            lr_scheduler_type="linear",
            warmup_steps=0.1,
            seed=42,
            use_cpu=True,
            ddp_backend="gloo" if world > 1 else None,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=rows,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[seen],
    ).train()
    if os.environ.get("RANK", "0") == "0":
        norms = [each["grad_norm"] for each in seen.logs if "grad_norm" in each]
        found = {"ends": seen.ends, "norms": norms}
        Path(job["out"]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
