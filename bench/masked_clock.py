"""A masked-LM training becomes seconds, and marks for whoever looks from outside."""

import time
from pathlib import Path

from bench.masked_jobs import BEGUN, ENDED, Job


class Clock:
    """Takes the time, and leaves a mark at each end for whoever looks from outside."""

    def __init__(self, job: Job, device: str) -> None:
        self._scratch, self._device = Path(job.scratch), device
        self._began = 0.0
        self.seconds = 0.0

    def start(self) -> None:
        """Start what is measured."""
        (self._scratch / BEGUN).touch()
        self._began = now(self._device)

    def stop(self) -> None:
        """End it."""
        self.seconds = now(self._device) - self._began
        (self._scratch / ENDED).touch()


def now(device: str) -> float:
    """Return seconds, after all that was asked of the device is done."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()
    return time.perf_counter()
