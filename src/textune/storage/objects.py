"""A file of JSON becomes an object, or none where it is absent or damaged."""

import json
from pathlib import Path
from typing import Any


def read(file: Path) -> dict[str, Any]:
    """Read an object; an empty one where there is no such file, or something else in it."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
