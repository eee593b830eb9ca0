"""Steps and validations become lines of log.jsonl, and TensorBoard events on request."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from textune.errors import MissingExtraError
from textune.evaluation import catalogue
from textune.evaluation.catalogue import METRICS
from textune.records import Step, Validated

HOLD = 20  # steps held back before their tensors are read: reading makes a GPU wait


class Journal:
    """Writes what happens while it happens.

    Args:
        file: log.jsonl, continued where it exists.
        after: Lines of later steps are dropped first: a resumed run writes them again.
        events: Folder for TensorBoard; None for none.
    """

    def __init__(self, file: Path, *, after: int = 0, events: Path | None = None):
        self._seconds = _drop_later(file, after)
        self._file = file.open("a", encoding="utf-8")
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
        numbers = {name: value for name, value in found.metrics.items() if name in METRICS}
        numbers |= {found.metric: catalogue.value(found.metrics, found.metric)}
        line = {
            "kind": "validation",
            "step": found.step,
            "epoch": found.epoch,
            "seconds": round(found.seconds, 3),
            "is_best": found.is_best,
            "metrics": numbers,
        }
        self._write(line)
        self._file.flush()
        for name, value in numbers.items():
            if self._events is not None and value is not None:
                self._events.add_scalar(f"valid/{name}", value, found.step)

    def flush(self) -> None:
        """Write the steps that are held back."""
        for step, seconds, threads in self._held:
            loss, norm = float(step.loss), float(step.norm)
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

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        self._file.close()
        if self._events is not None:
            self._events.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")


def _drop_later(file: Path, after: int) -> defaultdict[int, float]:
    """Drop the lines of later steps; return the seconds that the others took, by epoch."""
    seconds: defaultdict[int, float] = defaultdict(float)
    if not file.is_file():
        return seconds
    kept = []
    for text in file.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
            if line["step"] <= after:
                kept.append(text)
                seconds[line["epoch"]] += line["seconds"] if line["kind"] == "step" else 0.0
        except (ValueError, KeyError, TypeError):
            continue  # the line that was being written when the run was killed
    file.write_text("".join(f"{text}\n" for text in kept), encoding="utf-8")
    return seconds


def _open_events(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "--set tensorboard=true needs TensorBoard: pip install 'textune[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder))
