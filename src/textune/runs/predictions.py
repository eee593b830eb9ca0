"""What a model said of each text becomes a table in its run, and is read again."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.storage import atomic
from textune.storage.names import utf8

COUNTS = b"textune.counts"  # beside a table
UNCOUNTED = -1


def by(column: str) -> str:
    """Name the cells of a column of the user's, by which texts are judged apart."""
    return f"by({column})"


def sliced(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the cells by which texts are judged apart, by the names of the user's columns."""
    start = len(by("")) - 1
    return {name[start:-1]: own for name, own in columns.items() if name == by(name[start:-1])}


def write(
    file: Path,
    columns: Mapping[str, Sequence[object]],
    counts: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Write what the model said of each text, so that every metric can be computed again.

    Args:
        file: Parquet.
        columns: "origin", "truth" where it is known, and the answers.
        counts: Whole numbers of each text, beside the table, for `counted`.
    """
    import pyarrow as pa  # here, as reading a run's card does not need it
    import pyarrow.parquet as pq

    from textune.storage.columns import column as to_column

    file.parent.mkdir(parents=True, exist_ok=True)
    cells = {
        name: to_column([utf8(cell) if isinstance(cell, str) else cell for cell in column])
        for name, column in columns.items()
    }
    with atomic.replacing_file(file) as unfinished:
        table = pa.table(cells)
        if counts:
            table = table.replace_schema_metadata({COUNTS: _packed(counts)})
        pq.write_table(table, unfinished)


def counted(file: Path) -> dict[str, list[int]]:
    """Return the counts that `write` kept beside a table; none where it has none of all texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(file)
        packed = (parquet.schema_arrow.metadata or {}).get(COUNTS)
        found = {} if packed is None else json.loads(zlib.decompress(base64.b64decode(packed)))
    except (OSError, pa.ArrowException, ValueError, zlib.error):
        return {}
    rows = parquet.metadata.num_rows
    return found if all(len(values) == rows for values in found.values()) else {}


def _packed(counts: Mapping[str, Sequence[int]]) -> bytes:
    text = json.dumps({name: list(values) for name, values in counts.items()})
    return base64.b64encode(zlib.compress(text.encode()))


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
