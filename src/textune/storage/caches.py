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
    import platformdirs  # here, as an exported model keeps nothing and does without

    named = os.environ.get("TEXTUNE_CACHE")
    if named:
        return Path(named) / name
    with suppress(RuntimeError):
        if os.environ.get("XDG_CACHE_HOME") or Path.home().is_absolute():
            return platformdirs.user_cache_path("textune", appauthor=False) / name
    raise OSError(errno.ENOENT, "there is no home folder for them")
