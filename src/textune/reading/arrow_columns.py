"""Columns of Arrow data become those that can be read as text, and those that are passed over."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
from pyarrow import types

from textune.errors import DataError
from textune.reading.jsonlines import cell
from textune.records import Finding

INDEX = re.compile(r"__index_level_\d+__")  # of a pandas frame
DEEPEST = 4  # records in records
BYTES = "raw bytes that are no text"
Read = Callable[[Sequence[str]], Iterator[pa.RecordBatch]]

_NOT_TEXT: tuple[Callable[[pa.DataType], bool], ...] = (
    types.is_union,
    types.is_run_end_encoded,
    types.is_interval,
    types.is_duration,
    types.is_fixed_size_binary,
)


def refuse_twice(name: str, named: Sequence[str]) -> None:
    """Refuse two columns of one name.

    Raises:
        DataError: There are two.
    """
    twice = next((column for column in named if named.count(column) > 1), None)
    if twice is not None:
        raise DataError(f"{name}: two columns are named {twice!r}; give each a name of its own")


def choose(
    name: str, schema: pa.Schema, total: int, read: Read
) -> tuple[tuple[str, ...], list[str], dict[str, str]]:
    """Choose the columns that can become text.

    Returns:
        Their names, what is said of the layout, and the columns that are passed over with what
        they hold.

    Raises:
        DataError: Two columns have one name, or there is no row of a column that can be text.
    """
    named = [column for column in schema.names if not INDEX.fullmatch(column)]
    refuse_twice(name, named)
    kinds = {column: schema.field(column).type for column in named}
    passed_over = {
        column: f"values of the type {kind}"[:120]
        for column, kind in kinds.items()
        if not _is_plain(kind) or _holds_bytes(kind)
    }
    suspects = [name for name, kind in kinds.items() if _are_bytes(kind)]
    passed_over |= dict.fromkeys(_no_text(suspects, read), BYTES)
    columns = tuple(column for column in named if column not in passed_over)
    if passed_over and not columns:
        first, what = next(iter(passed_over.items()))
        raise DataError(
            f"{name}: column {first!r} holds {what}, and there is no other; write it as UTF-8 "
            "strings"
        )
    if not columns or not total:
        raise DataError(
            f"{name}: {total} rows of {len(columns)} columns; textune needs a row of text"
        )
    is_indexed = len(schema.names) > len(named)
    return columns, ["the index of the pandas frame is left out"] * is_indexed, passed_over


def apart(schema: pa.Schema, read: Read) -> tuple[pa.Schema, Read, list[str]]:
    """Take records apart where no text stands outside of them: review.text, review.label.

    Returns:
        The columns that there are then, how they are read, and what is said of it.
    """
    records = [field.name for field in schema if types.is_struct(field.type)]
    if not records or any(_may_be_text(field.type) for field in schema):
        return schema, read, []

    def flat(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        wanted = [one for one in schema.names if any(_is_in(name, one) for name in names)]
        for batch in read(wanted):
            yield from _flat(pa.Table.from_batches([batch])).select(list(names)).to_batches()

    held = ", ".join(map(repr, records))
    said = f"no text stands beside records: their values are columns with dotted names (in {held})"
    return _flat(schema.empty_table()).schema, flat, [said]


def _may_be_text(kind: pa.DataType) -> bool:
    inside = kind.value_type if types.is_dictionary(kind) else kind
    return is_text(inside) or types.is_string_view(inside) or _is_bytes(inside)


def _is_in(name: str, record: str) -> bool:
    return name == record or name.startswith(f"{record}.")


def _flat(table: pa.Table) -> pa.Table:
    for _ in range(DEEPEST):
        table = table.flatten()
    return table


def left_out(passed_over: Mapping[str, str], total: int) -> tuple[Finding, ...]:
    """Say which columns are passed over."""
    return tuple(
        Finding("left out", "note", f"column {name!r} is passed over: it holds {what}", total)
        for name, what in passed_over.items()
    )


def is_text(kind: pa.DataType) -> bool:
    """Tell whether the values of a column are strings."""
    return bool(types.is_string(kind) or types.is_large_string(kind))


def to_texts(column: pa.Array) -> list[str]:
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


def _no_text(suspects: Sequence[str], read: Read) -> Iterator[str]:
    """Name the columns of bytes that hold something else than text, in any row."""
    left = list(suspects)
    for batch in read(suspects) if suspects else ():
        for column in [name for name in left if not _is_utf8(batch.column(name))]:
            left.remove(column)
            yield column
        if not left:
            return


def _is_utf8(column: pa.Array) -> bool:
    try:
        return not any("\0" in text for text in to_texts(column))
    except pa.ArrowInvalid:
        return False


def _is_plain(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return not (isinstance(kind, pa.BaseExtensionType) or any(test(kind) for test in _NOT_TEXT))


def _are_bytes(kind: pa.DataType) -> bool:
    return _is_bytes(kind.value_type if types.is_dictionary(kind) else kind)


def _holds_bytes(kind: pa.DataType) -> bool:
    """Tell lists and records with bytes, or what is no text, somewhere inside: as images have."""
    inside = [kind.field(at).type for at in range(kind.num_fields)] if types.is_nested(kind) else []
    return any(_are_bytes(one) or not _is_plain(one) or _holds_bytes(one) for one in inside)
