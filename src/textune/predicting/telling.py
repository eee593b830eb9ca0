"""A Prediction becomes an object for programs: the same from the command line and over HTTP."""

from typing import Any

from textune.records import Prediction
from textune.tasks import registry


def to_json(item: Prediction, task: str) -> dict[str, Any]:
    """Return what was said of a text as JSON would hold it."""
    given = {"text": item.text, "labels": list(item.labels), "scores": dict(item.scores)}
    return given | registry.of(task).plain(item)
