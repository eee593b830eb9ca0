"""One job in a process of its own: `python -m bench.measure JOB.json RESULT.json`."""

import json
import resource
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from bench.jobs import DEV_SETS, POLICIES, Job, Result, read_rows


def main() -> None:
    """Read the job, train, and write what was measured."""
    source, target = (Path(name) for name in sys.argv[1:3])
    job = Job(**json.loads(source.read_text(encoding="utf-8")))
    limit_threads(job.threads)
    result = replace(run(job), peak_memory_mb=peak_memory_mb())
    target.write_text(json.dumps(asdict(result)), encoding="utf-8")


def run(job: Job) -> Result:
    """Train by the program of the job."""
    if job.program == "textune":
        return train_textune(job)
    from bench import peers  # here, so that textune's process does not pay for the Trainer

    return peers.train(job)


def train_textune(job: Job) -> Result:
    """Train through the public door and read the run folder, as a user would."""
    import textune

    texts, _ = read_rows(Path(job.train))
    with tempfile.TemporaryDirectory(prefix="bench-textune-") as folder:
        run = Path(folder) / "run"
        textune.train(
            job.train,
            text="4",
            label="2",
            header=False,
            valid=job.valid,
            test=job.test,
            base=job.base,
            epochs=job.epochs,
            batch_size=job.batch_size,
            lr=job.lr,
            seed=job.seed,
            out=run,
            settings=[
                f"train.weight_decay={job.weight_decay}",
                f"train.warmup_share={job.warmup_share}",
                f"train.clip={job.clip}",
                "train.schedule=linear",
                "train.metric=mcc",
            ],
        )
        capsule = json.loads((run / "capsule.json").read_text(encoding="utf-8"))
        metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        seed=job.seed,
        turn=job.turn,
        device=capsule["device"],
        precision=capsule["precision"],
        threads=capsule["threads"],
        examples=len(texts),
        examples_per_second=capsule["examples_per_second"],
        train_seconds=capsule["train_seconds"],
        padding=capsule["padding"] + 1,  # there a share of the real tokens
        peak_memory_mb=0.0,
        mcc=dict(zip(DEV_SETS, (metrics["valid"]["mcc"], metrics["test"]["mcc"]), strict=True)),
    )


def limit_threads(threads: int) -> None:
    """Give torch so many threads; the environment has told the other libraries."""
    import torch

    torch.set_num_threads(threads)


def peak_memory_mb() -> float:
    """Return the most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
