"""A job of bench.lora becomes a trained run: its scores, seconds and peak memory.

`python -m bench.lora_measure JOB.json RESULT.json` trains in a process of its own.
"""

import json
import time
from pathlib import Path

from bench import processes


def main() -> None:
    """Train as the parent asks for."""
    job, target = processes.read_job()
    processes.limit_threads(job["threads"])
    import textune  # after the threads are limited

    began = time.perf_counter()
    run = textune.train(
        job["train"],
        valid=job["valid"],
        base=job["base"],
        out=Path(job["scratch"]) / "run",
        seed=job["seed"],
        epochs=job["epochs"],
        lora=job["lora"],
        max_tokens=job["max_tokens"],
        settings=job["settings"],
        precision=job["precision"],
        device="cpu",
    )
    found = {
        "seconds": time.perf_counter() - began,
        "peak_mb": processes.peak_memory_mb(),
        "valid": {name: run.metrics["valid"][name] for name in ("accuracy", "mcc")},
    }
    target.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
