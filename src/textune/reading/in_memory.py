"""Records, texts with labels, or a data set, as Python holds them, become a Table.

- a list of dicts, one a row; a dict of columns;
- a tuple of two lists: texts and labels; a list of tuples: a text and its label each;
- a `Dataset` of Hugging Face datasets, known by its `column_names` and `features`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.errors import DataError
from textune.reading import class_names, splits
from textune.reading.jsonlines import cell, faulty_cell
from textune.records import Row, Table

Records = Callable[[], Iterator[Mapping[str, Any]]]
WAYS = (
    "a path; a data frame of pandas, polars or pyarrow; a list of dicts; a dict of columns; "
    "a tuple of texts and labels; a Dataset of Hugging Face datasets"
)
SHOWN = 5


def read(source: object) -> Table | None:
    """Describe what Python holds; None where it is nothing of the kind.

    Raises:
        DataError: It is, but cannot be a table: no rows, lists of different lengths, a dict of
            data sets.
    """
    if isinstance(source, Mapping):
        return _read_columns(source)
    if hasattr(source, "column_names") and hasattr(source, "__iter__"):
        return _read_dataset(source)
    if isinstance(source, tuple) and len(source) == 2 and all(map(_is_column, source)):
        texts, labels = (list(_plain(part)) for part in source)
        if len(texts) != len(labels):
            raise DataError(f"data: {len(texts):,} texts but {len(labels):,} labels")
        return _read_rows(list(zip(texts, labels, strict=True)))
    if isinstance(source, list | tuple):
        return _read_rows(source)
    return None


def parts(source: object) -> dict[str, object]:
    """Return the data sets in a dict of them by the parts that their names say, as "train".

    The first is what is learned from. Empty where it is no such dict.

    Raises:
        DataError: No name says which is learned from, or two are of one part.
    """
    if not isinstance(source, Mapping) or not source or not all(map(_is_set, source.values())):
        return {}
    named: dict[str, object] = {}
    for name, held in source.items():
        part = splits.part_of(Path(str(name))) or str(name)
        if part in named:
            raise DataError(
                f"data: two data sets are of the part {part!r} ({', '.join(map(str, source))}); "
                "give one of them, and others as valid and test"
            )
        named[part] = held
    if "train" not in named and len(named) > 1:
        raise DataError(
            f"data: a dict of data sets ({', '.join([*map(str, source)][:SHOWN])}), none of which "
            "is named train; give one of them, and others as valid and test"
        )
    first = "train" if "train" in named else next(iter(named))
    order = (first, *(name for name in ("valid", "test") if name in named))
    return {name: named[name] for name in dict.fromkeys(order)}


def _is_set(value: object) -> bool:
    """Tell a data set or a frame from a column of one."""
    is_frame = hasattr(value, "columns") and hasattr(value, "__arrow_c_stream__")
    return is_frame or hasattr(value, "column_names")


def _read_rows(source: Sequence[Any]) -> Table:
    rows = list(source)
    if all(isinstance(row, Mapping) for row in rows):
        columns = tuple(dict.fromkeys(str(name) for row in rows for name in row))
        return _table(columns, lambda: iter(rows), "rows as dicts")
    if all(isinstance(row, list | tuple) and len(row) == 2 for row in rows):
        records = [_record(text, label) for text, label in rows]
        columns = tuple(dict.fromkeys(name for record in records for name in record))
        return _table(columns, lambda: iter(records), "texts and labels")
    odd = next(n for n, row in enumerate(rows, 1) if not isinstance(row, Mapping))
    raise DataError(
        f"data: row {odd} is a {type(rows[odd - 1]).__name__}; allowed: {WAYS}; a list holds "
        "dicts, or texts with their labels as tuples of two"
    )


def _record(text: object, label: object) -> dict[str, object]:
    """Name the parts of a row: a pair of texts is a tuple, a list is of words."""
    if isinstance(text, tuple) and len(text) == 2:
        return {"text": text[0], "second": text[1], "label": label}
    return {"text": text, "label": label}


def _read_columns(source: Mapping[Any, object]) -> Table:
    if not source or not all(map(_is_column, source.values())):
        raise DataError(f"data: a dict holds a list for each column; allowed: {WAYS}")
    columns = {str(name): list(_plain(part)) for name, part in source.items()}
    sizes = {name: len(part) for name, part in columns.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name}: {size:,}" for name, size in [*sizes.items()][:SHOWN])
        raise DataError(f"data: its columns differ in length ({listed})")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return _table(tuple(columns), lambda: iter(rows), "columns as lists")


def _read_dataset(source: Any) -> Table:
    if not hasattr(source, "__len__"):
        raise DataError("data: a data set that is read once only; give list(…) of it")
    plain = source.with_format(None) if hasattr(source, "with_format") else source
    features = getattr(plain, "features", None) or {}
    described = {name: _described(kind) for name, kind in features.items()}
    classes = class_names.of_features(described)
    return _table(tuple(plain.column_names), lambda: iter(plain), "a data set", classes=classes)


def _described(kind: object) -> object:
    """Write a feature as the JSON of data sets has it: names of classes, lists of them."""
    if hasattr(kind, "names"):
        return {"_type": "ClassLabel", "names": list(kind.names or ())}
    inner = getattr(kind, "feature", None)
    return {} if inner is None else {"feature": _described(inner)}


def _table(
    columns: tuple[str, ...],
    records: Records,
    kind: str,
    *,
    classes: Mapping[str, tuple[str, ...]] | None = None,
) -> Table:
    if next(records(), None) is None:
        raise DataError("data: there is no row in it; textune needs a row of text")

    def rows() -> Iterator[Row]:
        for number, record in enumerate(records(), start=1):
            named = {str(name): value for name, value in record.items()}
            cells = tuple(cell(_plain(named.get(name))) for name in columns)
            if fault := faulty_cell(cells, columns):
                raise DataError(f"row {number}: {fault}")
            yield Row(cells, f"row {number}")

    def written() -> Iterator[Row]:
        return class_names.written(rows(), columns, classes or {})

    return Table("data", None, "frame", columns, True, None, (f"format: {kind}",), written)


def _is_column(value: object) -> bool:
    return not isinstance(value, str | bytes | Mapping) and isinstance(_plain(value), list | tuple)


def _plain(value: object) -> Any:
    """Take arrays, series and their numbers as Python's own; a tuple within a row is a list."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value
