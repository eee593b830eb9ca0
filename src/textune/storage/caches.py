"""Where textune keeps what can be made again: nothing is lost when it is deleted."""

import errno
import os
from contextlib import suppress
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
    if general:
        return Path(general) / "textune" / name
    with suppress(RuntimeError):
        home = Path.home()
        if home.is_absolute():  # else the variable is set, and empty
            return home / ".cache" / "textune" / name
    raise OSError(errno.ENOENT, "there is no home folder for them")
