"""One training of bench.quality in a process of its own."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from bench import processes
from bench.jobs import POLICIES, Job, Result
from bench.measure import scores_of
from bench.quality_sets import read

COLUMNS = {  # of texts, and of what is learned
    "tags": (("words",), "tags"),
    "answers": (("question", "context"), "answers"),
}


def main() -> None:
    """Read the job, train, and write what was measured."""
    values, target = processes.read_job()
    job = Job(**values)
    processes.limit_threads(job.threads)
    result = replace(run(job), peak_memory_mb=processes.peak_memory_mb())
    target.write_text(json.dumps(asdict(result)), encoding="utf-8")


def run(job: Job) -> Result:
    """Train by the program of the job."""
    if job.program == "textune":
        return train_textune(job)
    from bench import peer_trainer  # here, so that textune's process does not pay for the Trainer

    return peer_trainer.train(job)


def train_textune(job: Job) -> Result:
    """Train through the public door and read the run folder, as a user would."""
    import textune

    first = read(Path(job.train))[0]
    texts = ("text", "pair") if "pair" in first else ("text",)
    text, label = COLUMNS.get(job.task, (texts, "label"))
    run = Path(job.scratch) / "run"
    textune.train(
        job.train,
        text=text,
        label=label,
        task=job.task,
        valid=job.valid,
        test=job.sets["test"],
        base=job.base,
        epochs=job.epochs,
        batch_size=job.batch_size,
        lr=job.lr,
        max_tokens=job.max_tokens,
        seed=job.seed,
        out=run,
        settings=[
            f"train.weight_decay={job.weight_decay}",
            f"train.warmup_share={job.warmup_share}",
            f"train.clip={job.clip}",
            "train.schedule=linear",
            f"train.metric={job.metrics[0]}",
        ],
    )
    metrics, capsule = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("metrics.json", "capsule.json")
    )
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        seed=job.seed,
        turn=job.turn,
        device=capsule["device"],
        precision=capsule["precision"],
        threads=capsule["threads"],
        examples=len(read(Path(job.train))),
        examples_per_second=capsule["examples_per_second"],
        tokens_per_second=capsule["tokens_per_second"],
        train_seconds=capsule["train_seconds"],
        padding=capsule["padding"] + 1,  # there a share of the real tokens
        peak_memory_mb=0.0,
        scores=scores_of(job, metrics),
    )


if __name__ == "__main__":
    main()
