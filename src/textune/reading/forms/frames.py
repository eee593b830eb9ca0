"""One object that holds a whole table, as pandas writes it: split, table, by column, by row."""

from collections.abc import Iterator, Mapping
from typing import Any

WORDS = frozenset(["tokens", "token", "words", "word"])


def rows_of(document: Mapping[str, object]) -> tuple[list[object], str] | None:
    """Take the rows of a table that is one object, and say how it was written; None for others."""
    for form in (_split, _schema, _by_column, _by_row):
        if found := form(document):
            return found
    return None


def _split(document: Mapping[str, object]) -> tuple[list[Any], str] | None:
    columns, data = document.get("columns"), document.get("data")
    if not isinstance(columns, list) or not isinstance(data, list) or not data:
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in data):
        return None
    rows = [dict(zip(map(str, columns), row, strict=True)) for row in data]
    return rows, "one object with 'columns' and 'data', as pandas writes orient='split'"


def _schema(document: Mapping[str, object]) -> tuple[list[Any], str] | None:
    schema, data = document.get("schema"), document.get("data")
    if not isinstance(schema, Mapping) or "fields" not in schema or not isinstance(data, list):
        return None
    if not data or not all(isinstance(row, Mapping) for row in data):
        return None
    keys = schema.get("primaryKey") or []
    rows = [{key: held for key, held in row.items() if key not in keys} for row in data]
    return rows, "one object with 'schema' and 'data', as pandas writes orient='table'"


def _by_column(document: Mapping[str, Any]) -> tuple[list[Any], str] | None:
    values = list(document.values())
    is_lists = all(isinstance(value, list) for value in values)
    is_objects = all(isinstance(value, Mapping) for value in values)
    if len(values) < 2 or not (is_lists or is_objects) or len(values[0]) < 2:
        return None
    if is_lists and WORDS.intersection(document):  # one sentence, with something for each word
        return None
    if is_lists and len({len(value) for value in values}) == 1:
        if not all(map(_are_cells, values)):
            return None
        rows = [dict(zip(document, cells, strict=True)) for cells in zip(*values, strict=True)]
        return rows, "one object with a list of values for each column"
    same = is_objects and len({tuple(value) for value in values}) == 1
    if not same or not all(_are_cells(list(value.values())) for value in values):
        return None
    names = list(values[0])
    if not all(name.isdecimal() for name in names):
        return None
    rows = [{column: document[column][name] for column in document} for name in names]
    return rows, "one object with the values of each column by row, as pandas writes by default"


def _by_row(document: Mapping[str, Any]) -> tuple[list[Any], str] | None:
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(value, Mapping) and value for value in values):
        return None
    if len({frozenset(value) for value in values}) != 1:
        return None
    if not all(any(isinstance(held, str) for held in value.values()) for value in values):
        return None
    if all(name.isdecimal() for name in values[0]):
        return None
    named = not all(name.isdecimal() for name in document)
    key = next(name for name in ("key", "key (of the row)") if name not in values[0])
    rows = [{**({key: name} if named else {}), **value} for name, value in document.items()]
    return rows, "one object with the rows by their names, as pandas writes orient='index'"


def _are_cells(values: list[object]) -> object:
    return all(held is None or isinstance(held, str | int | float) for held in values)


def inside(document: Mapping[str, object], depth: int = 3) -> Iterator[tuple[str, list[object]]]:
    """Find the lists of rows somewhere inside one object, each with the keys that lead to it."""
    for key, held in document.items():
        if isinstance(held, list) and len(held) and _are_rows(held):
            yield key, held
        elif isinstance(held, Mapping) and depth > 1:
            yield from ((f"{key}.{path}", rows) for path, rows in inside(held, depth - 1))


def _are_rows(held: list[object]) -> bool:
    """Tell rows of texts from other lists: objects or lists with a text of several words."""
    some = [item for item in held[:50] if item is not None]
    return bool(some) and sum(map(_has_text, some)) > len(some) / 2


def have_texts(rows: list[object]) -> bool:
    """Tell whether the text of each row goes by that name."""
    return all(isinstance(row, Mapping) and "text" in row for row in rows[:50])


def _has_text(item: object) -> bool:
    held = list(item.values()) if isinstance(item, Mapping) else item
    return isinstance(held, list) and any(
        isinstance(value, str) and len(value.split()) > 1 for value in held
    )
