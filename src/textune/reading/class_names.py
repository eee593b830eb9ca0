"""Numbers of classes become the names that Hugging Face datasets keep beside them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from textune.records import Row


def listed(metadata: Mapping[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    """Find the columns whose cells are classes or lists of them, with the names of the classes.

    The key "huggingface" of the metadata of an Arrow schema holds the features as JSON.
    """
    try:
        described = json.loads((metadata or {}).get(b"huggingface", b"{}"))
    except (ValueError, RecursionError):
        return {}
    return of_features(_inside(_inside(described, "info"), "features"))


def of_features(features: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Find the columns of classes, or of lists of them, among the features of a data set."""
    names = {column: _names(kind) for column, kind in features.items()}
    return {column: found for column, found in names.items() if found}


def written(
    rows: Iterator[Row], columns: Sequence[str], classes: Mapping[str, tuple[str, ...]]
) -> Iterator[Row]:
    """Write names for numbers; a number without a name, as -100, stays."""
    places = {columns.index(name): names for name, names in classes.items() if name in columns}
    if not places:
        yield from rows
        return
    for row in rows:
        cells = list(row.cells)
        for place, names in places.items():
            cells[place] = _named(cells[place], names)
        yield replace(row, cells=tuple(cells))


def _inside(value: object, key: str) -> Mapping[str, object]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _names(kind: object) -> tuple[str, ...]:
    """Return the names of a feature that is a list of classes, in any of the ways it is written."""
    if isinstance(kind, list):
        inner = kind[0] if len(kind) == 1 else None
    elif isinstance(kind, Mapping) and kind.get("_type") == "ClassLabel":
        inner = kind
    else:
        inner = kind.get("feature") if isinstance(kind, Mapping) else None
    found = inner.get("names") if isinstance(inner, Mapping) else None
    is_named = isinstance(found, list) and all(isinstance(name, str) for name in found)
    return tuple(found) if is_named and found else ()


def _named(cell: str, names: Sequence[str]) -> str:
    if not cell:
        return cell
    try:
        items = json.loads(cell)
    except ValueError:
        return cell
    if isinstance(items, list):
        known = [_name(item, names) for item in items]
        return json.dumps(known, ensure_ascii=False)
    return str(_name(items, names)) if isinstance(items, int) else cell


def _name(item: Any, names: Sequence[str]) -> object:
    is_known = isinstance(item, int) and not isinstance(item, bool) and 0 <= item < len(names)
    return names[item] if is_known else item
