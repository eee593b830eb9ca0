"""A run folder becomes one process's own, and an earlier run in it makes room."""

import json
import os
import socket
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from textune.errors import BusyError, RunError, TextuneError
from textune.storage import atomic, contents, names, npy, objects
from textune.storage.contents import LOCK, MARK, OWNER
from textune.storage.names import on_disk

NO_MODEL = "without_model"  # in the mark of a run that was to be judged only
State = Literal["fresh", "new", "on", "done"]


@contextmanager
def claim(
    folder: Path,
    *,
    resume: bool,
    overwrite: bool,
    inputs: Mapping[str, object] | None = None,
) -> Iterator[Path]:
    """Make the folder this process's own while it works in it.

    Args:
        folder: Of the run.
        resume: Continue what is in it.
        overwrite: Whether the run that is in it may be replaced; `start` deletes it.
        inputs: What the command reads, by the words for it; paths among them that exist are never
            deleted.

    Raises:
        RunError: It exists and neither was asked for, it is no run's folder, it holds what the
            command reads, or the disk is full.
        BusyError: Another process works in it.
    """
    if resume and overwrite:
        raise RunError("--resume and --overwrite exclude each other: continue, or start anew")
    made = _make(folder)
    lock = _lock(folder, is_there=resume)
    try:
        _refuse(folder, resume=resume, overwrite=overwrite, inputs=inputs or {})
        _write_owner(folder)
        _clear(folder)
        yield folder
    except (OSError, SafetensorError) as error:
        if isinstance(error, TextuneError):
            raise
        raise RunError(_words(folder, error)) from error
    finally:
        _release(folder, lock)
        with suppress(OSError):  # of those that are not empty
            for one in made:  # where a mistake was found before anything was written
                one.rmdir()


@contextmanager
def beginning(folder: Path, *, keep: Collection[str] = (), is_new: bool = True) -> Iterator[Path]:
    """Give a folder for the first files of a new run; then it takes the place of the one before.

    Whatever fails while these are made and written leaves the run before as it was. Killed while
    they take its place, it leaves what is no finished run, but still one that can be overwritten.

    Args:
        folder: Of the run; claimed.
        keep: Entries that stay.
        is_new: Whether the run before is deleted; else its first files alone are replaced.
    """
    with atomic.passing_folder(folder) as made:
        yield made
        atomic.write_text(made / MARK, "A run of textune's: --overwrite may replace it.\n")
        for path in (*made.iterdir(), made):
            atomic.flush(path)
        atomic.move(made / MARK, folder / MARK)
        atomic.remove(folder / "metrics.json")
        for one in sorted(folder.iterdir()):
            if is_new and one.name not in {LOCK, OWNER, MARK, made.name, *keep}:
                atomic.remove(one)
        for path in sorted(made.iterdir()):
            atomic.move(path, folder / path.name)
        atomic.flush(folder)


def start(
    folder: Path,
    write: Callable[[Path], None],
    *,
    state: State,
    keep: Collection[str] = (),
) -> list[str]:
    """Write the first files of a run, or those that are damaged of one that goes on.

    Args:
        folder: Of the run; claimed.
        write: Writes them into a folder.
        state: "fresh": whatever was there is replaced. "new": it was killed before it had learned
            anything, and begins once more. "on": it goes on, perhaps with more epochs. "done": it
            is finished.
        keep: Entries that stay.

    Returns:
        The names of the files that were absent or damaged and are mended.
    """
    if state in {"fresh", "new"}:
        with beginning(folder, keep=keep, is_new=state == "fresh") as made:
            write(made)
        return []
    with atomic.passing_folder(folder) as made:
        write(made)
        damaged = mend(folder, made)
        if state == "on":  # it may be asked for more epochs, or by another device
            for path in made.glob("config.toml"):
                atomic.move(path, folder / path.name)
            atomic.remove(folder / "metrics.json")  # from now on it is unfinished
    return damaged


def finish(folder: Path, values: Mapping[str, object], *, keep_checkpoints: bool) -> None:
    """Note of what command a finished run is, and delete what only a resume would need."""
    atomic.write_json(folder / MARK, values)
    if not keep_checkpoints and (folder / "checkpoints").exists():
        atomic.remove(folder / "checkpoints")


def drop_model(folder: Path) -> None:
    """Delete the model of a finished run that was to be judged only, and what trained it."""
    atomic.write_json(folder / MARK, {**read_mark(folder), NO_MODEL: True})
    for part in ("model", "checkpoints"):
        if (folder / part).exists():
            atomic.remove(folder / part)


def is_without_model(folder: Path) -> bool:
    """Tell whether a finished run's model was deleted on purpose."""
    return read_mark(folder).get(NO_MODEL) is True and not (folder / "model").exists()


def read_mark(folder: Path) -> dict[str, object]:
    """Read what `finish` noted; nothing where that is absent or damaged."""
    return objects.read(folder / MARK)


def mend(folder: Path, made: Path) -> list[str]:
    """Put a run's first files, made once more, where its own are absent or damaged.

    Returns:
        The names of those that were; none of a table of numbers that is absent: runs of before
        have none.
    """
    damaged = [path for path in sorted(made.iterdir()) if not _is_whole(folder / path.name)]
    said = [path.name for path in damaged if path.suffix != ".npy" or (folder / path.name).exists()]
    for path in damaged:
        atomic.move(path, folder / path.name)
    return said


def is_page(file: Path) -> bool:
    """Tell whether a page was written to its end."""
    try:
        return file.read_text(encoding="utf-8").rstrip().endswith("</html>")
    except (OSError, ValueError):
        return False


def lost_records(folder: Path, *, has_learned: bool) -> list[str]:
    """Name what a training wrote of itself, and is absent or damaged.

    Args:
        folder: Of a finished run.
        has_learned: Whether it updated weights, of which its log tells.
    """
    lost = [] if _is_whole(folder / "capsule.json") else ["capsule.json"]
    return lost if not has_learned or _is_log(folder / "log.jsonl") else ["log.jsonl", *lost]


def _is_log(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8").rstrip().rpartition("\n")[2]))
    except (OSError, ValueError):
        return False


def refuse_used(folder: Path) -> None:
    """Refuse a folder in which a process works; nothing is written into it.

    Raises:
        BusyError: One does.
    """
    try:
        import fcntl  # here, as Windows has none

        handle = os.open(folder / LOCK, os.O_RDONLY)
    except (ImportError, OSError):
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BusyError(
            f"{folder}: another process works in it{_read_owner(folder)}; wait for its end"
        ) from error
    finally:
        os.close(handle)


def can_resume(folder: Path) -> bool:
    """Tell whether a run has a state to continue from."""
    return any(folder.glob("checkpoints/step-*"))


def _is_whole(file: Path) -> bool:
    """Tell whether a file of settings, of JSON or of numbers can be read and says anything."""
    try:
        if file.suffix == ".npy":
            return bool(npy.read(file).shape)
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".jsonl":
            return all(map(json.loads, text.splitlines()))
        return bool(tomllib.loads(text) if file.suffix == ".toml" else json.loads(text))
    except (OSError, ValueError):
        return False


def _make(folder: Path) -> list[Path]:
    """Make a folder, and those that it lies in, where there are none; return these from it up."""
    try:
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder}: is a file; --out names a folder")
        names.require_utf8(folder, "choose another --out")
        made = list(takewhile(lambda one: not one.exists(), (folder, *folder.parents)))
        folder.mkdir(parents=True, exist_ok=True)
    except TextuneError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise RunError(f"{folder}: cannot be made: {why}; choose another --out") from error
    return made


def _lock(folder: Path, *, is_there: bool) -> FileLock:
    """Hold a folder; `is_there`: it is a run's already, so that no other --out would help."""
    elsewhere = "copy the run to where it may be written" if is_there else "choose another --out"
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
        while not _is_held(folder / LOCK, lock):  # its last holder deleted it in this moment
            lock.release()
            lock.acquire()
    except Timeout as error:
        owner = _read_owner(folder)
        raise BusyError(
            f"{folder}: another process works in it{owner}; wait for its end, or choose another "
            "--out"
        ) from error
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror}; {elsewhere}") from error
    return lock


def _is_held(file: Path, lock: FileLock) -> bool:
    """Tell whether what is locked is the file that others will find under this name."""
    handle = lock._context.lock_file_fd
    try:
        return handle is None or os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False


def _release(folder: Path, lock: FileLock) -> None:
    with suppress(OSError):  # a disk that has become read-only has nothing to be tidied
        atomic.remove(folder / OWNER)
        atomic.remove(folder / LOCK)  # while it is held: the next claim makes its own
    lock.release()


def _refuse(folder: Path, *, resume: bool, overwrite: bool, inputs: Mapping[str, object]) -> None:
    inside = contents.inside(folder)
    lasting = contents.lasting(folder)
    if resume and not inside:
        raise RunError(f"{folder}: nothing to resume there")
    if inside and not resume and not overwrite:
        if lasting and not (contents.is_marked(folder) or contents.is_begun(folder)):
            raise RunError(
                f"{folder}: already exists, and holds {lasting[0]!r} and no run; choose another "
                "--out"
            )
        raise RunError(
            f"{folder}: already exists; --resume continues it, --overwrite starts anew, or "
            "choose another --out"
        )
    if lasting and not (contents.is_marked(folder) or (resume and contents.is_begun(folder))):
        raise RunError(
            f"{folder}: holds {lasting[0]!r} and no run; textune deletes only its own folders; "
            "choose another --out"
        )
    if not overwrite or not lasting:
        return
    name = contents.held(folder, _paths(inputs))
    if name is not None:
        raise RunError(
            f"{folder}: --overwrite would delete {name}, which this command reads; choose another "
            "--out"
        )
    stranger = contents.foreign(folder)
    if stranger is not None:
        raise RunError(
            f"{folder}: holds {stranger!r}, which no run writes; textune deletes only what is its "
            "own: move that elsewhere, or choose another --out"
        )


def _paths(inputs: Mapping[str, object]) -> dict[str, Path]:
    """Keep the inputs that are files or folders: not data frames, nor names on a hub."""
    found = {}
    for name, value in inputs.items():
        if not isinstance(value, str | os.PathLike):
            continue
        with suppress(OSError, ValueError):
            path = on_disk(Path(value))
            if path.exists():
                found[f"{name} ({path})"] = path
    return found


def _write_owner(folder: Path) -> None:
    me = {"pid": os.getpid(), "host": socket.gethostname()}
    atomic.write_text(folder / OWNER, json.dumps(me))


def _read_owner(folder: Path) -> str:
    owner = objects.read(folder / OWNER)
    is_said = owner.keys() >= {"pid", "host"}
    return f": process {owner['pid']} on {owner['host']}" if is_said else ""


def _clear(folder: Path) -> None:
    """Delete what runs that were killed in this folder have left unfinished."""
    for name in ("", "checkpoints", "predictions", "pictures", "epochs", "seeds"):
        if (place := folder / name).is_dir():
            atomic.clear_unfinished(place, mine=True)
            for left in contents.unfinished(place):
                atomic.remove(left)
    if (folder / "evaluations").is_dir():  # where others may write while this run learns
        atomic.clear_unfinished(folder / "evaluations")


def _words(folder: Path, error: OSError | SafetensorError) -> str:
    """Say what could not be read or written, and how to go on."""
    why = getattr(error, "strerror", None) or error
    place = getattr(error, "filename", None)
    if place and not contents.is_inside(folder, Path(os.fsdecode(place))):
        return f"{os.fsdecode(place)}: {why}; the run in {folder} could not go on"
    if can_resume(folder):
        return (
            f"{folder}: cannot be written: {why}; what was saved is kept: make room, then continue "
            "with --resume"
        )
    return (
        f"{folder}: cannot be written: {why}; nothing was saved yet: make room, then start again "
        "with --overwrite"
    )
