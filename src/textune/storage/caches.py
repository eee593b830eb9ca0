"""Where textune keeps what can be made again: nothing is lost when it is deleted."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textune.storage import atomic

USED = ".used"  # ending of the file by whose lock others see that something is used
_HELD: dict[Path, int] = {}  # what this process uses, with a descriptor that is closed at its end


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


def hold(place: Path) -> None:
    """Let others see that this process uses something kept, from now to its end.

    Where the cache cannot be written, nobody is going to delete it either.

    Args:
        place: A folder in the cache, there or not yet.
    """
    with suppress(OSError, ImportError):
        if place not in _HELD:
            place.parent.mkdir(parents=True, exist_ok=True)
            _HELD[place] = _locked(place, is_shared=True)


@contextmanager
def alone(place: Path) -> Iterator[bool]:
    """Tell whether no process uses something kept; none begins to before the end."""
    try:
        handle = _locked(place, is_shared=False)
    except (OSError, ImportError):
        yield False
        return
    try:
        yield True
        atomic.remove_file(_used(place))
    finally:
        os.close(handle)


def _used(place: Path) -> Path:
    """Name the file by whose lock others see that a folder is used."""
    return place.with_name(f"{place.name}{USED}")


def _locked(place: Path, *, is_shared: bool) -> int:
    """Open and lock that file; return its descriptor.

    Raises:
        OSError: Another process has locked it.
        ImportError: The system knows no such locks.
    """
    import fcntl  # here, as Windows has none

    how = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        handle = os.open(_used(place), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, how)
            if os.path.samestat(os.fstat(handle), _used(place).stat()):
                return handle
        except FileNotFoundError:  # who held it has deleted it meanwhile
            pass
        except OSError:
            os.close(handle)
            raise
        os.close(handle)
