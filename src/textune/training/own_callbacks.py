"""The user's callbacks are told of a run's steps and epochs, and may stop it or change its rate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textune.errors import SettingsError, TextuneError, first_line
from textune.records import Step

EVENTS = ("on_start", "on_step", "on_epoch_end", "on_end")


class Control:
    """What a callback gets of a run."""

    def __init__(self, learner: Any, folder: Path):
        self._learner = learner
        self.folder = folder  # of the run

    @property
    def step(self) -> int:
        """Return the updates that are done."""
        return self._learner.progress.step

    @property
    def steps(self) -> int | None:
        """Return the updates in all; None where time decides."""
        return self._learner.total

    @property
    def lr(self) -> float:
        """Return the learning rate of the next update; the highest where groups have their own."""
        return max(float(group["lr"]) for group in self._learner.optimizer.param_groups)

    @property
    def model(self) -> Any:
        """Return the torch module that learns, to be looked at."""
        return self._learner.encoder.model

    def stop(self, why: str = "") -> None:
        """End the training after this step, which is judged; the best weights are kept."""
        self._learner.progress.stopped = why or "as it asked"

    def scale_lr(self, factor: float) -> None:
        """Multiply the learning rates of all updates that come.

        Raises:
            ValueError: The factor is no number above 0.
        """
        if not 0 < factor < float("inf"):
            raise ValueError(f"scale_lr({factor}): expected a number above 0")
        self._learner.progress.lr_factor *= factor
        rescale(self._learner, factor, is_now=True)


def rescale(learner: Any, factor: float, *, is_now: bool = False) -> None:
    """Multiply the rates that a schedule goes by, and those that are next."""
    schedule = learner.schedule
    schedule.base_lrs = [rate * factor for rate in schedule.base_lrs]
    if is_now:
        for group in learner.optimizer.param_groups:
            group["lr"] = group["lr"] * factor


@dataclass(slots=True)
class Listeners:
    """The callbacks of a run while it learns."""

    learner: Any  # which has them
    control: Control
    parts: tuple[Any, ...]
    epoch: int = 0  # whose end was told last
    save: Callable[[], object] = field(default=lambda: None)  # the state, where one of them fails

    def start(self, *, goes_on: bool) -> None:
        """Say that updates begin; give each callback its state where a run goes on."""
        states = self.learner.progress.callbacks or []
        if goes_on:
            for part, state in zip(self.parts, states, strict=False):
                if state is not None and hasattr(part, "load_state_dict"):
                    part.load_state_dict(state)
        self._tell("on_start")

    def step(self, step: Step) -> None:
        """Tell of an update."""
        if self.parts:
            self._tell("on_step", step)

    def epoch_end(self, numbers: Mapping[str, Any]) -> None:
        """Tell of a pass that is over, once, and what its validation gave; {} if there was none."""
        progress, per_epoch = self.learner.progress, self.learner.objective.per_epoch
        epoch, rest = divmod(progress.step, per_epoch)
        if rest or not progress.step or epoch == self.epoch:
            return
        self.epoch = epoch
        self._tell("on_epoch_end", epoch, dict(numbers))

    def end(self) -> None:
        """Say that the last update is done."""
        self._tell("on_end")

    def states(self) -> list[Any] | None:
        """Return what the callbacks want to know again when the run goes on."""
        if not self.parts:
            return None
        return [part.state_dict() if hasattr(part, "state_dict") else None for part in self.parts]

    def _tell(self, event: str, *given: object) -> None:
        for part in self.parts:
            method = getattr(part, event, None)
            if method is None:
                continue
            try:
                method(self.control, *given)
            except Exception as error:  # the user's code may raise anything
                if isinstance(error, TextuneError):
                    raise
                self.save()
                raise SettingsError(
                    f"the callback of your own {type(part).__name__} failed in {event} after step "
                    f"{self.control.step:,}: {type(error).__name__}: {first_line(error)}; the "
                    "state is saved: mend it, and continue with --resume --accept-changes"
                ) from error


def refuse(parts: tuple[Any, ...]) -> None:
    """Refuse what hears of nothing.

    Raises:
        SettingsError: An object has no method that would be called.
    """
    for part in parts:
        if isinstance(part, type) or not any(callable(getattr(part, one, None)) for one in EVENTS):
            name = part.__name__ if isinstance(part, type) else type(part).__name__
            is_class = " (it is a class: give an object of it)" if isinstance(part, type) else ""
            raise SettingsError(
                f"callbacks: {name}{is_class}: expected an object with one of {', '.join(EVENTS)}"
            )
