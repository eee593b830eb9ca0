"""`python -m proofs.restarts`: a process of two is killed, and torchrun starts both anew.

The run comes by itself to the weights of an unbroken run of two processes, bit by bit.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from proofs import made
from proofs.trials import Trial, weights

PROCESSES = 2
SECONDS = 300.0  # in which a run has written its first checkpoint, and ends
TORCHRUN = ("torch.distributed.run", "--standalone", "--max-restarts", "3", "--nproc-per-node")
OPTIONS = (
    *("--epochs", "40", "--batch-size", "8", "--lr", "2e-3", "--device", "cpu"),
    *("--precision", "fp32"),  # what is measured may be another one under load
    *("--set", "train.recipe=classic"),  # whose checkpoints are of every epoch
)


def main() -> int:
    """Break runs as often as is asked for, and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m proofs.restarts", description=__doc__)
    parser.add_argument("--count", type=int, default=2, help="runs that are broken (2)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = list(restarts(Path(scratch), asked.count, random.Random(asked.seed)))
    for trial in found:
        print(f"{trial.what}: {trial.fault or trial.outcome}", flush=True)
    return 1 if any(trial.fault for trial in found) else 0


def restarts(folder: Path, count: int, draw: random.Random) -> Iterator[Trial]:
    """Kill a process of two once there is a checkpoint, each by turns, at a random moment."""
    base, source = made.base(folder / "tiny-base"), made.reviews(folder / "reviews.csv")
    whole = folder / "whole"
    code, said = _ended(_started(base, source, whole), whole)
    yield Trial("unbroken", None if code == 0 else f"exit {code}: {said[-300:]}", f"exit {code}")
    for number in range(count):
        run, rank = folder / f"run-{number}", number % PROCESSES
        agent = _started(base, source, run)
        is_killed = _kill(agent, run, rank, draw.uniform(0, 1))
        code, said = _ended(agent, run)
        fault = None
        if not is_killed:
            fault = "was over before it was killed"
        elif code != 0:
            fault = f"exit {code}: {said[-300:]}"
        elif "continuing after step" not in said:
            fault = "did not go on from a checkpoint"
        elif weights(run) != weights(whole):
            fault = "other weights"
        yield Trial(f"{number}: rank {rank} killed", fault, "the same weights")


def _started(base: Path, source: Path, out: Path) -> "subprocess.Popen[str]":
    """Start a run of two processes by torchrun, as a user does."""
    command = [sys.executable, "-m", *TORCHRUN, str(PROCESSES), "-m", "textune", "train"]
    command += [str(source), "--base", str(base), "--out", str(out), *OPTIONS]
    with out.with_suffix(".txt").open("w", encoding="utf-8") as said:
        return subprocess.Popen(command, stdout=said, stderr=said, text=True)


def _ended(agent: "subprocess.Popen[str]", out: Path) -> tuple[int, str]:
    """Wait for torchrun; return its exit code, and what all processes said."""
    code = agent.wait(SECONDS)
    return code, out.with_suffix(".txt").read_text(encoding="utf-8")


def _kill(agent: "subprocess.Popen[str]", run: Path, rank: int, seconds: float) -> bool:
    """Kill the process of a rank some time after the first checkpoint; tell whether it lived."""
    end = time.monotonic() + SECONDS
    while not any(run.glob("checkpoints/step-*")):
        if agent.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.01)
    time.sleep(seconds)
    for process in _children(agent.pid):
        if f"RANK={rank}" in _environment(process):
            os.kill(process, signal.SIGKILL)
            return True
    return False


def _children(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(one) for names in lists for one in names.read_text().split()]


def _environment(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
