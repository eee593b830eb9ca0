"""A table in a safetensors file: read when it is needed, and no memory before.

An embedding of a quarter of a million word pieces is most of an encoder, and training touches a
few thousand rows of it. The file stays open, so that it may be deleted or replaced meanwhile.

safetensors' own slices are of a mapped file: one that is cut short meanwhile would end the process
(a bus error), where `os.pread` gives an error that can be told.
"""

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

FORMATS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
BLOCK = 1024  # rows that are read at a time
PROBES = 64  # rows by which a table is recognised


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor (V, D) of an open file."""

    file: int  # descriptor; closed with the process
    start: int  # byte of its first element
    shape: tuple[int, int]
    dtype: torch.dtype

    def rows(self, first: int, last: int) -> Tensor:
        """Read some rows; (last - first, D) in fp32.

        Raises:
            OSError: The file was cut short.
        """
        width = self.shape[1] * self.dtype.itemsize
        size = (last - first) * width
        found = bytearray()
        while len(found) < size:
            part = os.pread(self.file, size - len(found), self.start + first * width + len(found))
            if not part:
                raise OSError("the base's weights were cut short while they were in use")
            found += part
        return torch.frombuffer(found, dtype=self.dtype).view(-1, self.shape[1]).float()

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Yield all rows, block by block, with the number of each block's first."""
        for first in range(0, self.shape[0], BLOCK):
            yield first, self.rows(first, min(first + BLOCK, self.shape[0]))


def find(place: str, table: Tensor) -> Stored | None:
    """Find the tensor that a loaded embedding came from.

    The table is (V, D), as it was loaded from the base in this directory.

    Returns:
        None where no tensor of the base's files has its shape and its values.
    """
    for path in sorted(Path(place).glob("*.safetensors")):
        try:
            found = _in_file(path, table)
        except (OSError, AttributeError, KeyError, TypeError, ValueError, struct.error):
            continue
        if found is not None:
            return found
    return None


def _in_file(path: Path, table: Tensor) -> Stored | None:
    file, found = os.open(path, os.O_RDONLY), None
    try:
        found = _in_header(file, table)
    finally:
        if found is None:
            os.close(file)
    return found


def _in_header(file: int, table: Tensor) -> Stored | None:
    (size,) = struct.unpack("<Q", os.pread(file, 8, 0))
    if size > os.fstat(file).st_size:
        raise ValueError("this is no safetensors file")
    for name, entry in json.loads(os.pread(file, size, 8)).items():
        if name == "__metadata__" or entry["shape"] != list(table.shape):
            continue
        if entry["dtype"] in FORMATS:
            start = 8 + size + entry["data_offsets"][0]
            shape = (table.shape[0], table.shape[1])
            found = Stored(file, start, shape, FORMATS[entry["dtype"]])
            if _is_same(found, table):
                return found
    return None


def _is_same(stored: Stored, table: Tensor) -> bool:
    """Compare rows at the start, in the middle and at the end."""
    count = len(table)
    starts = (0, count // 3, count // 2, max(count - PROBES, 0))
    return all(
        torch.equal(
            stored.rows(first, min(first + PROBES, count)), table[first : first + PROBES].cpu()
        )
        for first in starts
    )
