"""Fine-tune BERT-family encoders on your own text: packed, exact, with decisions you can trust."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textune.api import cross_validate, evaluate, train
    from textune.errors import DataError, ModelError, RunError, SettingsError, TextuneError
    from textune.filling import Filler
    from textune.language_api import adapt, pretrain
    from textune.predictor import Predictor
    from textune.records import Prediction, Survey
    from textune.runs import Run
    from textune.survey import check

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
    "cross_validate",
    "evaluate",
    "pretrain",
    "train",
]

_PLACES = {
    "Filler": "filling",
    "Prediction": "records",
    "Predictor": "predictor",
    "Run": "runs",
    "Survey": "records",
    "adapt": "language_api",
    "check": "survey",
    "cross_validate": "api",
    "evaluate": "api",
    "pretrain": "language_api",
    "train": "api",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that `import textune` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'textune' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"textune.{_PLACES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
