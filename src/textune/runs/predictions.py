"""What a model said of each text becomes a table in its run, and is read again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.storage import atomic
from textune.storage.names import utf8


def by(column: str) -> str:
    """Name the cells of a column of the user's, by which texts are judged apart."""
    return f"by({column})"


def sliced(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the cells by which texts are judged apart, by the names of the user's columns."""
    start = len(by("")) - 1
    return {name[start:-1]: own for name, own in columns.items() if name == by(name[start:-1])}


def write(file: Path, columns: Mapping[str, Sequence[object]]) -> None:
    """Write what the model said of each text, so that every metric can be computed again.

    Args:
        file: Parquet.
        columns: "origin", "truth" where it is known, and the answers.
    """
    import pyarrow as pa  # here, as reading a run's card does not need it
    import pyarrow.parquet as pq

    file.parent.mkdir(parents=True, exist_ok=True)
    cells = {
        name: pa.array([utf8(cell) if isinstance(cell, str) else cell for cell in column])
        for name, column in columns.items()
    }
    with atomic.replacing_file(file) as unfinished:
        pq.write_table(pa.table(cells), unfinished)


def read(file: Path, needed: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Read what `write` wrote.

    Args:
        file: Parquet.
        needed: Columns that it must have.

    Raises:
        RunError: It is absent, damaged, or has no such columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found: dict[str, list[Any]] = pq.ParquetFile(file).read().to_pydict()
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{file}: cannot be read: {error!r:.100}") from error
    if lost := [name for name in needed if name not in found]:
        raise RunError(f"{file}: cannot be read: no column {lost[0]!r}")
    return found
