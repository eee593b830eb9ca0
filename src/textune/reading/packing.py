"""A packed file, or a member of a zip archive, becomes the bytes in it, unpacked while it is read.

What packs a file is known by its first bytes. A member is named as a file in a folder would be:
`reviews.zip/train.csv`.
"""

import bz2
import gzip
import lzma
import shlex
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

from textune.errors import DataError, among
from textune.storage.names import on_disk

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
STRANGE = (OSError, ValueError, OverflowError, struct.error)  # of an archive with wrong numbers
FAULTS = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


def _zstd(file: BinaryIO) -> AbstractContextManager[Any]:
    import pyarrow as pa  # which a text file does not need

    return pa.CompressedInputStream(file, "zstd")


@dataclass(frozen=True, slots=True)
class Packing:
    """A way to pack a file."""

    name: str
    sign: bytes  # its first bytes
    endings: tuple[str, ...]
    unpacked: Callable[[BinaryIO], AbstractContextManager[Any]]
    command: str  # of the shell, which unpacks from its input to its output


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", (".gz", ".gzip"), gzip.open, "gzip -dc"),
    Packing("bzip2", b"BZh", (".bz2",), bz2.open, "bzip2 -dc"),
    Packing("xz", b"\xfd7zXZ\0", (".xz",), lzma.open, "xz -dc"),
    Packing("zstd", b"\x28\xb5\x2f\xfd", (".zst", ".zstd"), _zstd, "zstd -dc"),
)
ENDINGS = tuple(ending for packing in PACKINGS for ending in packing.endings)
LISTED = ", ".join(packing.endings[0] for packing in PACKINGS)


def of(path: Path) -> Packing | None:
    """Tell by its first bytes how a file, or a member of an archive, is packed.

    Raises:
        DataError: It is a member that is damaged.
    """
    try:
        with stored(path) as file:
            head = file.read(6)
    except FAULTS as error:
        _refuse_damaged(path, "zip", error)
    except OSError as error:
        if path.exists() or archive_of(path) is None:
            raise unread(path, error) from error
        _refuse_damaged(path, "zip", error)  # a place in it that cannot be
    return _by(head)


def of_open(file: BinaryIO, path: Path) -> Packing | None:
    """Tell by its first bytes how an open file is packed; only what cannot go back is opened anew.

    Raises:
        DataError: It is a member that is damaged.
    """
    if not isinstance(file, BufferedReader) or not file.seekable():
        return of(path)
    head = file.read(6)
    file.seek(0)
    return _by(head)


def _by(head: bytes) -> Packing | None:
    return next((packing for packing in PACKINGS if head.startswith(packing.sign)), None)


def bare(name: str) -> str:
    """Return the name of a file without the ending of what packs it, in lower case."""
    name = name.lower()
    return next((name.removesuffix(end) for end in ENDINGS if name.endswith(end)), name)


def archive_of(path: Path) -> Path | None:
    """Return the zip archive in which a path lies that is no file on the disk; None if none."""
    place = on_disk(path)
    return place if place != path and is_zip(place) else None


def is_zip(path: Path) -> bool:
    """Say whether a file on the disk is a zip archive, as spreadsheets are too."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in ZIP
    except OSError as error:
        raise unread(path, error) from error


def unread(path: Path, error: OSError) -> DataError:
    """Say that a file is there and cannot be read."""
    return DataError(
        f"{path}: cannot be read ({error.strerror or error}); check the path and who may read the "
        "file"
    )


def names(archive: Path) -> list[str]:
    """List the members of an archive in their order, folders left out.

    Raises:
        DataError: It is damaged.
    """
    with _archive(archive) as held:
        return [item.filename for item in held.infolist() if not item.is_dir()]


def size(path: Path) -> int:
    """Return the bytes of a file on the disk, or of a member once it is unpacked."""
    archive = archive_of(path)
    if archive is None:
        return path.stat().st_size
    with _archive(archive) as held:
        return _member(held, archive, path).file_size


@contextmanager
def stored(path: Path) -> Iterator[BinaryIO]:
    """Open a file as it is on the disk, or a member as it is in its archive.

    Raises:
        DataError: There is no such member, or it cannot be unpacked.
        OSError: The file cannot be opened or read.
    """
    try:
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        if (archive := archive_of(path)) is None:
            raise
    else:
        with file:
            yield file
        return
    with _archive(archive) as held:
        member = _member(held, archive, path)
        if member.flag_bits & 1:
            raise DataError(
                f"{path.name}: it is encrypted in {archive.name}; unpack it with its password: "
                f"unzip {shlex.quote(str(archive))}"
            )
        try:
            content = held.open(member)
        except (*FAULTS, *STRANGE) as error:
            _refuse_damaged(path, "zip", error)
        with content:
            yield cast(BinaryIO, content)


@contextmanager
def _archive(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        held = zipfile.ZipFile(archive)
    except (*FAULTS, *STRANGE) as error:
        raise DataError(
            f"{archive.name}: the zip archive is damaged or cut off ({error}); fetch it again"
        ) from error
    with held:
        yield held


def _member(held: zipfile.ZipFile, archive: Path, path: Path) -> zipfile.ZipInfo:
    name = path.relative_to(archive).as_posix()
    for item in held.infolist():
        if item.filename == name:
            return item
    listed = [item.filename for item in held.infolist() if not item.is_dir()]
    raise DataError(f"{archive}: there is no {name!r} in this archive; {among(name, listed)}")


def reading(path: Path) -> str:
    """Write the shell command that gives what is in a packed file or a member of an archive.

    Returns:
        The command, which ends with the place; or, of a plain file, "".
    """
    archive = archive_of(path)
    packing = of(path)
    place = shlex.quote(str(path))
    if archive is not None:
        member = shlex.quote(path.relative_to(archive).as_posix())
        unzip = f"unzip -p {shlex.quote(str(archive))} {member}"
        return f"{unzip} | {packing.command}" if packing else unzip
    return f"{packing.command} < {place}" if packing else ""


def refuse_damaged(path: Path, error: Exception) -> NoReturn:
    """Say that what packs a file cannot be unpacked.

    Raises:
        DataError: Always.
    """
    archive = archive_of(path)
    if isinstance(error, zipfile.BadZipFile | NotImplementedError):
        _refuse_damaged(path, "zip", error)
    packing = of(path)
    _refuse_damaged(path, packing.name if packing else "zip" if archive else "packed", error)


def _refuse_damaged(path: Path, kind: str, error: Exception) -> NoReturn:
    if isinstance(error, NotImplementedError):
        raise DataError(
            f"{path.name}: it is packed in a way that cannot be unpacked here ({error}); "
            "unpack it first"
        ) from error
    raise DataError(
        f"{path.name}: the {kind} data is damaged or cut off ({error}); "
        "fetch or pack the file again"
    ) from error
