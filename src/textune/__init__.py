"""Fine-tune BERT-family encoders on your own text: packed, exact, with decisions you can trust."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textune.doors.api import cross_validate, train
    from textune.doors.comparing_api import compare
    from textune.doors.dataset_api import dataset
    from textune.doors.deciding_api import decide
    from textune.doors.distilling_api import distill
    from textune.doors.drift_api import watch
    from textune.doors.evaluating_api import evaluate
    from textune.doors.explaining_api import explain
    from textune.doors.exporting_api import export
    from textune.doors.looking_api import decode, features, follows, inspect, tokens
    from textune.doors.suggestion_api import suggest
    from textune.doors.suspects_api import correct, suspects
    from textune.doors.sweep_api import sweep
    from textune.doors.verifying_api import verify
    from textune.errors import DataError, ModelError, RunError, SettingsError, TextuneError
    from textune.predicting.filling import Filler
    from textune.predicting.predictor import Predictor
    from textune.records import Prediction, Survey
    from textune.runs.runs import Run
    from textune.survey.survey import check

__all__ = [
    "DataError",
    "Filler",
    "ModelError",
    "Prediction",
    "Predictor",
    "Run",
    "RunError",
    "SettingsError",
    "Survey",
    "TextuneError",
    "adapt",
    "check",
    "compare",
    "correct",
    "cross_validate",
    "dataset",
    "decide",
    "decode",
    "distill",
    "evaluate",
    "explain",
    "export",
    "features",
    "follows",
    "inspect",
    "pretrain",
    "suggest",
    "suspects",
    "sweep",
    "tokens",
    "train",
    "verify",
    "watch",
]

_PLACES = {
    "Filler": "predicting.filling",
    "Prediction": "records",
    "Predictor": "predicting.predictor",
    "Run": "runs.runs",
    "Survey": "records",
    "adapt": "doors.language_api",
    "check": "survey.survey",
    "compare": "doors.comparing_api",
    "cross_validate": "doors.api",
    "correct": "doors.suspects_api",
    "decide": "doors.deciding_api",
    "dataset": "doors.dataset_api",
    "decode": "doors.looking_api",
    "distill": "doors.distilling_api",
    "evaluate": "doors.evaluating_api",
    "explain": "doors.explaining_api",
    "export": "doors.exporting_api",
    "features": "doors.looking_api",
    "follows": "doors.looking_api",
    "inspect": "doors.looking_api",
    "pretrain": "doors.language_api",
    "suggest": "doors.suggestion_api",
    "suspects": "doors.suspects_api",
    "sweep": "doors.sweep_api",
    "tokens": "doors.looking_api",
    "train": "doors.api",
    "verify": "doors.verifying_api",
    "watch": "doors.drift_api",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that `import textune` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'textune' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"textune.{_PLACES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
