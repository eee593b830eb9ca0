"""Files that are made from a content are made once, and kept in a folder named by its hash."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from textune.storage import atomic, caches, checksums

MOST_BYTES = 20 * 2**30  # of all that is kept together; the least recently used goes first
MANIFEST = "MANIFEST.json"
BEFORE, OLD = ".unfinished-", 24 * 3600  # of versions before: whose they are, nobody can tell
Opened = TypeVar("Opened")
Item = TypeVar("Item")


def open_or_build(
    home: str | Path | None,
    key: str,
    write: Callable[[Path], None],
    read: Callable[[Path, bool], Opened],
) -> tuple[Opened, str | None]:
    """Open the files of a content, made now if they are not there or not whole.

    Args:
        home: Of all that is kept: a folder, or the name of one in the cache; None keeps nothing.
        key: Names the content.
        write: Fills an empty folder with files.
        read: Opens a folder that was filled; True where it is deleted afterwards.

    Returns:
        What was opened; and why nothing could be kept, if that was wanted.

    Raises:
        OSError: The disk for passing files is full.
    """
    place, remark = None, None
    if home is not None:
        try:
            place = caches.folder(home) if isinstance(home, str) else home
            return _kept(place, key, write, read), None
        except OSError as error:
            why = (
                f"{error.filename or place}: {error.strerror or error}" if place else error.strerror
            )
            remark = (
                f"token ids are not kept for the next time: {why}; another folder can be named "
                "with TEXTUNE_CACHE"
            )
    with atomic.scratch() as passing:
        write(passing)
        return read(passing, True), remark


def _kept(
    home: Path, key: str, write: Callable[[Path], None], read: Callable[[Path, bool], Opened]
) -> Opened:
    """Open what is kept while no other process can delete it; open files outlive their names."""
    from filelock import FileLock  # here, as an exported model keeps nothing and does without

    place = home / key
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock(place)):
        is_new = not _is_sound(place)
        if is_new:
            _build(write, place)
        os.utime(place)
        found = read(place, False)
    if is_new:  # of hundreds, all files are looked at
        with suppress(OSError):  # another process's business just as well
            _prune(home, keep=place)
    return found


def _build(write: Callable[[Path], None], place: Path) -> None:
    with atomic.replacing_folder(place) as unfinished:
        write(unfinished)
        sums = {file.name: checksums.sha256(file) for file in sorted(unfinished.iterdir())}
        atomic.write_text(unfinished / MANIFEST, json.dumps(sums))


def _is_sound(folder: Path) -> bool:
    try:
        sums = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(sums) and all(
            checksums.sha256(folder / name) == expected for name, expected in sums.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def _prune(home: Path, *, keep: Path) -> None:
    """Delete the least recently used stores beyond the limit, and what killed builders left."""
    atomic.clear_unfinished(home)
    stores = []
    for entry in home.iterdir():
        with suppress(OSError):  # deleted since by another process
            if entry.name.startswith(BEFORE) and time.time() - entry.stat().st_mtime > OLD:
                atomic.remove(entry)
            elif entry.is_dir() and not entry.name.startswith("."):
                stores.append((entry.stat().st_mtime, _size(entry), entry))
    total = sum(size for _, size, _ in stores)
    for _, size, entry in sorted(stores):
        if total <= MOST_BYTES:
            return
        if entry != keep and _is_deleted(entry):
            total -= size


def _is_deleted(place: Path) -> bool:
    """Delete a store unless some process makes or opens it now; tell whether it is gone."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(_lock(place), timeout=0):
            atomic.remove(place)
    except Timeout:
        return False
    return not place.exists()


def _lock(place: Path) -> str:
    return f"{place}.lock"


def _size(folder: Path) -> int:
    with os.scandir(folder) as files:
        return sum(file.stat().st_size for file in files if file.is_file())


def chunks(
    items: Iterable[Item], size: Callable[[Item], int], *, most: int, characters: int
) -> Iterator[list[Item]]:
    """Gather items for the tokenizer: so many, or as many as have so many characters."""
    chunk: list[Item] = []
    total = 0
    for item in items:
        chunk.append(item)
        total += size(item)
        if len(chunk) >= most or total > characters:
            yield chunk
            chunk, total = [], 0
    if chunk:
        yield chunk
