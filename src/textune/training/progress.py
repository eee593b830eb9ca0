"""How far a run has come, and which of its validations was the best."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textune.metrics import catalogue, metrics
from textune.metrics.metrics import Report
from textune.records import Step
from textune.runs.typed import Capsule

RISES = 0.01  # share by which a loss is more than chance


@dataclass(slots=True)
class Progress:
    """How far a run has come; all of it goes into every checkpoint."""

    step: int = 0
    epoch: int = 0
    best: float | None = None
    best_loss: float | None = None  # decides between equals
    best_step: int = 0
    since_best: int = 0  # validations
    validated: int = 0  # the step that was validated last
    seconds: float = 0.0  # of updates alone
    texts: int = 0
    tokens: int = 0
    computed: int = 0
    decay: float = 1.0  # of the embedding rows that do not occur
    clock: float = 0.0  # seconds since the run began, over all its sessions
    reserve: float = 0.0  # seconds that judging takes
    total: int | None = None  # updates in all; None where time decides
    tenths: int = 0  # of a time budget at whose ends it was validated
    judged_loss: float | None = None  # of the validation before
    told_rise: bool = False  # whether it was said that it rises
    before: Report | None = None  # what was measured before the first step
    watched: dict[str, Any] | None = (
        None  # of the first updates, by which it is seen that it learns
    )
    retry: dict[str, Any] | None = None  # why and how it began anew
    lr_factor: float = 1.0  # by which callbacks have changed the learning rate
    stopped: str | None = None  # why a callback has ended the training
    callbacks: list[Any] | None = None  # their states
    room: dict[str, Any] | None = None  # what the memory was found to hold, where it was lacking
    loss_scale: dict[str, float] | None = None  # of fp16, by which losses are multiplied
    left_out: int = 0  # updates whose gradients were not finite at that scale

    def count(self, step: Step, seconds: float) -> None:
        """Count an update, and the seconds that it took."""
        self.step, self.epoch = step.number, step.epoch
        self.seconds += seconds
        self.texts += step.texts
        self.tokens += step.tokens
        self.computed += step.computed

    def rise(self, found: Mapping[str, Any], key: str) -> tuple[float, float] | None:
        """Return the held-out loss before and now, the first time that it rises."""
        now, before = found.get(key), self.judged_loss
        self.judged_loss = now if isinstance(now, float) else None
        if self.told_rise or self.step == 0 or self.judged_loss is None or before is None:
            return None
        if self.judged_loss <= before * (1 + RISES):
            return None
        self.told_rise = True
        return before, self.judged_loss

    def measures(self) -> Capsule:
        """Return how much was learned and how fast; time times a rate gives the count again."""
        seconds = max(self.seconds, 1e-9)
        return {
            "steps": self.step,
            "train_seconds": round(self.seconds, 6),
            "examples_per_second": round(self.texts / seconds, 2),
            "tokens_per_second": round(self.tokens / seconds, 1),
            "padding": round(self.computed / self.tokens - 1, 4) if self.tokens else 0.0,
        }

    def told(self) -> Report:
        """Return what a run's metrics.json says of the way, where there is anything."""
        known = {"retry": self.retry, "left_out": self.left_out}
        return {name: value for name, value in known.items() if value}

    def note(self, found: Report, metric: str, tie_metric: str) -> bool:
        """Tell whether these are the best numbers so far by a metric, and remember them if so."""
        value, loss = catalogue.value(found, metric), found.get(tie_metric)
        is_first = self.best_step == 0 and self.best is None
        is_better = is_first or metrics.better(metric, value, self.best)
        is_tie = value == self.best and metrics.better(tie_metric, loss, self.best_loss)
        counts_as_better = is_better or (is_tie and value is None)  # then the other metric decides
        self.since_best = 0 if counts_as_better else self.since_best + 1
        if is_better or is_tie:
            self.best, self.best_loss, self.best_step = value, loss, self.step
        return is_better or is_tie
