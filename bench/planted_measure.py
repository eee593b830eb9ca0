"""One training of bench.planted in a process of its own."""

import json
import tempfile
from pathlib import Path
from typing import Any

from bench import processes


def main() -> None:
    """Read the job, train, and write what was measured."""
    job, target = processes.read_job()
    processes.limit_threads(job["threads"])
    target.write_text(json.dumps(train(job)), encoding="utf-8")


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Train through the public door and read the run folder, as a user would."""
    import textune

    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        textune.train(
            job["train"],
            valid=job["valid"],
            test=job["test"],
            base=job["base"],
            recipe="classic",
            epochs=job["epochs"],
            batch_size=job["batch_size"],
            lr=job["lr"],
            max_tokens=job["max_tokens"],
            seed=job["seed"],
            out=run,
            settings=[f"data.long={job['long']}", f"data.pool={job['pool']}"],
        )
        metrics, capsule = (
            json.loads((run / name).read_text(encoding="utf-8"))
            for name in ("metrics.json", "capsule.json")
        )
    names = ("examples_per_second", "tokens_per_second", "train_seconds", "precision")
    return {
        "accuracy": metrics["test"]["accuracy"],
        "valid_accuracy": metrics["valid"]["accuracy"],
        **{name: capsule[name] for name in names},
    }


if __name__ == "__main__":
    main()
