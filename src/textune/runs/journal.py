"""Steps and validations become lines of log.jsonl, and TensorBoard events on request."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from textune.errors import MissingExtraError
from textune.metrics import catalogue, metrics
from textune.records import Step, Validated
from textune.runs.typed import LogLine
from textune.storage import atomic

RETRY = "retry"
MOST_LABELS = 100  # whose curves are kept
HOLD = 20  # steps held back before their tensors are read: reading makes a GPU wait


class Journal:
    """Writes what happens while it happens.

    Args:
        file: log.jsonl, continued where it exists.
        after: Lines of later steps are dropped first: a resumed run writes them again.
        events: Folder for TensorBoard; None for none.
    """

    def __init__(self, file: Path, *, after: int = 0, events: Path | None = None):
        self.remarks: tuple[str, ...] = ()  # what a person should know of the lines before
        self._seconds = _drop_later(file, after)
        missing = after - _steps_in(file) if after > 0 else 0
        if missing > 0:
            self.remarks = (
                f"{file}: lacks {missing:,} of the {after:,} steps before, and goes on from there",
            )
        self._file = file
        self._size = file.stat().st_size if file.is_file() else 0  # of the lines that are whole
        self._lines: list[str] = []  # not yet written
        self._held: list[tuple[Step, float, int]] = []
        self._events = None if events is None else _open_events(events)

    def step(self, step: Step, seconds: float, threads: int) -> None:
        """Note an update, how long it took, and by how many threads of the processor."""
        self._held.append((step, seconds, threads))
        self._seconds[step.epoch] += seconds
        if len(self._held) >= HOLD:
            self.flush()

    def epoch(self, last: Step) -> None:
        """Note how long the updates of an epoch took, after its last one."""
        self.flush()
        seconds = round(self._seconds[last.epoch], 3)
        self._write({"kind": "epoch", "step": last.number, "epoch": last.epoch, "seconds": seconds})

    def validated(self, found: Validated) -> None:
        """Note a validation's headline numbers."""
        self.flush()
        numbers = metrics.headline(found.metrics)
        numbers |= {found.metric: catalogue.value(found.metrics, found.metric)}
        line: LogLine = {
            "kind": "validation",
            "step": found.step,
            "epoch": found.epoch,
            "seconds": round(found.seconds, 3),
            "is_best": found.is_best,
            "metrics": numbers,
        }
        if curves := _by_label(found.metrics):
            line["roc_auc"] = curves
        self._write(line)
        self._send()
        numbers |= {f"roc_auc/{label}": value for label, value in curves.items()}
        for name, value in numbers.items():
            if self._events is not None and value is not None:
                self._events.add_scalar(f"valid/{name}", value, found.step)

    def begin_anew(self, retry: Mapping[str, Any]) -> None:
        """Drop the lines of a beginning that was given up, and note why it was."""
        self._held.clear()
        self._lines.clear()
        self._seconds = _drop_later(self._file, -1)
        self._size = self._file.stat().st_size if self._file.is_file() else 0
        self.tell_retry(retry)

    def tell_retry(self, retry: Mapping[str, Any]) -> None:
        """Note why and how training began anew, where that is not noted."""
        if self._size == 0 or RETRY not in _kinds(self._file):
            found = {key: retry[key] for key in ("at", "why", "lr", "warmup_share")}
            self._write(cast("LogLine", {"kind": RETRY, "step": 0, **found}))
            self._send()

    def flush(self) -> None:
        """Write the steps that are held back."""
        for step, seconds, threads in self._held:
            loss, norm = float(step.loss), float(step.norm)
            if not math.isfinite(norm):  # it changed nothing, and the run is about to end
                continue
            self._write(
                {
                    "kind": "step",
                    "step": step.number,
                    "epoch": step.epoch,
                    "loss": loss,
                    "lr": step.lr,
                    "norm": norm,
                    "seconds": round(seconds, 5),
                    "threads": threads,
                    "texts_per_second": round(step.texts / seconds, 1),
                    "tokens_per_second": round(step.tokens / seconds, 1),
                    "padding": round(step.computed / step.tokens - 1, 4),
                }
            )
            if self._events is not None:
                for name, value in (("loss", loss), ("lr", step.lr), ("norm", norm)):
                    self._events.add_scalar(f"train/{name}", value, step.number)
        self._held.clear()
        self._send()

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        if self._events is not None:
            self._events.close()

    def _write(self, line: LogLine) -> None:
        self._lines.append(json.dumps(line) + "\n")

    def _send(self) -> None:
        """Append the lines to the file; where the disk is full they wait for the next time."""
        content = "".join(self._lines).encode()
        try:
            with self._file.open("ab") as opened:
                opened.truncate(self._size)  # half a line of the last time
                opened.write(content)
        except OSError:
            return
        self._size += len(content)
        self._lines.clear()


def _by_label(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the ROC-AUC of each label, where there are few labels that have one."""
    labels = found.get("labels")
    if not isinstance(labels, Mapping) or len(labels) > MOST_LABELS:
        return {}
    return {
        str(label): one["roc_auc"]
        for label, one in labels.items()
        if isinstance(one, Mapping) and "roc_auc" in one
    }


def _drop_later(file: Path, after: int) -> defaultdict[int, float]:
    """Drop the lines of later steps, what a killed run left of one, and what a disk made of one.

    Returns:
        The seconds that the steps before took, by epoch.
    """
    seconds: defaultdict[int, float] = defaultdict(float)
    if not file.is_file():
        return seconds
    before = file.read_bytes()
    lines = before.decode("utf-8", "replace").splitlines()
    whole = [line for line in lines if -1 < _step_of(line) <= after]
    kept = "".join(f"{line}\n" for line in whole).encode()
    if kept != before:
        atomic.write_bytes(file, kept)
    for found in map(json.loads, whole):
        if found.get("kind") == "step":
            with suppress(KeyError, TypeError):
                seconds[found["epoch"]] += found["seconds"]
    return seconds


def _kinds(file: Path) -> set[str]:
    """Return what kinds of lines a log has."""
    if not file.is_file():
        return set()
    lines = file.read_text(encoding="utf-8").splitlines()
    return {str(json.loads(line).get("kind")) for line in lines if _step_of(line) >= 0}


def _steps_in(file: Path) -> int:
    """Count the updates that a log tells of."""
    if not file.is_file():
        return 0
    lines = file.read_text(encoding="utf-8").splitlines()
    return len({_step_of(line) for line in lines if json.loads(line).get("kind") == "step"})


def _step_of(line: str) -> int:
    """Return the step that a line tells of; -1 where it is no line of a log."""
    try:
        found = json.loads(line)["step"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return -1
    return found if isinstance(found, int) else -1


def _open_events(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "--set tensorboard=true needs TensorBoard: pip install 'textune[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder))
