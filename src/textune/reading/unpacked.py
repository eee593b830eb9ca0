"""An archive of many files becomes a folder in textune's cache, unpacked once.

So are read tar archives, packed or not, and zip archives of texts in folders named for their label.
"""

import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Generator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO

from textune.errors import DataError
from textune.reading import packing
from textune.reading.lines import opened
from textune.storage import atomic, caches, objects

CARD, FILES = "about.json", "files"
SPARED = 1 << 30  # bytes of the disk that are left free
PIECE = 1 << 20
_FAULTS = (tarfile.TarError, *packing.FAULTS, ValueError)


def is_tar(path: Path) -> bool:
    """Tell whether a file is a tar archive, packed or not."""
    stem = packing.bare(path.name)
    if not stem.endswith(".tar") and path.suffix.lower() not in (".tgz", ".tbz2", ".txz", ".tzst"):
        return False
    with opened(path) as file:
        return file.read(512)[257:262] == b"ustar"


def folder_of(archive: Path) -> Path:
    """Unpack an archive, unless that was done before; return the folder that holds its files.

    Raises:
        DataError: It is damaged, or the disk has no room for it.
    """
    found = archive.stat()
    state = f"{archive.resolve()} {found.st_size} {found.st_mtime_ns}"
    place = _cache() / hashlib.sha256(state.encode()).hexdigest()[:24]
    caches.hold(place)
    if not (place / CARD).is_file():
        try:
            _keep(archive, place)
        except OSError as error:
            raise DataError(
                f"{archive}: cannot be unpacked to {place} ({error.strerror or error}); make room, "
                "name another folder (TEXTUNE_CACHE=/path), or unpack it yourself and name that"
            ) from error
    return _inmost(place / FILES)


def _keep(archive: Path, place: Path) -> None:
    """Unpack an archive to a folder of the cache, whole or not at all.

    Raises:
        DataError: It is damaged, or the disk has no room for it.
        OSError: The cache cannot be written.
    """
    atomic.remove(place)  # of which the card was lost
    place.parent.mkdir(parents=True, exist_ok=True)
    atomic.clear_unfinished(place.parent)
    try:
        with atomic.replacing_folder(place, overwrite=False) as unfinished:
            (unfinished / FILES).mkdir()
            _unpack(archive, unfinished / FILES)
            atomic.write_text(unfinished / CARD, json.dumps({"archive": str(archive.resolve())}))
    except FileExistsError:  # another process has unpacked the same meanwhile
        if not (place / CARD).is_file():
            raise


def origin(path: Path) -> Path:
    """Return the archive of which a file was unpacked; the path itself of any other."""
    root = _cache()
    if root not in path.parents:
        return path
    card = objects.read(root / path.relative_to(root).parts[0] / CARD)
    return Path(str(card.get("archive", path)))


def _cache() -> Path:
    try:
        return caches.folder("unpacked")
    except OSError as error:
        raise DataError(
            f"there is no folder to unpack to ({error.strerror}); name one: TEXTUNE_CACHE=/path"
        ) from error


def _inmost(place: Path) -> Path:
    """Descend where a folder holds one folder and nothing else."""
    entries = list(place.iterdir())
    is_shell = len(entries) == 1 and entries[0].is_dir()
    return _inmost(entries[0]) if is_shell else place


def _unpack(archive: Path, place: Path) -> None:
    left = shutil.disk_usage(place).free - SPARED
    try:
        with closing(_members(archive)) as members:
            for name, content in members:
                target = place.joinpath(*name.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with atomic.filling(target) as file:
                    while piece := content.read(PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise DataError(
                                f"{archive}: what it holds has no room on the disk; unpack what "
                                "is meant, and name that"
                            )
                        file.write(piece)
    except DataError:
        raise
    except _FAULTS as error:
        raise DataError(
            f"{archive.name}: the archive is damaged or cut off ({error}); fetch it again"
        ) from error


def _members(archive: Path) -> Generator[tuple[PurePosixPath, IO[bytes]], None, None]:
    """Open the files of an archive one after the other: none hidden, none outside of it."""
    if packing.is_zip(archive):
        with zipfile.ZipFile(archive) as held:
            for item in held.infolist():
                if not item.is_dir() and (name := _sound(item.filename)):
                    with held.open(item) as content:
                        yield name, content
        return
    with opened(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            name, file = _sound(member.name), tar.extractfile(member) if member.isfile() else None
            if name is not None and file is not None:
                yield name, file


def _sound(name: str) -> PurePosixPath | None:
    """Return the path of a member; None of one that is hidden or would lie elsewhere."""
    path = PurePosixPath(name)
    parts = [part for part in path.parts if part != "."]
    is_wrong = path.is_absolute() or ".." in parts or "\\" in name or ":" in name
    if is_wrong or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    return PurePosixPath(*parts) if parts else None
