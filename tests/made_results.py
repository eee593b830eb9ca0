"""What a training of a benchmark could have measured."""

from typing import Any

from bench.jobs import POLICIES, Result


def result(program: str, seed: int, scores: dict[str, float | None], **changes: Any) -> Result:
    """Make a result, with numbers of no meaning where none are given."""
    values: dict[str, Any] = {
        "program": program,
        "policy": POLICIES[program],
        "seed": seed,
        "turn": seed,
        "device": "cpu",
        "precision": "fp32",
        "threads": 1,
        "examples": 100,
        "examples_per_second": 10.0,
        "tokens_per_second": 100.0,
        "train_seconds": 1.0,
        "padding": 1.0,
        "peak_memory_mb": 1.0,
        "scores": scores,
    }
    return Result(**values | changes)
