"""What one measured training is told, and what it answers."""

from dataclasses import dataclass
from pathlib import Path

POLICIES = {
    "textune": "textune: random batches, packed, precision by its own measurement",
    "default": "Trainer default: random batches, padded to the longest, fp32",
    "tuned-bf16": "Trainer tuned: group_by_length, bf16, sdpa, no logging",
    "tuned-fp32": "Trainer tuned: group_by_length, fp32, sdpa, no logging",
}
TUNED = ("tuned-bf16", "tuned-fp32")
DEV_SETS = ("in_domain_dev", "out_of_domain_dev")


@dataclass(frozen=True, slots=True)
class Job:
    """One training. What all programs share stands here; nothing else may differ but the policy."""

    program: str  # a key of POLICIES
    base: str  # directory or Hub name of the encoder
    train: str  # CoLA's tables without header: label in column 2, text in column 4
    valid: str
    test: str
    seed: int
    turn: int  # from 1
    epochs: int
    batch_size: int
    lr: float
    threads: int
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one training measured."""

    program: str
    policy: str
    seed: int
    turn: int
    device: str
    precision: str
    threads: int  # that torch had at the end
    examples: int  # texts in the training file
    examples_per_second: float  # of training alone, without set-up and evaluation
    train_seconds: float
    padding: float  # tokens computed over real tokens
    peak_memory_mb: float  # of the process, with all that it imported
    mcc: dict[str, float]  # dev set → Matthews correlation of the epoch best on in_domain_dev


def read_rows(path: Path) -> tuple[list[str], list[int]]:
    """Read texts and labels of a CoLA table; quotes are ordinary characters there."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [row[3] for row in rows], [int(row[1]) for row in rows]
