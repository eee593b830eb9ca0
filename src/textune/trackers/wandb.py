"""Numbers and settings become a run of Weights & Biases, in `wandb/` of the run.

Nothing is sent over the network unless `tracking.wandb_mode` or WANDB_MODE says so; `wandb sync`
sends it later. Neither texts, predictions nor weights are given to it.
"""

import os
from collections.abc import Mapping
from typing import Any

from textune.trackers import ids
from textune.trackers.names import WANDB
from textune.trackers.tracker import Opening, Status

OWN = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"}  # what the user has set stays


class Wandb:
    """A run of Weights & Biases."""

    def __init__(self, opening: Opening):
        for name, value in OWN.items():
            os.environ.setdefault(name, value)
        self._opening = opening
        self._mode: Any = opening.mode or os.environ.get("WANDB_MODE") or "offline"
        known = ids.read(opening.folder, WANDB).get("run_id") if opening.goes_on else None
        self._told = dict(opening.told) if known else {}
        self._run: Any = self._open(opening.name, known)

    def _open(self, name: str, known: str | None) -> Any:
        import wandb

        run = wandb.init(
            project=self._opening.project,
            name=name,
            id=known,
            resume="allow" if known and self._mode == "online" else None,
            dir=str(self._opening.folder),
            mode=self._mode,
            config=dict(self._opening.params),
            reinit="create_new",
            settings=wandb.Settings(
                silent=True,
                console="off",
                disable_git=True,
                save_code=False,
                x_disable_stats=True,
                x_disable_meta=True,
                x_save_requirements=False,
            ),
        )
        ids.write(self._opening.folder, WANDB, {"run_id": run.id})
        return run

    def send(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Take numbers of a step."""
        if step > self._told.get(kind, -1):
            self._run.log(dict(values), step=step)

    def restart(self) -> None:
        """End this run as failed, and begin another."""
        self._run.finish(exit_code=1)
        self._told = {}
        self._run = self._open(f"{self._opening.name}-anew", None)

    def finish(self, numbers: Mapping[str, Any], values: Mapping[str, float]) -> None:
        """Take the scores."""
        for name, value in values.items():
            self._run.summary[name] = value

    def close(self, status: Status) -> None:
        """Write what is left."""
        self._run.finish(exit_code=0 if status == "finished" else 1)
