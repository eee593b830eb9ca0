"""A recipe and a seed become a whole command of one program, its seconds, and its saved answers."""

import json
import resource
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench import measure, processes
from bench.jobs import Job
from bench.learning_masked import BASE
from bench.quality_sets import read
from bench.recipes_scores import Predictions
from bench.recipes_sets import MASKED, Files

OURS, PEER = "textune", "trainer"
POLICIES = {
    OURS: "the command of the recipe's page: `textune train` or `textune adapt`, whatever is not "
    "named there by its own recipe",
    PEER: "transformers' Trainer, its defaults: random batches, padded to their longest text, fp32",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One training of one program."""

    program: str  # OURS or PEER
    job: Job  # what both share; its own program and scratch are filled in here
    files: Files
    answers: Path  # where they are kept


def train(side: Side, folder: Path) -> dict[str, float]:
    """Train and answer; the files of the training are deleted with it.

    Returns:
        "seconds" of the whole command: from its start, imports included, to its end, when the
        model is saved and the test rows are answered (of a masked-LM they are asked afterwards,
        both alike, on no clock); "cpu_seconds" that the processor spent on it, which busy
        neighbours change little; and "train_seconds", of the updates alone.

    Raises:
        ProgramError: A process failed.
    """
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as scratch:
        job = replace(side.job, scratch=scratch)
        answer = by_textune if side.program == OURS else by_trainer
        return answer(replace(side, job=job), folder)


def by_textune(side: Side, folder: Path) -> dict[str, float]:
    """Run the command as a user would, and read the run's folder."""
    job, run = side.job, Path(side.job.scratch) / "run"
    log, variables = run.with_name("said.txt"), processes.environment(job.threads, folder)
    before = cpu_seconds()
    seconds = processes.timed("textune", words(side, run), log, variables)
    spent = cpu_seconds() - before
    capsule = json.loads((run / "capsule.json").read_text(encoding="utf-8"))
    if job.task == MASKED:
        ask(run / "model", side, folder)
    else:
        answers_of(run, side).write(side.answers)
    return {
        "seconds": seconds,
        "cpu_seconds": spent,
        "train_seconds": capsule["train_seconds"],
    }


def cpu_seconds() -> float:
    """Return what the processes that this one started, and that have ended, have spent."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def words(side: Side, run: Path) -> list[str]:
    """Return the command after `textune`."""
    job = side.job
    shared = [
        *("--base", job.base, "--out", str(run), "--seed", str(job.seed)),
        *("--epochs", str(job.epochs), "--batch-size", str(job.batch_size)),
        *("--lr", str(job.lr), "--max-tokens", str(job.max_tokens)),
    ]
    if job.task == MASKED:
        return [
            *("adapt", job.train, "--text", "text", "--set", "text.valid_share=0"),
            *(*shared, *set_words(job)),
        ]
    label = ",".join(job.labels) if job.task == "multi" else "label"
    return [
        *("train", job.train, "--task", job.task, "--text", "text", "--label", label),
        *("--valid", job.valid, "--test", str(side.files.test), "--long", "head", *shared),
        *("--set", f"train.metric={job.metrics[0]}", *set_words(job)),
    ]


def set_words(job: Job) -> list[str]:
    """Return what the job asks beside the usual options."""
    return [word for each in measure.changes(job) for word in ("--set", each)]


def answers_of(run: Path, side: Side) -> Predictions:
    """Read what a run says of each test row."""
    import pyarrow.parquet as pq  # here, as --help does not need it

    found = pq.read_table(run / "predictions" / "test.parquet").to_pydict()
    labels = side.files.labels
    rows = read(side.files.test)
    assert found["text"] == [row["text"] for row in rows], "a row is left out, or in another place"
    probabilities = list(zip(*(found[f"p({label})"] for label in labels), strict=True))
    if side.job.task == "multi":
        named = [set(decided(said)) for said in found["decision"]]
        decisions: list[Any] = [[int(label in each) for label in labels] for each in named]
    else:
        decisions = [labels.index(said) for said in found["decision"]]
    return Predictions(probabilities, decisions)


def decided(said: str) -> list[str]:
    """Return the names in a cell of decisions."""
    return [name for name in said.split(";") if name]


def by_trainer(side: Side, folder: Path) -> dict[str, float]:
    """Run the script, and time it from outside."""
    job = side.job
    values = asdict(job) | {"test": str(side.files.test), "answers": str(side.answers)}
    before, began = cpu_seconds(), time.perf_counter()
    found = processes.run("bench.recipes_peer", values, folder)
    seconds, spent = time.perf_counter() - began, cpu_seconds() - before
    if job.task == MASKED:
        ask(Path(job.scratch) / "model", side, folder)
    return {
        "seconds": seconds,
        "cpu_seconds": spent,
        "train_seconds": found["train_seconds"],
    }


def ask(model: Path, side: Side, folder: Path) -> None:
    """Ask a saved masked-LM model for the masked pieces of the held-out text."""
    job = side.job
    values: Mapping[str, Any] = {
        "model": str(model),
        "test": str(side.files.test),
        "answers": str(side.answers),
        "max_tokens": job.max_tokens,
        "threads": job.threads,
    }
    processes.run("bench.recipes_masks", values, folder)


def on(side: Side, base: str) -> Side:
    """Return the same training from another base."""
    return replace(side, job=replace(side.job, base=base))


def with_head(job: Job, folder: Path) -> str:
    """Return the base with a masked-LM head, which is made once."""
    run = folder / BASE
    if not run.is_dir():
        job = replace(job, epochs=0, seed=1)
        told = Side(OURS, job, Files((), Path(job.train), None, Path(job.train), {}), run)
        log, variables = folder / "head.txt", processes.environment(job.threads, folder)
        processes.timed("textune", words(told, run), log, variables)
    return str(run / "model")


def ready_kernels(threads: int, folder: Path) -> None:
    """Compile the kernels, as the first run on a machine does, before time is taken."""
    log, variables = folder / "kernels.txt", processes.environment(threads, folder)
    processes.timed("bench.recipes_ready", (), log, variables)
