"""What lies in textune's caches is listed, and deleted: what it wrote itself and nobody uses."""

import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import SettingsError, among
from textune.storage import atomic, caches, objects

CARD, MANIFEST = "about.json", "MANIFEST.json"
LOCK = ".lock"
HASHED = re.compile(r"[0-9a-f]{24}|[0-9a-f]{32,64}")  # names of folders that are kept
LIBRARY = re.compile(r"[0-9a-f]{32}\.so")


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept."""

    path: Path
    bytes: int
    used: float  # seconds since 1970: when it was made, or last used where that is noted
    of: str  # the address or the archive that it was made of; "" where nothing says so


@dataclass(frozen=True, slots=True)
class Kind:
    """What is kept of one kind."""

    name: str
    what: str
    folder: Path
    kept: tuple[Kept, ...]

    @property
    def bytes(self) -> int:
        """Return the bytes of all of it."""
        return sum(one.bytes for one in self.kept)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was deleted, and what was left."""

    deleted: tuple[Kept, ...]
    used: tuple[Path, ...]  # that another process uses
    others: tuple[Path, ...]  # that textune did not write


WHAT = {
    "kernels": "kernels compiled for this processor; made again in some seconds",
    "tokens": "token ids of texts that were read; made again when they are read",
    "remote": "copies of files at addresses; fetched again",
    "unpacked": "archives that were unpacked; unpacked again",
    "outgoing": "outputs that could not be sent to their address: there is no other copy of them",
}
PRECIOUS = ("outgoing",)  # deleted only where they are named


def kinds() -> Iterator[Kind]:
    """List what is kept.

    Raises:
        SettingsError: There is no folder for it.
    """
    for name, what in WHAT.items():
        folder = _folder(name)
        yield Kind(name, what, folder, tuple(map(_described, sorted(_ours(folder, name)))))


def clear(names: Collection[str] = ()) -> Cleared:
    """Delete what is kept, where textune wrote it and no process uses it.

    Args:
        names: Of kinds; all of those that can be made again if not given.

    Raises:
        SettingsError: There is no such kind.
    """
    for name in names:
        if name not in WHAT:
            raise SettingsError(f"cache clear {name}: nothing of that name; {among(name, WHAT)}")
    deleted: list[Kept] = []
    used: list[Path] = []
    others: list[Path] = []
    for name in names or [one for one in WHAT if one not in PRECIOUS]:
        folder = _folder(name)
        ours = sorted(_ours(folder, name))
        for path in ours:
            found = _described(path)
            if _is_deleted(path):
                deleted.append(found)
            else:
                used.append(path)
        if folder.is_dir() and not folder.is_symlink():
            atomic.clear_unfinished(folder)
            _clear_locks(folder)
            others += _others(folder, {path.name for path in ours})
    return Cleared(tuple(deleted), tuple(used), tuple(others))


def _folder(name: str) -> Path:
    try:
        return caches.folder(name)
    except OSError as error:
        raise SettingsError(
            f"{error.strerror or error}; TEXTUNE_CACHE names a folder for caches"
        ) from error


def _ours(folder: Path, name: str) -> Iterator[Path]:
    """Yield what textune has written into a folder of one kind; links are not followed."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in folder.iterdir():
        if not path.is_symlink() and _IS_OURS[name](path):
            yield path


def _is_library(path: Path) -> bool:
    return LIBRARY.fullmatch(path.name) is not None and path.is_file()


def _is_store(path: Path) -> bool:
    """Tell whether a folder holds token ids: all that its manifest names, and nothing else."""
    return _is_hashed(path) and _inside(path) <= {MANIFEST, *objects.read(path / MANIFEST)}


def _is_copy(path: Path) -> bool:
    return _is_hashed(path) and _inside(path) <= {CARD, objects.read(path / CARD).get("name")}


def _is_unpacked(path: Path) -> bool:
    return _is_hashed(path) and _inside(path) == {CARD, "files"}


def _is_hashed(path: Path) -> bool:
    return HASHED.fullmatch(path.name) is not None and path.is_dir()


def _inside(folder: Path) -> set[Any]:
    return {one.name for one in folder.iterdir() if not one.name.startswith(atomic.MARKED)}


_IS_OURS: dict[str, Callable[[Path], bool]] = {
    "kernels": _is_library,
    "tokens": _is_store,
    "remote": _is_copy,
    "unpacked": _is_unpacked,
    "outgoing": _is_hashed,
}


def _described(path: Path) -> Kept:
    inside = [path] if path.is_file() else [one for one in path.rglob("*") if not one.is_dir()]
    card = objects.read(path / CARD)
    of = card.get("address") or card.get("archive") or ""
    return Kept(path, sum(one.lstat().st_size for one in inside), path.stat().st_mtime, str(of))


def _is_deleted(path: Path) -> bool:
    """Delete something, unless a process makes, opens or uses it now; tell whether it is gone."""
    from filelock import FileLock, Timeout

    lock = path.with_name(f"{path.name}{LOCK}")
    try:
        with FileLock(lock, timeout=0), caches.alone(path) as is_alone:
            if is_alone:
                atomic.remove(path)
                atomic.remove_file(lock)
    except Timeout:
        return False
    return not path.exists()


def _clear_locks(folder: Path) -> None:
    """Delete locks of what is not there any more, unless a process holds them."""
    from filelock import FileLock, Timeout

    for lock in sorted(folder.glob(f"*{LOCK}")):
        if lock.is_symlink() or lock.with_suffix("").exists() or not _is_beside(lock.name):
            continue
        with suppress(Timeout), FileLock(lock, timeout=0):
            atomic.remove_file(lock)


def _is_beside(name: str) -> bool:
    """Tell whether a name is that of a lock of something kept."""
    bare = name.removesuffix(LOCK).removesuffix(caches.USED)
    return name != bare and HASHED.fullmatch(bare.removesuffix(".so")) is not None


def _others(folder: Path, ours: set[str]) -> Iterator[Path]:
    """Yield what lies in a folder and is neither kept by textune nor beside that."""
    for path in sorted(folder.iterdir()):
        is_passing = _is_beside(path.name) or path.name.startswith(atomic.MARKED)
        if path.name not in ours and not is_passing:
            yield path


def age(seconds: float) -> str:
    """Write how long ago something was, as people say it.

    Example:
        >>> age(time.time() - 7200)
        '2 hours ago'
    """
    passed = max(time.time() - seconds, 0)
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if passed >= size:
            count = int(passed // size)
            return f"{count:,} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
