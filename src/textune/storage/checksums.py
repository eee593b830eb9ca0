"""The content of a file becomes its sha256."""

import hashlib
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from textune.errors import DataError
from textune.storage.names import on_disk, utf8


@dataclass(frozen=True, slots=True)
class Described:
    """A file of the user's: which one, and what was in it."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files that a run reads, as they were before it began to."""

    files: tuple[Described, ...]
    states: tuple[tuple[int, ...], ...]  # of each: what changes when somebody writes to it

    @classmethod
    def of(cls, paths: list[Path]) -> "Inputs":
        """Take the checksums of files that are there; of the others reading will say why not."""
        there = _files(paths)
        states = tuple(_state(path) for path in there)
        files = tuple(
            Described(utf8(str(path)), state[2], sha256(path))
            for path, state in zip(there, states, strict=True)
        )
        return cls(files, states)

    def refuse_changed(self, paths: list[Path]) -> None:
        """Make sure that what was read since is what the checksums are of.

        Args:
            paths: As they were given to `of`.

        Raises:
            DataError: Somebody has written to one of the files in the meantime.
        """
        there = _files(paths)
        if len(there) != len(self.files):
            raise DataError(
                f"{paths[0]}: files were added or removed while it was read; start again when it "
                "is complete"
            )
        for path, state in zip(there, self.states, strict=True):
            if _state(path) != state:
                raise DataError(
                    f"{path}: was changed while it was read; start again when it is complete"
                )

    def to_json(self) -> list[dict[str, object]]:
        """Return them for a run's data card."""
        return [asdict(file) for file in self.files]


def _files(paths: list[Path]) -> list[Path]:
    """Return the files that are there, and those in the folders among them."""
    found: list[Path] = []
    for path in map(on_disk, paths):
        if path.is_dir():
            found += sorted(file for file in path.rglob("*") if file.is_file())
        elif path.is_file():
            found.append(path)
    return found


def sha256(file: Path) -> str:
    """Return the sha256 of what is in a file.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sha256_once(file: Path) -> str:
    """Return the sha256 of a file, which is read again only where somebody has written to it since.

    Raises:
        OSError: It cannot be read.
    """
    return _sha256_of(file, _state(file))


@lru_cache(maxsize=8)
def _sha256_of(file: Path, state: tuple[int, ...]) -> str:
    """Return the sha256 of a file in this state."""
    return sha256(file)


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
