"""Arrow data, from a Parquet file or a data frame, become rows of strings.

Strings stay as they are, null and NaN are the empty cell, numbers and truth values are written as
Python writes them, dates as Arrow does, lists and records as JSON. The index of a pandas frame
is no column. In lists, numbers of classes that Hugging Face datasets has named are their names.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from textune.errors import DataError, Problems, first_line
from textune.reading import class_names, packing
from textune.reading.arrow_columns import (
    Read,
    apart,
    choose,
    is_text,
    left_out,
    refuse_twice,
    to_texts,
)
from textune.reading.jsonlines import faulty_cell
from textune.reading.lines import opened
from textune.reading.told import problems_of
from textune.records import Row, Table

_BATCH = 1_024
_AGAIN = "fetch or write the file again"
_ARROW_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, OverflowError)


def read_parquet(path: Path) -> Table:
    """Describe a Parquet file; its rows are read in batches.

    Raises:
        DataError: The file is damaged, or a column is of a kind that is no text.
    """
    with _parquet(path) as file:
        schema, total = file.schema_arrow, file.metadata.num_rows

    def read(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _parquet(path) as file:
            yield from file.iter_batches(batch_size=_BATCH, columns=list(names))

    return _table(path, "parquet", schema, total, read, reasons=("format: Parquet",))


def read_arrow(
    files: Sequence[Path],
    place: Path,
    *,
    reasons: tuple[str, ...] = ("format: Arrow",),
    features: Mapping[str, object] | None = None,
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

    def read(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for file in files:
            with _arrow(file, place.name) as (_, batches):
                yield from (batch.select(list(names)) for batch in batches)

    return _table(place, "parquet", schema, total, read, reasons=reasons, features=features)


def read_frame(frame: object) -> Table:
    """Describe a data frame, or anything else that speaks the Arrow PyCapsule interface.

    Raises:
        DataError: It has no columns, no rows, or a column that is no text.
    """
    if hasattr(frame, "to_frame") and not hasattr(frame, "columns"):
        raise DataError(
            f"a {type(frame).__name__} is one column, and rows are wanted; give the whole data "
            "frame, or .to_frame() of it"
        )
    if not hasattr(frame, "column_names"):
        refuse_twice("data frame", [*map(str, getattr(frame, "columns", ()))])
    try:
        table = pa.table(frame)
    except Exception as error:  # whatever a foreign library raises while it exports
        said = "; ".join(map(str, error.args)) if len(error.args) > 1 else first_line(error, 200)
        raise DataError(
            f"data frame: Arrow cannot read it ({said[:200]}); give each column one "
            'type, for example frame["text"].astype(str)'
        ) from error

    def read(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from table.select(list(names)).to_batches(max_chunksize=_BATCH)

    reasons = ("format: data frame",)
    return _table(None, "frame", table.schema, table.num_rows, read, reasons=reasons)


def _table(
    path: Path | None,
    format: str,
    schema: pa.Schema,
    total: int,
    read: Read,
    *,
    reasons: tuple[str, ...],
    features: Mapping[str, object] | None = None,
) -> Table:
    """Describe what can be read by the names of its columns."""
    name, prefix = ("data frame", "row ") if path is None else (path.name, f"{path.name}: row ")
    with _translated(f"{name}: damaged", _AGAIN):
        schema, read, parted = apart(schema, read)
        columns, why, passed_over = choose(name, schema, total, read)
    classes = class_names.listed(schema.metadata) or class_names.of_features(features or {})

    def rows() -> Iterator[Row]:
        problems = Problems(name) if path is None else problems_of(path)
        found = _rows(read(columns), columns, problems, prefix)
        return class_names.written(found, columns, classes)

    return Table(
        name,
        None if path is None else str(path),
        format,
        columns,
        has_header=True,
        delimiter=None,
        reasons=(*reasons, *parted, *why),
        rows=rows,
        findings=left_out(passed_over, total),
        schema=schema,
        passed_over=passed_over,
    )


@contextmanager
def _translated(what: str, way_out: str) -> Iterator[None]:
    """Let what Arrow finds wrong become an error that says what is, and the way out."""
    try:
        yield
    except DataError:
        raise
    except _ARROW_ERRORS as error:
        raise DataError(f"{what} ({first_line(error, 200)}); {way_out}") from error


@contextmanager
def _arrow(file: Path, name: str) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """Open Arrow data, a file or a stream."""
    what = f"{name}: the Arrow data in {file.name} is damaged or cut off"
    with _translated(what, _AGAIN), _mapped(file) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        if is_file:
            held = pa.ipc.open_file(source)
            yield held.schema, map(held.get_batch, range(held.num_record_batches))
        else:
            stream = pa.ipc.open_stream(source)
            yield stream.schema, iter(stream)


@contextmanager
def _mapped(file: Path) -> Iterator[Any]:
    """Map a file into memory; a packed one is unpacked to disk before."""
    if file.is_file() and packing.of(file) is None:
        with pa.memory_map(str(file)) as source:
            yield source
        return
    with _seekable(file) as content:
        yield pa.PythonFile(content, mode="r")


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file, unpacked to disk if it is packed."""
    what = f"{path.name}: the Parquet data is damaged or cut off"
    with (
        _translated(what, _AGAIN),
        _seekable(path) as source,
        pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True) as file,
    ):
        yield file


@contextmanager
def _seekable(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading here and there: what is packed is unpacked to disk before."""
    with opened(path) as file:
        if path.is_file() and packing.of(path) is None:
            yield file
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(file, unpacked, 1 << 20)
            unpacked.seek(0)
            yield unpacked


def _rows(batches: Any, columns: tuple[str, ...], problems: Problems, prefix: str) -> Iterator[Row]:
    """Make rows; where faulty ones are left out, that is done later, as for any table."""
    numbers = count(1)
    with problems:
        for batch in batches:
            for cells, given in _cells(batch, columns, problems.name):
                origin = f"{prefix}{next(numbers)}"
                if not problems.skips and (fault := faulty_cell(cells, columns)):
                    problems.add(f"{origin}: {fault}")
                elif not problems.count:
                    yield Row(cells, origin, given=given)


def _cells(
    batch: pa.RecordBatch, columns: tuple[str, ...], name: str
) -> Iterator[tuple[tuple[str, ...], tuple[object, ...]]]:
    """Yield the cells of each row as text, and its values."""
    with _translated(f"{name}: damaged", "write it anew"):
        batch.validate(full=True)
    texts = []
    for column, values in zip(columns, batch.columns, strict=True):
        what = f"{name}: column {column!r}: its values cannot be written as text"
        with _translated(what, "write the column as UTF-8 strings, or leave it out"):
            texts.append(to_texts(values))
    held = map(_values, batch.columns, texts)
    return zip(zip(*texts, strict=True), zip(*held, strict=True), strict=True)


def _values(column: pa.Array, texts: list[str]) -> list[Any]:
    """Take the values of a column as Python has them; their texts where it has no word for them."""
    if not column.null_count and is_text(column.type):
        return texts
    try:
        return column.to_pylist()
    except _ARROW_ERRORS:
        return texts
