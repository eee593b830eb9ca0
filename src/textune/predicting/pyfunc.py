"""A saved model becomes one of MLflow's: data frames in, the decisions of `textune predict` out.

MLflow knows it by the name of this file; nobody else needs to.
"""

from pathlib import Path
from typing import Any

from textune.extensions.plugin import Given
from textune.predicting.predictor import Predictor


class Model:
    """Answers data frames, as `mlflow.pyfunc.load_model(…).predict` gives them.

    Args:
        folder: Of the model.
        plugin: Python file with the head or preprocessing of its owner's, if it has such.
    """

    def __init__(self, folder: Path, plugin: Given = None):
        self.predictor = Predictor.opened(folder, plugin=plugin)

    def predict(self, frame: object, params: dict[str, Any] | None = None) -> Any:
        """Label the rows of a data frame.

        Args:
            frame: With the text column of the training, or with one column only; or a list of
                texts.
            params: `threshold`, the probability from which a label applies, if it is not to be the
                model's own.

        Returns:
            A data frame with the columns that `textune predict --output` adds, row by row.
        """
        import pandas as pd  # of the extra "mlflow"

        threshold = (params or {}).get("threshold")
        found = self.predictor.predict(frame, threshold=threshold)  # type: ignore[arg-type]  # frames, too
        task = self.predictor.task
        names = [name for name, _ in task.columns()]
        index = frame.index if isinstance(frame, pd.DataFrame | pd.Series) else None
        return pd.DataFrame(list(map(task.cells, found)), columns=names, index=index)


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> Model:
    """Load what was kept under a path; MLflow knows the function by this name.

    Code of the model's owner lies there to be read; it is run where `model_config={"plugin": FILE}`
    names a file of the same content.
    """
    plugin = (model_config or {}).get("plugin") or None
    return Model(Path(path), plugin)
