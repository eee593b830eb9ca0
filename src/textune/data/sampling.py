"""A stream of rows becomes an even sample of them, whatever its length."""

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from textune.records import Row

Item = TypeVar("Item")

SAMPLE_CHARACTERS = 600  # kept of a sampled cell
CHUNK = 256
MOST_FIRST = 8_000_000  # characters of the first rows of a table that are looked at


class Spread:
    """A sample of whole rows, evenly spread over a stream whose length is not known."""

    def __init__(self, most: int) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.seen = 0
        self._most = most
        self._stride = 1

    def add(self, chunk: Sequence[Row]) -> None:
        """Take rows that come next."""
        first = -self.seen % self._stride
        for row in chunk[first :: self._stride]:
            cells = [cell.lstrip()[:SAMPLE_CHARACTERS].rstrip() for cell in row.cells]
            self.rows.append(tuple(cells))
        self.seen += len(chunk)
        while len(self.rows) > self._most:
            self.rows = self.rows[::2]
            self._stride *= 2


def chunks(rows: Iterator[Row], *, most: int) -> Iterator[list[Row]]:
    """Take rows together, fewer where they have more than so many characters."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += sum(map(len, row.cells))
        if len(chunk) == CHUNK or size > most:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def head(rows: Iterable[Row], most: int, *, characters: int = MOST_FIRST) -> Iterator[Row]:
    """Yield the first rows, so many that they fit into memory however large they are."""
    size = 0
    for row in islice(rows, most):
        yield row
        size += sum(map(len, row.cells))
        if size > characters:
            return


def drawn(items: Iterable[Item], most: int, *, seed: int) -> list[Item]:
    """Draw so many items of a stream, each as likely as any other; all of fewer, in their order.

    One pass that holds no more than it returns (reservoir sampling, algorithm R: Vitter 1985).
    """
    draw = random.Random(seed)
    found: list[Item] = []
    for number, item in enumerate(items):
        if number < most:
            found.append(item)
        elif (place := draw.randrange(number + 1)) < most:
            found[place] = item
    return found
