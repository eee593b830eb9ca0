"""A job of bench.few becomes the command that a user would type, and its model's answers."""

import os
from collections.abc import Sequence
from pathlib import Path

from bench import processes
from bench.few_jobs import FewJob
from bench.few_scores import Answers
from bench.quality_sets import Row, read


def run(job: FewJob) -> tuple[float, Answers]:
    """Train in a process of its own; return its seconds, and the answers for the test rows.

    Raises:
        ProgramError: The command failed; with what it said last.
    """
    ready_kernels()
    folder = Path(job.scratch) / "run"
    seconds = train(job, folder)
    return seconds, answers(folder, read(Path(job.test)), job.kind)


def ready_kernels() -> None:
    """Compile the kernels, as the first run on a machine does, before time is taken."""
    from textune.fast import calls

    calls.available()


def train(job: FewJob, folder: Path) -> float:
    """Run the command, and return its seconds, from its start to its end.

    Raises:
        ProgramError: It failed.
    """
    rows = read(Path(job.train))
    settings = [word for each in job.settings for word in ("--set", each)]
    words = [
        *("train", job.train, "--task", job.kind, *columns(rows, job)),
        *("--base", job.base, "--seed", str(job.seed), "--out", str(folder), *settings),
    ]
    log = Path(job.scratch) / "textune.txt"
    return processes.timed("textune", words, log, dict(os.environ))


def columns(rows: Sequence[Row], job: FewJob) -> tuple[str, str, str, str]:
    """Name the columns of texts and of what is learned."""
    if job.kind == "tags":
        return "--text", "words", "--label", "tags"
    text = "text,pair" if "pair" in rows[0] else "text"
    return "--text", text, "--label", ",".join(job.labels) if job.kind == "multi" else "label"


def answers(folder: Path, rows: Sequence[Row], kind: str) -> Answers:
    """Ask the model of a run."""
    from textune import Predictor

    predictor = Predictor.load(folder)
    if kind == "tags":
        return [list(each.labels) for each in predictor.predict([row["words"] for row in rows])]
    pairs = "pair" in rows[0]
    said = predictor.predict([(r["text"], r["pair"]) if pairs else r["text"] for r in rows])
    if kind == "number":
        return [float(next(iter(each.numbers.values()))) for each in said]
    return [each.labels[0] if kind == "single" else list(each.labels) for each in said]
