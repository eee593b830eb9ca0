"""Answers of a long file are kept beside the output, so that a run that was killed goes on.

The folder OUTPUT.parts has a file for each part of the input's rows, with a checksum, and
about.json: of what model, input and options they are. It is made when the second part is answered,
and gone when the output is whole.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from textune.errors import BusyError, RunError
from textune.predicting.answering import Cells
from textune.storage import atomic, objects

ENDING = ".parts"
ABOUT = "about.json"
LOCK = ".lock"
WORDS = {
    "textune": "the version of textune",
    "model": "the model",
    "input": "the input",
    "options": "an option",
}


@dataclass(slots=True)
class Parts:
    """The answers of an output that is not finished.

    Args:
        output: The file that is to be.
        about: Says of what the answers are; asked for when the second part comes.
    """

    output: Path
    about: Callable[[], Mapping[str, object]]
    damaged: int = 0  # parts that were there, and are answered anew
    _first: Cells | None = None  # held till there is a second one
    _there: frozenset[int] = frozenset()
    _lock: FileLock | None = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        """Return where they are kept."""
        return folder_of(self.output)

    def read(self, number: int) -> Cells | None:
        """Return the answers of a part; None where it is not there, or damaged."""
        if number not in self._there:
            return None
        try:
            head, _, body = self._file(number).read_bytes().partition(b"\n")
            if json.loads(head)["sha256"] == hashlib.sha256(body).hexdigest():
                cells: Cells = json.loads(body)
                return cells
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.damaged += 1
        return None

    def add(self, number: int, cells: Cells) -> None:
        """Keep the answers of a part.

        Raises:
            BusyError: Another process writes the same output.
            OSError: The disk is full or read-only.
        """
        if self._lock is None and number == 0:
            self._first = cells
            return
        if self._lock is None:
            self._begin()
        if self._first is not None:
            self._write(0, self._first)
            self._first = None
        self._write(number, cells)

    def told(self) -> list[str]:
        """Say what was damaged."""
        if not self.damaged:
            return []
        parts = "1 part" if self.damaged == 1 else f"{self.damaged:,} parts"
        return [f"{self.folder}: {parts} of the answers damaged, and answered anew"]

    def _begin(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._lock = _lock(self.output)
        _clear(self.folder)  # what has lost its about.json
        atomic.write_json(self.folder / ABOUT, dict(self.about()))

    def _write(self, number: int, cells: Cells) -> None:
        body = json.dumps(cells, ensure_ascii=False).encode()
        head = json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()
        atomic.write_bytes(self._file(number), head + b"\n" + body)

    def _file(self, number: int) -> Path:
        return self.folder / f"part-{number:07}.json"

    def _take(self) -> None:
        """Go on with what is there.

        Raises:
            RunError: It is of something else.
        """
        self._lock = _lock(self.output)
        kept, now = objects.read(self.folder / ABOUT), _as_json(self.about())
        changed = [name for name in {**kept, **now} if kept.get(name) != now.get(name)]
        if kept and changed:
            what = " and ".join(WORDS.get(name, name) for name in changed)
            raise RunError(
                f"{self.folder}: {what} changed since these answers were given; --overwrite "
                "without --resume begins anew"
            )
        if not kept:  # damaged: nobody knows of what they are
            _clear(self.folder)
            atomic.write_json(self.folder / ABOUT, dict(self.about()))
        atomic.clear_unfinished(self.folder, mine=True)
        names = (file.stem.removeprefix("part-") for file in self.folder.glob("part-*.json"))
        self._there = frozenset(int(name) for name in names if name.isdigit())

    def drop(self) -> None:
        """Delete the answers: the output is whole, or rows of the input have to be mended."""
        if self._lock is not None:
            _remove(self.folder)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()


def folder_of(output: Path) -> Path:
    """Return where the answers of an output are kept till it is finished."""
    return output.with_name(output.name + ENDING)


@contextmanager
def kept(
    output: Path, about: Callable[[], Mapping[str, object]], *, resume: bool, anew: bool
) -> Iterator[Parts]:
    """Give the answers of an output that are there, and keep others until it is finished.

    Raises:
        RunError: There are some and neither was asked for, or they are of another model, input
            or option, or a folder stands in place of a file.
        BusyError: Another process writes the same output.
    """
    parts, folder = Parts(output, about), folder_of(output)
    for file in (folder / ABOUT, folder / LOCK):
        if file.is_dir():
            raise RunError(f"{file}: is a folder, which textune did not make; move it away")
    is_there = (folder / ABOUT).exists()
    if is_there and not resume:
        with _held(output):
            if not anew:
                count = sum(1 for _ in folder.glob("part-*.json"))
                raise RunError(
                    f"{folder}: the answers of {count:,} parts of an output that is not finished; "
                    "--resume goes on, --overwrite begins anew"
                )
            _remove(folder)
    try:
        if is_there and resume:
            parts._take()
        yield parts
        parts.drop()
    finally:
        parts._release()


@contextmanager
def _held(output: Path) -> Iterator[None]:
    lock = _lock(output)
    try:
        yield
    finally:
        lock.release()


def _lock(output: Path) -> FileLock:
    lock = FileLock(folder_of(output) / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"{output}: another process writes it; wait for its end, or name another file"
        ) from error
    return lock


def _clear(folder: Path) -> None:
    """Delete answers, and nothing else that somebody may have put there."""
    for file in (*folder.glob("part-*.json"), folder / ABOUT):
        with suppress(OSError):
            atomic.remove_file(file)


def _remove(folder: Path) -> None:
    """Delete answers and their folder, while it is locked."""
    _clear(folder)
    with suppress(OSError):
        atomic.remove_file(folder / LOCK)
        folder.rmdir()


def _as_json(values: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return found
