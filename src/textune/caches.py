"""Where textune keeps what can be made again: nothing is lost when it is deleted."""

import os
from pathlib import Path


def folder(name: str) -> Path:
    """Return the folder of one kind of thing: in TEXTUNE_CACHE, or in the user's cache folder."""
    named = os.environ.get("TEXTUNE_CACHE")
    if named:
        return Path(named) / name
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "textune" / name
