"""Settings say which trackers follow a run, and where they keep it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field

from textune.settings.section import Section
from textune.trackers.names import TENSORBOARD, parted
from textune.trackers.several import name_of
from textune.trackers.tracker import Opening

NOT_TOLD = ("track", "tracking")  # a store's address may hold a password
TRACK = "Trackers that follow the run: tensorboard, csv, mlflow, wandb; several as a list."
Track = Annotated[tuple[str, ...], BeforeValidator(parted)]


class Tracking(Section):
    """Where trackers keep a run, and by what name."""

    project: str = Field("textune", min_length=1, description="MLflow's experiment, W&B's project.")
    name: str | None = Field(
        None, description="Name of the run there; that of its folder by default."
    )
    mlflow_uri: str | None = Field(
        None,
        description="MLflow's store; MLFLOW_TRACKING_URI or MLflow's own default if not given.",
    )
    wandb_mode: Literal["offline", "online"] | None = Field(
        None, description="Whether W&B may use the network; WANDB_MODE, or offline, if not given."
    )
    model: bool = Field(True, description="Give MLflow the finished model, too.")


class Tracked(Protocol):
    """Settings of a run that trackers may follow."""

    @property
    def tensorboard(self) -> bool:
        """Tell whether TensorBoard was asked for by its own setting."""

    @property
    def track(self) -> tuple[str, ...]:
        """Return the trackers that were named."""

    @property
    def tracking(self) -> Tracking:
        """Return where they keep it."""


def names(settings: Tracked) -> tuple[str, ...]:
    """Return the trackers that are asked for."""
    asked = [TENSORBOARD] if settings.tensorboard else []
    return tuple(dict.fromkeys([*asked, *settings.track]))


def opening(settings: Tracked, values: Mapping[str, Any], folder: Path) -> Opening:
    """Return what trackers need to know of a run.

    Args:
        settings: Of the run.
        values: The same, section by section.
        folder: Of the run.
    """
    where = settings.tracking
    own = name_of(folder)
    name = own if where.name is None else where.name
    if where.name is not None and own != folder.absolute().name:  # of a seed or a fold
        name = f"{where.name}-{folder.absolute().name}"
    return Opening(
        folder=folder.absolute(),
        name=name,
        project=where.project,
        params=_flat({key: value for key, value in values.items() if key not in NOT_TOLD}),
        uri=where.mlflow_uri,
        mode=where.wandb_mode,
        keeps_model=where.model,
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = str(value)
    return found
