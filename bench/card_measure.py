"""One process of `bench.card`: `python -m bench.card_measure JOB.json RESULT.json`."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench import answers, jobs, masked_jobs, processes
from bench.card_jobs import BATCH, OURS, WORKERS, Job, Result


def main() -> None:
    """Read the job, do it, and write what was measured."""
    values, target = processes.read_job()
    job = Job(**values)
    processes.limit_threads(job.threads)
    found = replace(run(job), peak_memory_mb=processes.peak_memory_mb())
    target.write_text(json.dumps(asdict(found)), encoding="utf-8")


def run(job: Job) -> Result:
    """Do what the job says."""
    if job.work == "prediction":
        return predict(job)
    if job.work.startswith("masked-LM"):
        return learn_masked(job)
    return by_textune(job) if job.program in OURS else by_trainer(job)


class FirstUpdate:
    """A callback of textune's that takes the time at the end of the first update."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.seconds: float | None = None

    def on_step(self, control: object, step: object) -> None:
        """Take the time, once, after the card has done its part."""
        if self.seconds is None:
            settle()
            self.seconds = time.time() - self._job.began


def by_textune(job: Job) -> Result:
    """Train through the public door and read the run folder, as a user would."""
    os.environ["TEXTUNE_RECIPE"] = "classic"
    import textune

    out, first = Path(job.scratch) / "run", FirstUpdate(job)
    textune.train(
        job.train,
        text="text",
        label="label",
        task="single",
        valid=job.valid,
        base=job.base,
        epochs=1,
        batch_size=job.batch_size,
        max_tokens=job.max_tokens,
        long="head",
        seed=1,
        out=out,
        callbacks=[first],
        settings=[*ways(job), "train.pooling=first"],
    )
    found = json.loads((out / "capsule.json").read_text(encoding="utf-8"))
    return Result(
        work=job.work,
        program=job.program,
        device=found["device"],
        precision=found["precision"],
        texts_per_second=found["examples_per_second"],
        tokens_per_second=found["tokens_per_second"],
        seconds=found["train_seconds"],
        first_step_seconds=first.seconds,
        peak_card_mb=peak_card_mb(),
    )


def by_trainer(job: Job) -> Result:
    """Train by transformers' Trainer."""
    from transformers import DataCollatorWithPadding, Trainer, TrainerCallback

    from bench import peers

    class First(TrainerCallback):  # type: ignore[misc]  # transformers ships no complete types
        seconds: float | None = None

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            if self.seconds is None:
                settle()
                self.seconds = time.time() - job.began

    told = peer_job(job)
    model, tokenizer = peers.load(told)
    rows = peers.encode(Path(job.train), tokenizer, told)
    collator = peers.CountingCollator(DataCollatorWithPadding(tokenizer))
    clock, first, args = peers.EpochClock(told, model, tokenizer), First(), peers.arguments(told)
    tune(args, job)
    trainer = Trainer(
        model=model,
        args=args,
        train_dataset=rows,
        data_collator=collator,
        processing_class=tokenizer,
        callbacks=[peers.ClockCallback(clock), first],
    )
    trainer.train()
    real = sum(len(row["input_ids"]) for row in rows)  # the collator counts in other processes
    return Result(
        work=job.work,
        program=job.program,
        device=str(model.device),
        precision=peers.precision(told),
        texts_per_second=len(rows) / clock.seconds,
        tokens_per_second=real / clock.seconds,
        seconds=clock.seconds,
        first_step_seconds=first.seconds,
        peak_card_mb=peak_card_mb(),
    )


def learn_masked(job: Job) -> Result:
    """Learn masked-LM; every text once, after some updates that warm up."""
    program = "textune" if job.program in OURS else job.program
    told = masked_jobs.Job(
        program=program,
        base=job.base,
        texts=job.train,
        scratch=job.scratch,
        seed=1,
        turn=1,
        batch_size=job.batch_size,
        max_tokens=job.max_tokens,
        threads=job.threads,
    )
    if program == "textune":
        from bench import masking

        found = masking.learn(told, changes=ways(job))
    else:
        from bench import masked_peers

        quicken(job)
        found = masked_peers.learn(told)
    return Result(
        work=job.work,
        program=job.program,
        device=found.device,
        precision=found.precision,
        texts_per_second=found.texts_per_second,
        tokens_per_second=found.tokens_per_second,
        seconds=found.seconds,
        first_step_seconds=None,
        peak_card_mb=peak_card_mb(),
    )


def predict(job: Job) -> Result:
    """Label texts, from raw texts to probabilities; a few first, with the clock stopped."""
    texts = json.loads(Path(job.train).read_text(encoding="utf-8"))
    run = Path(job.base)
    label = answers.load_textune(run) if job.program == "textune" else pipeline(run / "model", job)
    label(texts[: answers.WARM])
    settle()
    began = time.perf_counter()
    found = label(texts)
    settle()
    seconds = time.perf_counter() - began
    assert len(found) == len(texts)
    return Result(
        work=job.work,
        program=job.program,
        device=device(),
        precision="bf16",
        texts_per_second=len(texts) / seconds,
        tokens_per_second=None,
        seconds=seconds,
        first_step_seconds=None,
        peak_card_mb=peak_card_mb(),
    )


def pipeline(model: Path, job: Job) -> Any:
    """Load transformers' pipeline as it is used on a card."""
    import torch
    from transformers import pipeline as make

    classify: Any = make(
        "text-classification",
        model=str(model),
        tokenizer=str(model),
        batch_size=BATCH,
        truncation=True,
        max_length=job.max_tokens,
        dtype=torch.bfloat16,
        top_k=None,
        device=device(),
    )

    def label(texts: Sequence[str]) -> list[Any]:
        return list(classify(list(texts)))

    return label


def peer_job(job: Job) -> jobs.Job:
    """Say the same in the words of the Trainer's side."""
    names = {"default": "default", "tuned": "tuned-bf16", "tuned-compile": "tuned-compile"}
    return jobs.Job(
        program=names[job.program],
        base=job.base,
        task="single",
        labels=job.labels,
        train=job.train,
        valid=job.valid,
        sets={},
        metrics=("mcc",),
        scratch=job.scratch,
        seed=1,
        turn=1,
        epochs=1,
        batch_size=job.batch_size,
        lr=5e-5,
        max_tokens=job.max_tokens,
        threads=job.threads,
        precision="bf16",
    )


def tune(args: Any, job: Job) -> None:
    """Give the tuned Trainer what it can have on a card beside the usual settings."""
    if job.program != "default":
        args.dataloader_num_workers = WORKERS
        quicken(job)


def quicken(job: Job) -> None:
    """Let fp32 products of the tuned Trainer be TF32, as its argument `tf32` does."""
    if job.program != "default":
        import torch

        torch.set_float32_matmul_precision("high")


def ways(job: Job) -> tuple[str, str]:
    """Return the settings by which textune's ways differ."""
    return (
        f"train.graphs={'false' if job.program == 'textune-plain' else 'true'}",
        f"train.precision={'fp16' if job.program == 'textune-fp16' else 'auto'}",
    )


def device() -> str:
    """Return the device that all programs choose by themselves."""
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


def settle() -> None:
    """Wait until a card has done all that it was asked for."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_card_mb() -> float | None:
    """Return the most memory of a card that torch ever held for tensors."""
    import torch

    return torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None


if __name__ == "__main__":
    main()
