"""Models, tasks, plan and batches of textune for Lightning's Trainer: `TextModule`, `TextData`."""

from textune.errors import MissingExtraError

try:
    import lightning.pytorch as _lightning  # noqa: F401  # whether it is there
except ImportError as _error:
    raise MissingExtraError(
        "textune.lightning needs the package lightning: pip install 'textune[lightning]'"
    ) from _error

from textune.lightning.data import TextData
from textune.lightning.module import TextModule

__all__ = ["TextData", "TextModule"]
