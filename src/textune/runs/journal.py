"""Steps and validations become lines of log.jsonl, and numbers for the trackers of a run."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from textune.metrics import catalogue, metrics
from textune.records import Step, Validated
from textune.runs import logged
from textune.runs.typed import LogLine
from textune.storage import atomic
from textune.trackers.several import Trackers

RETRY = "retry"
MOST_LABELS = 100  # whose curves are kept
HOLD = 20  # steps held back before their tensors are read: reading makes a GPU wait
BEHIND = 5  # of these, the last ones, which a card may not have done yet
TRACKED = ("loss", "lr", "norm", "seconds", "tokens_per_second")  # of a step


@dataclass(slots=True)
class Epoch:
    """What the updates of an epoch come to so far."""

    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


class Journal:
    """Writes what happens while it happens.

    Args:
        file: log.jsonl, continued where it exists.
        after: Lines of later steps are dropped first: a resumed run writes them again.
        trackers: What else takes the numbers.
    """

    def __init__(self, file: Path, *, after: int = 0, trackers: Trackers | None = None):
        self._remarks: list[str] = []  # what a person should know of the lines before
        self._trackers = trackers or Trackers()
        self._trackers.begin(after=after, told=_told(file))
        self._epochs = _drop_later(file, after)
        missing = after - _steps_in(file) if after > 0 else 0
        if missing > 0:
            self._remarks.append(
                f"{file}: lacks {missing:,} of the {after:,} steps before, and goes on from there"
            )
        self._file = file
        self._size = file.stat().st_size if file.is_file() else 0  # of the lines that are whole
        self._lines: list[str] = []  # not yet written
        self._held: list[tuple[Step, float, int]] = []

    def step(self, step: Step, seconds: float, threads: int) -> None:
        """Note an update, how long it took, and by how many threads of the processor."""
        self._held.append((step, seconds, threads))
        self._epochs[step.epoch].seconds += seconds
        if len(self._held) >= HOLD:
            is_late = step.read is not None or step.scale is not None  # to be known as finite
            self.flush(BEHIND if is_late else 0)

    def epoch(self, last: Step) -> None:
        """Note how long the updates of an epoch took, after its last one."""
        self.flush()
        found = self._epochs[last.epoch]
        seconds = round(found.seconds, 3)
        self._write({"kind": "epoch", "step": last.number, "epoch": last.epoch, "seconds": seconds})
        mean = sum(found.losses) / len(found.losses) if found.losses else None
        self._trackers.send("epoch", last.number, {"epoch/loss": mean, "epoch/seconds": seconds})

    def validated(self, found: Validated) -> None:
        """Note a validation's headline numbers, and the ROC-AUC of each label."""
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
        learned = self._learned(found, line)
        self._write(line)
        self._send()
        numbers |= {f"roc_auc/{label}": value for label, value in curves.items()}
        told = {f"valid/{name}": value for name, value in numbers.items()}
        told |= {"valid/seconds": found.seconds} | learned
        self._trackers.send("validation", found.step, told)

    def _learned(self, found: Validated, line: LogLine) -> dict[str, float | None]:
        """Add the numbers of training texts to a line; return them for the trackers."""
        if found.learned is None:
            return {}
        numbers, curves = metrics.headline(found.learned), _by_label(found.learned)
        numbers |= {found.metric: catalogue.value(found.learned, found.metric)}
        line["train_metrics"] = numbers
        told = {f"train/{name}": value for name, value in numbers.items()}
        if curves:
            line["train_roc_auc"] = curves
        return told | {f"train/roc_auc/{label}": value for label, value in curves.items()}

    def begin_anew(self, retry: Mapping[str, Any]) -> None:
        """Drop the lines of a beginning that was given up, and note why it was."""
        self._held.clear()
        self._lines.clear()
        self._trackers.restart()
        self._epochs = _drop_later(self._file, -1)
        self._size = self._file.stat().st_size if self._file.is_file() else 0
        self.tell_retry(retry)

    def tell_retry(self, retry: Mapping[str, Any]) -> None:
        """Note why and how training began anew, where that is not noted."""
        if self._size == 0 or RETRY not in _told(self._file):
            found = {key: retry[key] for key in ("at", "why", "lr", "warmup_share")}
            self._write(cast("LogLine", {"kind": RETRY, "step": 0, **found}))
            self._send()

    def flush(self, left: int = 0) -> None:
        """Write the steps that are held back, but for so many of the last ones."""
        count = len(self._held) - left
        told, self._held = self._held[:count], self._held[count:]
        for step, seconds, threads in told:
            loss, norm = step.numbers()
            if not math.isfinite(norm) and not step.is_left_out():
                self._held.clear()  # neither it nor one after it changed anything
                break
            line: LogLine = {
                "kind": "step",
                "step": step.number,
                "epoch": step.epoch,
                "loss": loss if math.isfinite(loss) else None,
                "lr": step.lr,
                "norm": norm if math.isfinite(norm) else None,
                "seconds": round(seconds, 5),
                "threads": threads,
                "texts_per_second": round(step.texts / seconds, 1),
                "tokens_per_second": round(step.tokens / seconds, 1),
                "padding": round(step.computed / step.tokens - 1, 4),
            }
            if step.scale is not None:
                line["scale"] = step.factor()
            if step.is_left_out():
                line["left_out"] = True
            self._write(line)
            if math.isfinite(loss):
                self._epochs[step.epoch].losses.append(loss)
            known = cast("dict[str, float | None]", line)
            tracked = {f"train/{name}": known[name] for name in TRACKED}
            self._trackers.send("step", step.number, tracked)
        self._send()

    def news(self) -> list[str]:
        """Return what a person should know of the log and of the trackers, once."""
        found, self._remarks = [*self._remarks, *self._trackers.news()], []
        return found

    def close(self) -> None:
        """Write what is left."""
        self.flush()

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


def _told(file: Path) -> dict[str, int]:
    """Return the last step of each kind of line that a log has, if there is one."""
    found: dict[str, int] = {}
    for _, line in logged.read(file):
        found[line["kind"]] = max(line["step"], found.get(line["kind"], -1))
    return found


def _drop_later(file: Path, after: int) -> defaultdict[int, Epoch]:
    """Drop the lines of later steps, what a killed run left of one, and what a disk made of one.

    Returns:
        What the steps before took and how large their losses were, by epoch.
    """
    epochs: defaultdict[int, Epoch] = defaultdict(Epoch)
    if not file.is_file():
        return epochs
    whole = [(text, line) for text, line in logged.read(file) if line["step"] <= after]
    kept = "".join(f"{text}\n" for text, _ in whole).encode()
    if kept != file.read_bytes():
        atomic.write_bytes(file, kept)
    for _, line in whole:
        if line["kind"] == "step":
            epoch = epochs[int(line.get("epoch", 0))]
            epoch.seconds += line.get("seconds", 0.0)
            if (loss := line.get("loss")) is not None:
                epoch.losses.append(loss)
    return epochs


def _steps_in(file: Path) -> int:
    """Count the updates that a log tells of."""
    return len({line["step"] for _, line in logged.read(file) if line["kind"] == "step"})
