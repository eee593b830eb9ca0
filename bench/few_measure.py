"""One training of bench.few in a process of its own, and what it answers for the test rows."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import processes
from bench.few_jobs import OURS, SCHEDULES, FewJob

SETFIT = Path(__file__).with_name("few_setfit.py")


def run(job: FewJob) -> dict[str, Any]:
    """Train by the program of the job.

    Returns:
        The "seconds" from the start of the program to the fitted model (textune: to the end of its
        command, report included), without what it takes to answer; and the "answers".

    Raises:
        ProgramError: A process of the program's own failed.
    """
    if job.system == OURS:
        from bench import few_textune

        seconds, answers = few_textune.run(job)
        return {"seconds": seconds, "answers": answers}
    if job.system == "setfit":
        began = time.time()
        found = by_setfit(job)
        return {"seconds": found["fitted"] - began, "answers": found["answers"]}
    fitted, answers = program(job.system)(job)
    return {"seconds": fitted - job.began, "answers": list(answers)}


def program(system: str) -> Callable[[FewJob], tuple[float, Sequence[Any]]]:
    """Return what trains in this process; each pays for its own imports alone."""
    if system in SCHEDULES:
        from bench import few_trainer

        return few_trainer.run
    if system == "embeddings":
        from bench import few_embeddings

        return few_embeddings.run
    from bench import few_tf_idf

    return few_tf_idf.run


def by_setfit(job: FewJob) -> dict[str, Any]:
    """Let the Python that has SetFit do it.

    Raises:
        ProgramError: It failed.
    """
    assert job.setfit is not None
    source, target = (Path(job.scratch) / name for name in ("setfit.json", "answers.json"))
    source.write_text(json.dumps(asdict(job)), encoding="utf-8")
    done = subprocess.run(
        [job.setfit, str(SETFIT), str(source), str(target)], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise processes.ProgramError(f"SetFit ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return dict(json.loads(target.read_text(encoding="utf-8")))


def main() -> None:
    """Read the job, train, and write what was found."""
    values, target = processes.read_job()
    job = FewJob(**values)
    if job.system in ("embeddings", *SCHEDULES):  # those that compute by torch in this process
        processes.limit_threads(job.threads)
    target.write_text(json.dumps(run(job)), encoding="utf-8")


if __name__ == "__main__":
    main()
