"""One training of bench.honest in a process of its own: what the run reports, and what is so."""

import json
from pathlib import Path
from typing import Any

from bench import few_textune, processes
from bench.few_jobs import FewJob


def run(job: FewJob) -> dict[str, Any]:
    """Train by the command, and judge its model by the untouched rows.

    Returns:
        "metric", the main one; "seconds" of the command; "scores": metric → what is "reported" of
        validation, its "interval" and what is "true".

    Raises:
        ProgramError: The command failed; with what it said last.
    """
    import textune

    few_textune.ready_kernels()
    folder = Path(job.scratch) / "run"
    seconds = few_textune.train(job, folder)
    reported = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["valid"]
    true = textune.evaluate(folder, job.test)
    scores = {
        metric: {
            "reported": value,
            "interval": reported["intervals"].get(metric),
            "true": true[metric],
        }
        for metric, value in reported.items()
        if isinstance(value, float) and isinstance(true.get(metric), float)
    }
    metric = textune.Predictor.load(folder).task.main_metric
    assert metric in scores, f"{metric} is not among {', '.join(scores)}"
    return {"metric": metric, "seconds": seconds, "scores": scores}


def main() -> None:
    """Read the job, train, and write what was found."""
    values, target = processes.read_job()
    target.write_text(json.dumps(run(FewJob(**values))), encoding="utf-8")


if __name__ == "__main__":
    main()
