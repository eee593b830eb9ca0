"""What a tracker calls a run is kept in the run's folder, so that a resumed run is the same one."""

from pathlib import Path
from typing import Any

from textune.storage import atomic, objects

FILE = "tracking.json"


def read(folder: Path, tracker: str) -> dict[str, Any]:
    """Return what a tracker noted of this run; nothing where it noted none."""
    found = objects.read(folder / FILE).get(tracker)
    return found if isinstance(found, dict) else {}


def write(folder: Path, tracker: str, noted: dict[str, Any]) -> None:
    """Keep what a tracker notes of this run."""
    atomic.write_json(folder / FILE, objects.read(folder / FILE) | {tracker: noted})
