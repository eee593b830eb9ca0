"""A run's model folder becomes bytes that can be pickled, and they a model that answers."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.predicting.predictor import Predictor
from textune.records import Prediction
from textune.runs import runs
from textune.runs.runs import Card


class SavedModel:
    """A model, as the files of its folder: weights (safetensors), tokenizer, configuration.

    A pickle holds these bytes and nothing that torch made: what is read back answers the same.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self._loaded: dict[tuple[str, str], Predictor] = {}

    @classmethod
    def read(cls, run: str | Path) -> "SavedModel":
        """Read the model of a run.

        Raises:
            RunError: There is no finished model.
        """
        folder = runs.model_folder(Path(run))
        files = (file for file in sorted(folder.rglob("*")) if file.is_file())
        return cls({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})

    def write(self, folder: str | Path) -> Path:
        """Write the files into a folder that is new or empty; `textune predict FOLDER` reads it.

        Raises:
            RunError: There are files in it.
        """
        place = Path(folder)
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise RunError(f"{place}: is not empty; name a folder that is not there yet")
        for name, content in self.files.items():
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return place

    def predictor(self, device: str, precision: str) -> Predictor:
        """Return the model, loaded once for each device and number format."""
        key = device, precision
        if key not in self._loaded:
            with tempfile.TemporaryDirectory(
                prefix="textune-", ignore_cleanup_errors=True
            ) as folder:
                place = self.write(Path(folder) / "model")
                self._loaded[key] = Predictor.load(place, device=device, precision=precision)
        return self._loaded[key]

    def predict(self, rows: list[Any], device: str, precision: str) -> list[Prediction]:
        """Label texts."""
        return self.predictor(device, precision).predict(rows)

    def card(self) -> Card:
        """Return what the model knows beside its weights."""
        return runs.to_card(json.loads(self.files["decision.json"]), Path("decision.json"))

    def __getstate__(self) -> dict[str, Any]:
        return {"files": self.files}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.files, self._loaded = dict(state["files"]), {}
