"""Lists become columns of Arrow, and its columns arrays, without pandas.

Whatever `pyarrow.array` makes, and each scalar, imports pandas where that is installed, to ask
whether it was given a series: longer than all that is then done with some thousand cells.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOST_BYTES = 2**31 - 1  # of a column of text, whose places are 32-bit


def column(cells: Sequence[object]) -> pa.Array:
    """Make what `pyarrow.array` makes of a list; of text and of numbers alone by their bytes."""
    kinds = {*map(type, cells)}
    if kinds == {float}:
        return numbers(np.asarray(cells, dtype=np.float64))
    if kinds == {str}:
        texts = [cell.encode() for cell in cells if isinstance(cell, str)]
        places = np.fromiter(accumulate(map(len, texts), initial=0), np.int64, len(texts) + 1)
        if places[-1] <= MOST_BYTES:
            offsets = pa.py_buffer(places.astype(np.int32))
            return pa.StringArray.from_buffers(len(texts), offsets, pa.py_buffer(b"".join(texts)))
    return pa.array(cells)


def numbers(values: NDArray[Any]) -> pa.Array:
    """Make a column of an array of 64-bit numbers, (N,)."""
    kind = pa.from_numpy_dtype(values.dtype)
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, data])


def rows(table: pa.Table, places: Sequence[int]) -> list[dict[str, Any]]:
    """Return a few rows of a table; to take them, pyarrow would import all that it computes."""
    return [table.slice(place, 1).to_pylist()[0] for place in places]


def array(one: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column of numbers as an array, NaN where there is none; (N,)."""
    if one.type != pa.float64() or one.null_count:
        return np.asarray(one.to_numpy(), dtype=np.float64)
    parts = [np.empty(0)]
    for chunk in one.chunks:
        values = np.frombuffer(chunk.buffers()[1] or b"", dtype=np.float64)
        parts.append(values[chunk.offset : chunk.offset + len(chunk)])
    return np.concatenate(parts)
