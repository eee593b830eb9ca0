"""A saved model becomes one of MLflow's: data frames in, the decisions of `textune predict` out.

MLflow knows it by the name of this file; nobody else needs to.
"""

from pathlib import Path
from typing import Any

from textune.predicting.predictor import Predictor


class Model:
    """Answers data frames, as `mlflow.pyfunc.load_model(…).predict` gives them.

    Args:
        folder: Of the model.
    """

    def __init__(self, folder: Path):
        self.predictor = Predictor.opened(folder)

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


def _load_pyfunc(path: str) -> Model:  # the name by which MLflow loads it
    """Load what was kept under a path."""
    return Model(Path(path))
