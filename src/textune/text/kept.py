"""What is made from a content is made once, and kept in a folder that bears its name."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from filelock import FileLock

MOST_BYTES = 20 * 2**30  # of all that is kept together; the least recently used goes first


def folder(home: Path, key: str, write: Callable[[Path], None]) -> Path:
    """Return the folder of a content, made now if it is not there or not whole.

    Args:
        home: Of all folders.
        key: Names the content.
        write: Fills an empty folder with files.

    Raises:
        OSError: The disk is full; nothing half-made is left behind.
    """
    place = home / key
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not _is_sound(place):
            _build(write, place)
    os.utime(place)
    _prune(home, keep=place)
    return place


def _build(write: Callable[[Path], None], place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=place.parent))
    try:
        write(unfinished)
        sizes = {file.name: _fingerprint(file) for file in sorted(unfinished.iterdir())}
        (unfinished / "MANIFEST.json").write_text(json.dumps(sizes), encoding="utf-8")
        unfinished.rename(place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _is_sound(folder: Path) -> bool:
    try:
        sizes = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
        return bool(sizes) and all(
            _fingerprint(folder / name) == expected for name, expected in sizes.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def _fingerprint(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _prune(folder: Path, *, keep: Path) -> None:
    """Delete the least recently used stores beyond the limit, and what killed builders left."""
    stores = sorted(
        (entry for entry in folder.iterdir() if entry.is_dir()),
        key=lambda entry: entry.stat().st_mtime,
    )
    total = sum(_size(entry) for entry in stores)
    for entry in islice(stores, max(len(stores) - 1, 0)):
        if total <= MOST_BYTES:
            return
        if entry != keep:
            total -= _size(entry)
            shutil.rmtree(entry, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
