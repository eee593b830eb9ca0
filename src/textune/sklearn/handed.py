"""What a program hands over as X becomes columns of texts, and its rows."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data import given
from textune.errors import DataError

MOST_COLUMNS = 2  # a text, or a pair of them
WANTED = "X is a list, array or column of texts, or has two columns of them, for pairs"


@dataclass(frozen=True, slots=True)
class Texts:
    """N texts, or N pairs of texts in two columns."""

    columns: tuple[list[Any], ...]  # each of N
    names: tuple[str, ...] | None = None  # of the columns, where they came in a data frame

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def rows(self) -> list[Any]:
        """Return the texts, or the pairs."""
        return self.columns[0] if len(self.columns) == 1 else list(zip(*self.columns, strict=True))

    def only(self, kept: NDArray[np.bool_]) -> "Texts":
        """Return some rows."""
        places = np.flatnonzero(kept)
        columns = tuple([column[place] for place in places] for column in self.columns)
        return replace(self, columns=columns)


def read(handed: Any, owner: str) -> Texts:
    """Read X: texts, pairs of texts, one column of texts (N, 1) or two (N, 2), or a data frame.

    Args:
        handed: X.
        owner: Name of the estimator, for messages.

    Raises:
        DataError: It holds something else.
    """
    found = _of_frame(handed) if given.is_frame(handed) else _of_rows(handed, owner)
    if not 1 <= len(found.columns) <= MOST_COLUMNS:
        raise DataError(
            f"{owner}: X has {len(found.columns)} columns ({len(found.columns)} feature(s), while "
            f"a minimum of 1 and at most {MOST_COLUMNS} are read); {WANTED}; in a "
            "ColumnTransformer or a Pipeline, choose the columns first"
        )
    columns = tuple(
        [_text(cell, number, owner) for number, cell in enumerate(column)]
        for column in found.columns
    )
    return replace(found, columns=columns)


def read_words(handed: Any, owner: str) -> Texts:
    """Read X whose rows are lists of words; a string is a text that is parted into words later.

    Raises:
        DataError: A row is neither.
    """
    rows = [
        [_text(word, number, owner) for word in _listed(row)] if _is_several(row) else row
        for number, row in enumerate(_rows(handed, owner))
    ]
    for number, row in enumerate(rows):
        if isinstance(row, list) and not all(word.strip() for word in row):
            raise DataError(f"{owner}: row {number} of X has a word that is empty; leave it out")
        if not isinstance(row, list):
            _text(row, number, owner)
    return Texts((rows,))


def _of_frame(frame: Any) -> Texts:
    if hasattr(frame, "iloc"):  # pandas, whose columns may bear any names, some of them twice
        names = list(frame.columns)
        columns = [frame.iloc[:, place].tolist() for place in range(len(names))]
    else:
        names = list(given.columns(frame))
        columns = [given.to_list(frame[name]) for name in names]
    are_names = all(isinstance(name, str) for name in names)
    return Texts(tuple(columns), tuple(names) if are_names else None)


def _of_rows(handed: Any, owner: str) -> Texts:
    shape = getattr(handed, "shape", (0,))
    if len(shape) == MOST_COLUMNS:
        table = np.asarray(handed, dtype=object)
        return Texts(tuple(table[:, place].tolist() for place in range(table.shape[1])))
    rows = _rows(handed, owner)
    if not any(map(_is_several, rows)):
        return Texts((rows,))
    widths = {len(row) if _is_several(row) else 1 for row in rows}
    if len(widths) > 1:
        raise DataError(f"{owner}: X has rows of {sorted(widths)} texts; {WANTED}")
    return Texts(tuple(list(column) for column in zip(*map(_listed, rows), strict=True)))


def _rows(handed: Any, owner: str) -> list[Any]:
    """Make a list of what is handed over in some order.

    Raises:
        DataError: It is one text, a mapping, a set, sparse, or no list at all.
    """
    shape = getattr(handed, "shape", None)
    if hasattr(handed, "tocsr") or hasattr(handed, "tocoo"):
        raise DataError(f"{owner}: X is sparse, and holds numbers; {WANTED}")
    is_list = hasattr(handed, "__iter__") or hasattr(handed, "__array__")
    if isinstance(handed, str | bytes | Mapping | Set) or not is_list or shape == ():
        raise DataError(
            f"{owner}: X is one {type(handed).__name__}: Expected a list or 1D array of texts, got "
            f"scalar array or no list instead: {handed!r:.60}; {WANTED}"
        )
    if shape is not None and len(shape) > 1:
        raise DataError(f"{owner}: X has {len(shape)} dimensions; {WANTED}")
    if not hasattr(handed, "__iter__"):
        return np.asarray(handed).tolist()
    return given.to_list(handed)


def _is_several(row: object) -> bool:
    return isinstance(row, list | tuple | np.ndarray)


def _listed(row: Any) -> Sequence[Any]:
    return row.tolist() if isinstance(row, np.ndarray) else list(row)


def _text(cell: object, number: int, owner: str) -> str:
    """Take a cell as a text.

    Raises:
        DataError: It is none.
    """
    if isinstance(cell, str):
        if not cell.isascii() and _is_broken(cell):
            raise DataError(
                f"{owner}: row {number} of X holds half of a character (a lone surrogate), as "
                "texts do that were cut or read in a wrong encoding; mend it, or leave the row out"
            )
        return str(cell)  # NumPy has strings of its own
    is_missing = cell is None or cell != cell or type(cell).__name__ in ("NAType", "NaTType")  # NaN
    if is_missing:
        raise DataError(
            f"{owner}: Input X contains NaN: row {number} has no text ({cell!r}); leave the row "
            'out, or let it be ""'
        )
    raise DataError(
        f"{owner}: row {number} of X is no text, but {type(cell).__name__} ({cell!r:.40}); {WANTED}"
    )


def _is_broken(text: str) -> bool:
    """Tell whether a text cannot be written in UTF-8."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)
