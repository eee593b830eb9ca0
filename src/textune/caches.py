"""Where textune keeps what can be made again: nothing is lost when it is deleted."""

import errno
import os
from pathlib import Path


def folder(name: str) -> Path:
    """Return the folder of one kind of thing: in TEXTUNE_CACHE, or in the user's cache folder.

    Raises:
        OSError: No folder is named, and the user has no home.
    """
    named = os.environ.get("TEXTUNE_CACHE")
    if named:
        return Path(named) / name
    general = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(general) if general else Path.home() / ".cache") / "textune" / name
    except RuntimeError as error:
        raise OSError(errno.ENOENT, "there is no home folder for them") from error
