"""What a tracker is: the one interface by which numbers, settings and a model reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Status = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Opening:
    """The run that a tracker is to show, and where."""

    folder: Path  # of the run
    name: str
    project: str
    params: Mapping[str, str] = field(default_factory=dict)  # the settings, by their dotted names
    uri: str | None = None  # of MLflow's store; None for MLflow's own default
    mode: str | None = None  # of Weights & Biases; None as WANDB_MODE says, else offline
    keeps_model: bool = True
    after: int = -1  # updates that stand; those after it are sent again
    told: Mapping[str, int] = field(default_factory=dict)  # kind of line → last step of the log

    @property
    def goes_on(self) -> bool:
        """Tell whether a run is continued."""
        return self.after >= 0


class Tracker(Protocol):
    """Takes what is known of a run while it learns; whatever it raises ends it, and not the run."""

    def send(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Take numbers of a "step", a "validation" or an "epoch"."""

    def restart(self) -> None:
        """Forget, or put aside, what was sent: training begins anew."""

    def finish(self, numbers: Mapping[str, Any], values: Mapping[str, float]) -> None:
        """Take what a finished run scored: as it is written, and the headline numbers by name."""

    def close(self, status: Status) -> None:
        """Write what is left."""
