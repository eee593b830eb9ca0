"""A run's first updates become a table of the costliest operations, and a trace for a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from textune.records import Message
from textune.storage import atomic

FOLDER, TABLE, TRACE = "profile", "operations.txt", "trace.json"
PASSED_OVER = 2  # first updates, which are slower than the others
MOST = 10  # updates that are recorded: a trace of them has some megabytes
SHOWN = 15  # operations that are shown; the file has all


class Profiler:
    """Records some updates, and writes what they cost into a run's folder.

    Args:
        folder: Of the run.
        total: Updates of the run; None where time decides.
        done: Of these, the ones before.
    """

    def __init__(self, folder: Path, total: int | None, *, done: int = 0):
        self._folder = folder / FOLDER
        is_long = total is None or total - done > PASSED_OVER
        self._passed_over = done + PASSED_OVER if is_long else done
        self._seen = done
        self._is_over = False
        activities = [ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(ProfilerActivity.CUDA)
        self._recorder: Any = profile(activities=activities)
        self._is_on = False
        self.begin()

    def begin(self) -> None:
        """Record from the next update on, if those before are passed over."""
        if self._seen == self._passed_over and not self._is_over:
            self._recorder.start()
            self._is_on = True

    def after_update(self) -> Iterator[Message]:
        """Count an update; say what they cost once enough are recorded."""
        self._seen += 1
        self.begin()
        if self._seen - self._passed_over >= MOST:
            yield from self.end()

    def end(self) -> Iterator[Message]:
        """Write what is recorded, if something is and it is not written yet."""
        if not self._is_on:
            return
        self._is_on, self._is_over = False, True
        self._recorder.stop()
        self._folder.mkdir(exist_ok=True)
        found = self._recorder.key_averages()
        atomic.write_text(self._folder / TABLE, _table(found) + "\n")
        with atomic.replacing_file(self._folder / TRACE) as unfinished:
            self._recorder.export_chrome_trace(str(unfinished))
        first, shown = self._passed_over + 1, _table(found, most=SHOWN)
        yield Message(
            f"profile of updates {first} to {self._seen}, costliest operations:\n{shown}\n"
            f"all of them: {self._folder / TABLE}; a trace for chrome://tracing or "
            f"ui.perfetto.dev: {self._folder / TRACE}"
        )


def _table(found: Any, *, most: int | None = None) -> str:
    """Write operations in lines, the costliest first."""
    rows = sorted(found, key=_cost, reverse=True)
    total = sum(map(_cost, rows)) or 1.0
    lines = [f"{'operation':<48}{'calls':>8}{'own ms':>12}{'share':>8}"]
    lines += [
        f"{row.key[:47]:<48}{row.count:>8,}{_cost(row) / 1000:>12,.1f}{_cost(row) / total:>8.1%}"
        for row in rows[:most]
    ]
    return "\n".join(lines)


def _cost(row: Any) -> float:
    """Return the microseconds of an operation without those that it calls: a card's, if any."""
    on_card = float(getattr(row, "self_device_time_total", 0.0))
    return on_card if torch.cuda.is_available() else float(row.self_cpu_time_total)
