"""Arrow data, from a Parquet file or a data frame, become rows of strings.

Strings stay as they are, null and NaN are the empty cell, numbers and truth values are written as
Python writes them, dates as Arrow does, lists and records as JSON. The index of a pandas frame
is no column. In lists, numbers of classes that Hugging Face datasets has named are their names.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from textune.errors import DataError, Problems
from textune.reading import class_names
from textune.reading.jsonlines import cell, faulty_cell
from textune.reading.lines import is_gzip, opened
from textune.records import Row, Table

_BATCH = 1_024
_INDEX = re.compile(r"__index_level_\d+__")
_ARROW_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, OverflowError)


def read_parquet(path: Path) -> Table:
    """Describe a Parquet file; its rows are read in batches.

    Raises:
        DataError: The file is damaged, or a column is of a kind that is no text.
    """
    with _parquet(path) as file:
        schema = file.schema_arrow
        total = file.metadata.num_rows
    columns, why = _columns(path.name, schema, total)
    classes = class_names.listed(schema.metadata)

    def rows() -> Iterator[Row]:
        with _parquet(path) as file:
            batches = file.iter_batches(batch_size=_BATCH, columns=list(columns))
            found = _rows(batches, columns, path.name, f"{path.name}: row ")
            yield from class_names.written(found, columns, classes)

    return Table(
        path.name,
        str(path),
        "parquet",
        columns,
        True,
        None,
        ("format: Parquet", *why),
        rows,
        schema=schema,
    )


def read_arrow(
    files: Sequence[Path],
    place: Path,
    *,
    reasons: tuple[str, ...] = (),
    features: Mapping[str, Any] | None = None,
) -> Table:
    """Describe Arrow data in one file or several of the same columns; rows are read in batches.

    Args:
        files: Arrow's files or streams.
        place: What the user named: a file or a folder.
        reasons: How the files were found, in words.
        features: Of Hugging Face datasets, where they stand beside the files.

    Raises:
        DataError: A file is damaged, there is none, or a column is of a kind that is no text.
    """
    total, schema = 0, None
    for file in files:
        with _arrow(file, place.name) as (found, batches):
            schema = found if schema is None else schema
            total += sum(batch.num_rows for batch in batches)
    if schema is None:
        raise DataError(f"{place}: there is no Arrow file in it; save the data set again")
    columns, why = _columns(place.name, schema, total)
    classes = class_names.listed(schema.metadata) or class_names.of_features(features or {})

    def stream() -> Iterator[pa.RecordBatch]:
        for file in files:
            with _arrow(file, place.name) as (_, batches):
                yield from (batch.select(list(columns)) for batch in batches)

    def rows() -> Iterator[Row]:
        found = _rows(stream(), columns, place.name, f"{place.name}: row ")
        yield from class_names.written(found, columns, classes)

    said = (*reasons, *why) if reasons else ("format: Arrow", *why)
    return Table(place.name, str(place), "parquet", columns, True, None, said, rows, schema=schema)


@contextmanager
def _arrow(file: Path, name: str) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """Open Arrow data, a file or a stream; translate what Arrow says."""
    try:
        with pa.memory_map(str(file)) as source:
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            if is_file:
                held = pa.ipc.open_file(source)
                numbers = range(held.num_record_batches)
                yield held.schema, (held.get_batch(number) for number in numbers)
            else:
                stream = pa.ipc.open_stream(source)
                yield stream.schema, iter(stream)
    except DataError:
        raise
    except _ARROW_ERRORS as error:
        raise DataError(
            f"{name}: the Arrow data in {file.name} is damaged or cut off ({_first_line(error)}); "
            "fetch or write the file again"
        ) from error


def read_frame(frame: object) -> Table:
    """Describe a data frame, or anything else that speaks the Arrow PyCapsule interface.

    Raises:
        DataError: It has no columns, no rows, or a column that is no text.
    """
    try:
        table = pa.table(frame)
    except Exception as error:  # whatever a foreign library raises while it exports
        raise DataError(
            f"data frame: Arrow cannot read it ({_first_line(error)}); give each column one "
            'type, for example frame["text"].astype(str)'
        ) from error
    columns, why = _columns("data frame", table.schema, table.num_rows)
    classes = class_names.listed(table.schema.metadata)
    table = table.select(list(columns))

    def rows() -> Iterator[Row]:
        found = _rows(table.to_batches(max_chunksize=_BATCH), columns, "data frame", "row ")
        yield from class_names.written(found, columns, classes)

    return Table(
        "data frame",
        None,
        "frame",
        columns,
        True,
        None,
        ("format: data frame", *why),
        rows,
        schema=table.schema,
    )


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file, unpacked to disk if it is gzipped; translate what Arrow says."""
    try:
        with _seekable(path) as source, pq.ParquetFile(source, pre_buffer=False) as file:
            yield file
    except DataError:
        raise
    except _ARROW_ERRORS as error:
        raise DataError(
            f"{path.name}: the Parquet data is damaged or cut off ({_first_line(error)}); "
            "fetch or write the file again"
        ) from error


@contextmanager
def _seekable(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading here and there; gzip, where nobody can jump, is unpacked to disk."""
    with opened(path) as file:
        if not is_gzip(path):
            yield file
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(file, unpacked, 1 << 20)
            unpacked.seek(0)
            yield unpacked


def _columns(name: str, schema: pa.Schema, total: int) -> tuple[tuple[str, ...], list[str]]:
    """Choose the columns and check that each can become text."""
    columns = tuple(column for column in schema.names if not _INDEX.fullmatch(column))
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise DataError(f"{name}: two columns are named {twice[0]!r}; give each a name of its own")
    for column in columns:
        if not _is_plain(schema.field(column).type):
            raise DataError(
                f"{name}: column {column!r} holds {schema.field(column).type}, which is no text; "
                "leave it out, or write it as strings"
            )
    if not columns or not total:
        raise DataError(
            f"{name}: {total} rows of {len(columns)} columns; textune needs a row of text"
        )
    left_out = len(schema.names) - len(columns)
    return columns, ["the index of the pandas frame is left out"] if left_out else []


def _is_plain(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return not (isinstance(kind, pa.BaseExtensionType) or any(test(kind) for test in _NOT_TEXT))


_NOT_TEXT: tuple[Callable[[pa.DataType], bool], ...] = (
    types.is_union,
    types.is_run_end_encoded,
    types.is_interval,
    types.is_duration,
    types.is_fixed_size_binary,
)


def _rows(batches: Any, columns: tuple[str, ...], name: str, prefix: str) -> Iterator[Row]:
    problems = Problems(name)
    numbers = count(1)
    for batch in batches:
        for cells, given in _cells(batch, columns, name):
            number = next(numbers)
            fault = faulty_cell(cells, columns)
            if fault:
                problems.add(f"{prefix}{number}: {fault}")
            elif not problems.count:
                yield Row(cells, f"{prefix}{number}", given=given)
    problems.raise_any()


def _cells(
    batch: pa.RecordBatch, columns: tuple[str, ...], name: str
) -> Iterator[tuple[tuple[str, ...], tuple[Any, ...]]]:
    """Yield the cells of each row as text, and its values."""
    try:
        batch.validate(full=True)
    except _ARROW_ERRORS as error:
        raise DataError(f"{name}: damaged: {_first_line(error)}; write it anew") from error
    at = 0
    try:
        texts = []
        for at in range(len(columns)):
            texts.append(_texts(batch.column(at)))
    except _ARROW_ERRORS as error:
        raise DataError(
            f"{name}: column {columns[at]!r}: its values cannot be written as text "
            f"({_first_line(error)}); write the column as UTF-8 strings, or leave it out"
        ) from error
    values = [_values(batch.column(at), texts[at]) for at in range(len(columns))]
    return zip(zip(*texts, strict=True), zip(*values, strict=True), strict=True)


def _values(column: pa.Array, texts: list[str]) -> list[Any]:
    """Take the values of a column as Python has them; their texts where it has no word for them."""
    kind = column.type
    if not column.null_count and (types.is_string(kind) or types.is_large_string(kind)):
        return texts
    try:
        return column.to_pylist()
    except _ARROW_ERRORS:
        return texts


def _texts(column: pa.Array) -> list[str]:
    """Write the values of a column as text."""
    if types.is_dictionary(column.type):
        values = column.dictionary
        if types.is_string_view(values.type):  # polars; Arrow cannot take from it
            values = values.cast(pa.large_string())
        column = pa.DictionaryArray.from_arrays(column.indices, values).dictionary_decode()
    kind = column.type
    if types.is_floating(kind):  # numpy knows the shortest way to write 32 and 16 bits
        numbers = column.to_numpy(zero_copy_only=False)
        return ["" if number != number else str(number) for number in numbers]
    if types.is_temporal(kind) or types.is_decimal(kind) or _is_bytes(kind):
        column = column.cast(pa.large_string())
        column.validate(full=True)
    return [cell(value) for value in column.to_pylist()]


def _is_bytes(kind: pa.DataType) -> bool:
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
