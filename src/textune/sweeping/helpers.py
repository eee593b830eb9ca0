"""`--jobs`: other processes of this machine try settings of the same sweep."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from textune.sweeping import plans
from textune.sweeping.plans import SweepRequest
from textune.sweeping.study import Study

MODULE = "textune.doors.helping"
STOPPED = {0, -signal.SIGTERM, 128 + signal.SIGTERM, 128 + signal.SIGINT}  # as it may end


@contextmanager
def working(folder: Path, request: SweepRequest, study: Study) -> Iterator[list[str]]:
    """Let helpers work meanwhile; they stop where this process does, and wait for nobody.

    What went wrong with one is in the list that is given, afterwards.
    """
    left = study.most - sum(each.is_done for each in study.trials())
    count = min(request.jobs, left) - 1
    started = [_start(folder, request, number) for number in range(2, count + 2)]
    failed: list[str] = []
    try:
        yield failed
    finally:
        for each in started:
            assert each.stdin is not None
            with suppress(BrokenPipeError):
                each.stdin.close()  # which tells it to stop
        for number, each in enumerate(started, start=2):
            if (code := each.wait()) not in STOPPED:
                log = folder / plans.JOBS / f"{number}.log"
                failed.append(f"process {number} of --jobs ended with code {code}; see {log}")


def _start(folder: Path, request: SweepRequest, number: int) -> "subprocess.Popen[bytes]":
    (folder / plans.JOBS).mkdir(exist_ok=True)
    seconds = "" if request.seconds is None else str(request.seconds)
    with (folder / plans.JOBS / f"{number}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", MODULE, str(folder), seconds],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=_environment(request.train.settings.device, number - 1),
        )


def _environment(device: str, place: int) -> dict[str, str]:
    """Give each helper a card of its own, where there are several."""
    found = dict(os.environ)
    cards = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    if cards > 1:
        visible = found.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(cards)))
        found["CUDA_VISIBLE_DEVICES"] = visible.split(",")[place % cards]
    return found
