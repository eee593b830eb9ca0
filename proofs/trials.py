"""What one trial found, and what many of them come to."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proofs.server import Ended, Server


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was done to textune."""

    what: str
    fault: str | None  # what went wrong; None: it was survived or refused as it should be
    outcome: str = ""  # in a word, for the counts


@dataclass(frozen=True, slots=True)
class Setting:
    """What a proof works with."""

    server: Server
    folder: Path  # of its own
    base: Path
    draw: random.Random
    count: int


Proof = Callable[[Setting], Iterator[Trial]]


def judged(what: str, ended: Ended, *, allowed: tuple[int, ...], fault: str | None = None) -> Trial:
    """Judge a command that ended: no traceback, no other exit code than those allowed.

    Args:
        what: Was done.
        ended: The command.
        allowed: Exit codes.
        fault: Another one that was found, if any.
    """
    tail = ended.errors.strip().splitlines()[-1:] or [""]
    if not ended.is_clean:
        fault = f"exit {ended.code} with a traceback: {tail[0][:160]}"
    elif ended.code not in allowed:
        fault = f"exit {ended.code}, not one of {allowed}: {tail[0][:160]}"
    return Trial(what, fault, f"exit {ended.code}")


def digest(file: Path) -> str:
    """Return the sha256 of a file; "" where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def weights(run: Path) -> str:
    """Return the sha256 of a run's weights."""
    return digest(run / "model" / "model.safetensors")


def mutations(content: bytes, draw: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield the ways in which a file is damaged: cut at four places, then one bit flipped."""
    for size in sorted({0, 1, len(content) // 2, max(len(content) - 1, 0)} - {len(content)}):
        yield f"cut to {size} bytes", content[:size]
    while content:
        at, bit = draw.randrange(len(content)), draw.randrange(8)
        flipped = bytearray(content)
        flipped[at] ^= 1 << bit
        yield f"bit {bit} of byte {at} flipped", bytes(flipped)


def summary(trials: list[Trial]) -> str:
    """Count the trials of a proof and their outcomes."""
    outcomes = Counter(trial.outcome for trial in trials if trial.outcome)
    listed = ", ".join(f"{name}: {count}" for name, count in sorted(outcomes.items()))
    faults = sum(trial.fault is not None for trial in trials)
    return f"{len(trials):6,} trials, {faults:4,} faults  ({listed})"
