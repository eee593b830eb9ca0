"""Classes of several columns become one row of outputs, and outputs become columns again."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from textune.tasks import kind

SIGN = ": "
Places = Mapping[str, NDArray[np.int64]]


def named(column: str, value: str) -> str:
    """Name an output.

    Example:
        >>> named("taste", "good")
        'taste: good'
    """
    return f"{column}{SIGN}{value}"


def column_of(label: str, columns: Sequence[str]) -> str | None:
    """Return the column whose class an output is, by the longest name that fits; None: none does.

    Example:
        >>> column_of("price: usd: low", ("price", "price: usd"))
        'price: usd'
    """
    fitting = (name for name in columns if label.startswith(f"{name}{SIGN}"))
    return max(fitting, key=len, default=None)


def value_of(label: str, column: str) -> str:
    """Return the class that an output of a column stands for.

    Example:
        >>> value_of("taste: good", "taste")
        'good'
    """
    return label[len(f"{column}{SIGN}") :]


def values_of(labels: Iterable[str], columns: Sequence[str]) -> list[str]:
    """Return the classes of all columns, each once.

    Example:
        >>> values_of(["taste: good", "service: good"], ["taste", "service"])
        ['good']
    """
    both = ((label, column_of(label, columns)) for label in labels)
    return list(dict.fromkeys(value_of(label, column) for label, column in both if column))


@lru_cache(maxsize=64)
def places(labels: tuple[str, ...], columns: tuple[str, ...]) -> Places:
    """Return where the outputs of each column stand; they need not stand side by side."""
    of = [column_of(label, columns) for label in labels]
    return {
        name: np.asarray([at for at, one in enumerate(of) if one == name], dtype=np.int64)
        for name in columns
    }


def in_order(names: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Sort outputs: column after column, in each by number if all are numbers, else by alphabet."""
    held: dict[str, set[str]] = {name: set() for name in columns}
    for label in names:
        column = column_of(label, columns)
        assert column is not None, "a class of one of the columns"
        held[column].add(value_of(label, column))
    return tuple(
        named(column, value) for column, values in held.items() for value in kind.in_order(values)
    )
