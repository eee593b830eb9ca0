"""One training of bench.neighbour in a process of its own, with threads as its users have them."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import measure, processes
from bench.jobs import Job

OURS = ("textune", "before")


def main() -> None:
    """Read the job, train, and write what was measured."""
    values, target = processes.read_job()
    target.write_text(json.dumps(run(Job(**values))), encoding="utf-8")


def run(job: Job) -> dict[str, Any]:
    """Train, and name the weights that textune learned."""
    found = asdict(measure.run(job)) | {"weights": None, "fewest_threads": None}
    if job.program not in OURS:
        return found
    run = Path(job.scratch) / "run"
    weights = (run / "model" / "model.safetensors").read_bytes()
    capsule = json.loads((run / "capsule.json").read_text(encoding="utf-8"))
    found["weights"] = hashlib.sha256(weights).hexdigest()
    found["fewest_threads"] = capsule.get("fewest_threads")
    found["process_seconds"] = sum(os.times()[:2])
    return found


if __name__ == "__main__":
    main()
