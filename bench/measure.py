"""One training in a process of its own: `python -m bench.measure JOB.json RESULT.json`."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench import processes
from bench.jobs import POLICIES, Job, Result
from bench.tasks import read_prepared


def main() -> None:
    """Read the job, train, and write what was measured."""
    answer(run)


def answer(train: Callable[[Job], Result]) -> None:
    """Be the process of one job: read it, train, and write what was measured."""
    values, target = processes.read_job()
    job = Job(**values)
    processes.limit_threads(job.threads)
    result = replace(train(job), peak_memory_mb=processes.peak_memory_mb())
    target.write_text(json.dumps(asdict(result)), encoding="utf-8")


def run(job: Job) -> Result:
    """Train by the program of the job."""
    if job.program == "textune":
        return train_textune(job)
    if job.program == "tutorial":
        from bench import tutorial

        return tutorial.train(job)
    from bench import peers  # here, so that textune's process does not pay for the Trainer

    return peers.train(job)


def train_textune(job: Job) -> Result:
    """Train on what the other programs read of each text."""
    texts, _ = read_prepared(Path(job.train), job.task, job.labels)
    label = "label" if job.task == "single" else tuple(job.labels)
    return by_textune(job, examples=len(texts), text="text", label=label, long="head")


def by_textune(job: Job, *, examples: int, **reading: Any) -> Result:
    """Train through the public door and read the run folder, as a user would.

    Args:
        job: What to train.
        examples: Rows of its training file.
        reading: Columns, and what else `textune.train` shall know of the file.
    """
    os.environ["TEXTUNE_KERNELS"] = "1" if job.kernels else "0"
    os.environ["TEXTUNE_RECIPE"] = "classic"  # what the job leaves out is as in other programs
    import textune

    run = Path(job.scratch) / "run"
    test = list(job.sets.values())[1:]
    textune.train(
        job.train,
        task=job.task,
        valid=job.valid,
        test=test[0] if test else None,
        base=job.base,
        epochs=job.epochs,
        batch_size=job.batch_size,
        lr=job.lr,
        max_tokens=job.max_tokens,
        seed=job.seed,
        out=run,
        settings=[*changes(job), f"train.metric={job.metrics[0]}"],
        **reading,
    )
    capsule = json.loads((run / "capsule.json").read_text(encoding="utf-8"))
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        seed=job.seed,
        turn=job.turn,
        device=capsule["device"],
        precision=capsule["precision"],
        threads=capsule["threads"],
        examples=examples,
        examples_per_second=capsule["examples_per_second"],
        tokens_per_second=capsule["tokens_per_second"],
        train_seconds=capsule["train_seconds"],
        padding=capsule["padding"] + 1,  # there a share of the real tokens
        peak_memory_mb=0.0,
        scores=scores_of(job, json.loads((run / "metrics.json").read_text(encoding="utf-8"))),
    )


def changes(job: Job) -> tuple[str, ...]:
    """Return what a job asks beside the usual options, as settings."""
    return (
        f"train.weight_decay={job.weight_decay}",
        f"train.warmup_share={job.warmup_share}",
        f"train.clip={job.clip}",
        f"train.schedule={job.schedule}",
        f"train.precision={job.numbers or 'auto'}",
    )


def scores_of(job: Job, metrics: dict[str, Any]) -> dict[str, float | None]:
    """Take the numbers of the scored sets: the first validated, the second tested."""
    return {
        f"{name} {metric}": metrics[part][metric]
        for name, part in zip(job.sets, ("valid", "test"), strict=False)
        for metric in job.metrics
    }


if __name__ == "__main__":
    main()
