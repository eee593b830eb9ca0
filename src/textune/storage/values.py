"""The values of an input's cells become those of an output, each of its own kind.

Text formats have strings only. JSON and Parquet have numbers, truth values, nothing, lists and
objects: what came in as such goes out as such.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

WHOLE = 1 << 63  # beyond it, whole numbers have no type in Arrow


def for_json(given: object, cell: str) -> object:
    """Return a value as JSON can hold it; what JSON has no word for is the text of the cell."""
    if isinstance(given, float) and not math.isfinite(given):
        return None
    if given is None or isinstance(given, str | int | float):
        return given
    if isinstance(given, list | dict):
        return json.loads(json.dumps(given, ensure_ascii=False, default=str))
    return cell


def for_text(given: object, cell: str) -> str:
    """Return the text of a cell, as it was given where that was text."""
    return given if isinstance(given, str) else cell


def kinds(rows: Iterable[Sequence[object]], width: int) -> list[str]:
    """Name the type that holds all values of each column: int64, float64, bool or string."""
    found: list[set[str]] = [set() for _ in range(width)]
    for row in rows:
        for seen, value in zip(found, row, strict=True):
            seen.add(_kind(value))
    return [_common(seen - {"null"}) for seen in found]


def for_arrow(given: Any, cell: str, kind: str) -> object:
    """Return a value of one of the types of `kinds`; objects and lists are JSON text."""
    if given is None:
        return None
    if kind == "string":
        return cell
    return float(given) if kind == "float64" else given


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if -WHOLE <= value < WHOLE else "string"
    return "float64" if isinstance(value, float) else "string"


def _common(seen: set[str]) -> str:
    if len(seen) == 1:
        return next(iter(seen))
    return "float64" if seen == {"int64", "float64"} else "string"
