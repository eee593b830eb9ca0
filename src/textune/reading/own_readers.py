"""A file of a kind that the user's own function reads becomes a Table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.errors import DataError, TextuneError, first_line
from textune.reading import in_memory
from textune.records import Row, Table

Reader = Callable[[Path], Iterable[Any]]

READERS: dict[str, Reader] = {}  # ending of a file's name, ".chat" → what reads it


def add(end: str, reader: Reader) -> None:
    """Let files with an ending be read by a function: of a path, it gives dicts, one a row."""
    READERS[f".{end.lower().lstrip('.')}"] = reader


def read(path: Path) -> Table | None:
    """Read a file by the user's function for its ending; None where there is none.

    Raises:
        DataError: The function fails, or gives no rows.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return None
    name = getattr(reader, "__name__", type(reader).__name__)
    try:
        found = in_memory.read(list(reader(path)))
    except TextuneError as error:
        raise DataError(f"{path.name}: read by {name}: {error}") from error
    except Exception as error:  # the user's code may raise anything
        raise DataError(
            f"{path.name}: the reader of your own ({name}) failed: {type(error).__name__}: "
            f"{first_line(error)}"
        ) from error
    assert found is not None, "a list"

    def rows() -> Iterator[Row]:
        for number, row in enumerate(found.rows(), start=1):
            yield replace(row, origin=f"{path.name}:row {number}")

    reason = f"format: read by {name}, for {path.suffix}"
    return replace(found, name=path.name, path=str(path), reasons=(reason,), rows=rows)
