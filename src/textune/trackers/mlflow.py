"""Numbers, settings and the model become a run of MLflow.

Where: as `tracking.mlflow_uri` or MLFLOW_TRACKING_URI says, else MLflow's own default, a file of
SQLite in the current folder. A step that is there already is not sent a second time.
"""

import os
import re
import time
from collections.abc import Mapping
from typing import Any

from textune.storage import atomic
from textune.trackers import ids
from textune.trackers.names import MLFLOW
from textune.trackers.tracker import Opening, Status

LOADER = "textune.predicting.pyfunc"  # what MLflow loads the model by
STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
MOST = 500  # characters of a parameter's value
OWN = {  # of MLflow's process; what the user has set stays
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # a server that is gone does not hold up training
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
WAITING = 200  # numbers that are sent together

_OTHER = re.compile(r"[^\w. :/-]")


def metric_name(name: str) -> str:
    """Return a name that MLflow takes; each character that it refuses becomes its number.

    A number of a label gets a name of its own: in MLflow's folders no name may lie below another.
    """
    parts = [_OTHER.sub(lambda found: f"_{ord(found[0]):x}", part) for part in name.split("/")]
    if len(parts) > 2:
        parts = [parts[0], f"{parts[1]}_of", "_2f".join(parts[2:])]
    return "/".join(part if part.strip(".") else f"_{part}" for part in parts)


class Mlflow:
    """A run in MLflow's store."""

    def __init__(self, opening: Opening):
        for name, value in OWN.items():
            os.environ.setdefault(name, value)
        place = opening.uri or os.environ.get("MLFLOW_TRACKING_URI", "sqlite://")
        if "://" not in place.removeprefix("file://"):  # a folder, which the user asked for
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow import MlflowClient

        self._opening = opening
        self._client: Any = MlflowClient(tracking_uri=opening.uri)
        self._waiting: list[Any] = []
        self._last: dict[str, int] = {}  # name → the last step that is there
        known = ids.read(opening.folder, MLFLOW).get("run_id") if opening.goes_on else None
        self._run: str = self._again(known) if known else self._new(opening.name)

    def _new(self, name: str) -> str:
        from mlflow.entities import Param

        client, opening = self._client, self._opening
        found = client.get_experiment_by_name(opening.project)
        place = found.experiment_id if found else client.create_experiment(opening.project)
        run: str = client.create_run(place, run_name=name).info.run_id
        params = [Param(metric_name(key), value[:MOST]) for key, value in opening.params.items()]
        client.log_batch(run, params=params)
        ids.write(opening.folder, MLFLOW, {"run_id": run})
        return run

    def _again(self, run: str) -> str:
        """Go on with a run; what it has is not sent again."""
        found = self._client.get_run(run)
        for name in found.data.metrics:
            history = self._client.get_metric_history(run, name)
            self._last[name] = max((one.step for one in history), default=-1)
        self._client.update_run(run, status="RUNNING")
        return run

    def send(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Take numbers of a step."""
        self._take(step, values)
        if kind != "step" or len(self._waiting) >= WAITING:
            self._flush()

    def _take(self, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        for name, value in values.items():
            known = metric_name(name)
            if step > self._last.get(known, -1):
                self._waiting.append(Metric(known, value, now, step))
                self._last[known] = step

    def _flush(self) -> None:
        for first in range(0, len(self._waiting), WAITING):
            self._client.log_batch(self._run, metrics=self._waiting[first : first + WAITING])
        self._waiting.clear()

    def restart(self) -> None:
        """End this run as failed, and begin another."""
        self._flush()
        self._client.set_terminated(self._run, STATUS["failed"])
        self._last.clear()
        self._run = self._new(f"{self._opening.name}-anew")

    def finish(self, numbers: Mapping[str, Any], values: Mapping[str, float]) -> None:
        """Take the scores and, where it is asked for, the model."""
        self._take(0, values)
        self._flush()
        self._client.log_dict(self._run, dict(numbers), "metrics.json")
        if self._opening.keeps_model and (self._opening.folder / "model/decision.json").is_file():
            self._keep_model()

    def _keep_model(self) -> None:
        """Keep the model so that `mlflow.pyfunc.load_model` loads it."""
        from importlib.metadata import version

        from mlflow import pyfunc

        with atomic.scratch() as folder:
            pyfunc.save_model(
                str(folder / "model"),
                loader_module=LOADER,
                data_path=str(self._opening.folder / "model"),
                model_config={"plugin": ""},  # what may be said when it is loaded
                pip_requirements=[f"textune=={version('textune')}"],
            )
            self._client.log_artifacts(self._run, str(folder / "model"), "model")

    def close(self, status: Status) -> None:
        """Send what is left, and say how the run ended."""
        self._flush()
        self._client.set_terminated(self._run, STATUS[status])
