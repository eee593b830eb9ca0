"""What is written becomes a file or a folder, whole or not at all, whoever else writes there."""

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO

MARKED = ".textune-"
UNFINISHED = re.compile(r"\.textune-(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-\d+")
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK, errno.EACCES}
MANY = 1000  # paths; so many are not waited for one by one
_numbers = count(1)  # next() on it is one step, so that no two threads get the same number


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Raise what libraries written in Rust say of the disk, each by its own kind, as an OSError."""
    try:
        yield
    except Exception as error:
        found = re.search(r"os error (\d+)", str(error))
        if isinstance(error, OSError) or found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number), str(place)) from error


@contextmanager
def replacing_file(file: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a path to write to, which becomes `file` once it is whole and on the disk.

    Args:
        file: Its folder exists.
        overwrite: Whether a file of this name may be replaced; looked at again at the very end.

    Raises:
        FileExistsError: There is such a file, perhaps since a moment ago, and it may not be
            replaced.
        OSError: The disk is full or read-only; what was there before is unchanged.
    """
    unfinished = _beside(file)
    # of what is itself unfinished: flushed with it
    is_inside = any(part.startswith(MARKED) for part in file.parent.parts)
    try:
        with _naming(unfinished, file):
            yield unfinished
            if not is_inside:
                flush(unfinished)
            if overwrite:
                unfinished.replace(file)
            else:
                _put_new(unfinished, file)
            if not is_inside:
                flush(file.parent)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a folder to fill that takes the place of `folder` once it is whole and on the disk.

    Args:
        folder: Its parents are made.
        overwrite: Whether a folder that holds something may be replaced.

    Raises:
        FileExistsError: There is such a folder, and it may not be replaced.
        OSError: The disk is full or read-only; what was there before is unchanged.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished, before = _beside(folder), _beside(folder)
    with _naming(unfinished, folder):
        unfinished.mkdir()
    try:
        with _naming(unfinished, folder):
            yield unfinished
            _flush_all(unfinished)
            if overwrite:
                _put_instead(unfinished, folder, before)
            else:
                _put_new_folder(unfinished, folder)
            flush(folder.parent)
    finally:
        remove(unfinished)
        remove(before)


@contextmanager
def passing_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder inside another one, which is gone in the end."""
    made = _beside(folder / "any")
    made.mkdir()
    try:
        yield made
    finally:
        remove(made)


@contextmanager
def scratch() -> Iterator[Path]:
    """Give an empty folder among the system's passing files, for its owner alone."""
    with tempfile.TemporaryDirectory(prefix=MARKED) as made:
        yield Path(made)


@contextmanager
def writing(file: Path, *, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """Give an open file of bytes, which becomes `file` as by `replacing_file`."""
    with replacing_file(file, overwrite=overwrite) as unfinished, unfinished.open("wb") as opened:
        yield opened


def target(path: Path) -> Path:
    """Return where an output of the user's is written: what a symbolic link names, for it stays."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def filling(file: Path) -> IO[bytes]:
    """Open a file of a folder that `replacing_folder` gave: it is whole when the folder is."""
    return file.open("wb")


def move(source: Path, target: Path) -> None:
    """Let a whole file or folder take the place of what bears its new name.

    Raises:
        OSError: The disk is read-only, or the two lie on different ones.
    """
    flush(source)
    if source.is_dir():
        remove(target)
    source.replace(target)
    flush(target.parent)


def copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder of files, if it is there; weights share bytes where that can be.

    Nothing writes into a file of weights: another one takes its name.
    """
    if source.is_dir():
        target.mkdir()
        for file in sorted(source.iterdir()):
            copy(file, target / file.name)
    elif source.suffix == ".safetensors":
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)
    elif source.exists():
        shutil.copy2(source, target)


def carry(source: Path, target: Path) -> None:
    """Let a file, or a folder, be in another place as well: without copying, where that is had."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_linked)
        return
    _linked(str(source), str(target))


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_bytes(file: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file whole or not at all."""
    with writing(file, overwrite=overwrite) as opened:  # readable as the umask allows
        opened.write(content)


def write_text(file: Path, text: str, *, overwrite: bool = True) -> None:
    """Write UTF-8 whole or not at all; bytes of names that are no UTF-8 become escapes."""
    write_bytes(file, text.encode("utf-8", "backslashreplace"), overwrite=overwrite)


def write_json(file: Path, values: object, *, overwrite: bool = True) -> None:
    """Write JSON whole or not at all."""
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(file, text, overwrite=overwrite)


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:  # file systems without it
            raise
    finally:
        os.close(handle)


def _flush_all(folder: Path) -> None:
    """Wait until a folder is on the disk with all that it holds."""
    paths = [*folder.rglob("*"), folder]
    if len(paths) > MANY:
        os.sync()
        return
    for path in paths:
        flush(path)


def clear_unfinished(folder: Path, *, mine: bool = False) -> int:
    """Delete what processes that were killed have left unfinished in a folder.

    Args:
        folder: Where they wrote; other processes may be writing there now.
        mine: Whether what bears this process's number is such a left-over as well: numbers are
            given again.

    Returns:
        How many entries were deleted.
    """
    left = abandoned(folder, mine=mine)
    for path in left:
        remove(path)
    return len(left)


def abandoned(folder: Path, *, mine: bool = False) -> list[Path]:
    """Return what `clear_unfinished` would delete in a folder."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(MARKED)]
    return [folder / name for name in sorted(names) if _is_abandoned(name, mine=mine)]


def _is_abandoned(name: str, *, mine: bool) -> bool:
    """Tell by its name whether an entry was left by a process of this machine that has ended."""
    found = UNFINISHED.fullmatch(name)
    if found is None or found["machine"] != _machine():
        return False
    pid = int(found["pid"])
    return (mine and pid == os.getpid()) or not is_alive(pid)


def is_alive(pid: int) -> bool:
    """Tell whether there is a process of this number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def remove(path: Path) -> None:
    """Delete a file, a link (not what it names) or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_file(file: Path) -> None:
    """Delete a file or a link, if it is there.

    Raises:
        OSError: It is a folder, or the disk is read-only.
    """
    file.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Name a file of this process's and this thread's own; short, whatever the path's own name."""
    return path.with_name(f"{MARKED}{_machine()}-{os.getpid()}-{next(_numbers)}")


@contextmanager
def _naming(unfinished: Path, path: Path) -> Iterator[None]:
    """Let errors of the disk name what is written, not what it is called until it is whole."""
    try:
        yield
    except OSError as error:
        for each in ("filename", "filename2"):
            name = getattr(error, each)
            if isinstance(name, str | os.PathLike) and Path(name).is_relative_to(unfinished):
                setattr(error, each, str(path / Path(name).relative_to(unfinished)))
        raise


def _machine() -> str:
    """Name the machine, and the container on it, within which a process has its number."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def _put_new(unfinished: Path, file: Path) -> None:
    """Give a file its name, unless something bears it."""
    try:
        os.link(unfinished, file)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from error
        unfinished.rename(file)


def _put_instead(unfinished: Path, folder: Path, before: Path) -> None:
    """Give a folder its name; what bore it bears the name `before` from then on."""
    if os.path.lexists(folder):
        folder.rename(before)
    try:
        unfinished.rename(folder)
    except OSError:
        if os.path.lexists(before):
            before.rename(folder)
        raise


def _put_new_folder(unfinished: Path, folder: Path) -> None:
    """Give a folder its name, unless one that holds something bears it."""
    try:
        unfinished.rename(folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder)) from error
