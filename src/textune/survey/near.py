"""Texts become sketches, by which those that share most of their words find each other.

MinHash over runs of three words, compared where a band of the sketch agrees (Broder, "On the
resemblance and containment of documents", 1997; Leskovec et al., "Mining of massive datasets").
"""

import re
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

MOST = 30_000  # texts that are sketched; later ones are not, to bound time and memory
LEAST_PARTS = 8  # words, or characters in scripts without spaces; shorter texts are not sketched
FIRST = 128  # parts of a text that are looked at
ALIKE = 0.7  # share of equal numbers in two sketches, an estimate of the share of common runs
SKETCH = 32
BAND = 4
DECORATION = re.compile(r"[\W\d_]+")

_TO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}
_MIX = np.random.default_rng(0).integers(1, 2**63, size=SKETCH + 3, dtype=np.uint64) | np.uint64(1)


class Sketches:
    """Finds texts that are nearly the same as an earlier one, among the first so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.texts = 0
        self.found: list[tuple[int, int]] = []  # position of the later text, and of the earlier
        self._sketches: dict[int, NDArray[np.uint32]] = {}  # each (SKETCH,)
        self._buckets: dict[tuple[int, bytes], int] = {}  # band → the first text with it

    @property
    def is_full(self) -> bool:
        """Whether no more texts are looked at."""
        return self.texts >= self._most

    def add(self, position: int, text: str) -> None:
        """Look at a text in lower case whose parts are separated by single spaces."""
        if self.is_full:
            return
        self.texts += 1
        parts = text.split(" ", FIRST)[:FIRST]
        if len(parts) < LEAST_PARTS and not text.isascii():
            parts = list(text[:FIRST])
        if len(parts) < LEAST_PARTS:
            return
        sketch = _sketch(parts)
        earlier = self._earlier(sketch)
        if earlier is not None:
            self.found.append((position, earlier))
            return
        self._sketches[position] = sketch
        for band in range(0, SKETCH, BAND):
            self._buckets.setdefault((band, sketch[band : band + BAND].tobytes()), position)

    def _earlier(self, sketch: NDArray[np.uint32]) -> int | None:
        seen: set[int] = set()
        for band in range(0, SKETCH, BAND):
            other = self._buckets.get((band, sketch[band : band + BAND].tobytes()))
            if other is None or other in seen:
                continue
            seen.add(other)
            if float(np.mean(self._sketches[other] == sketch)) >= ALIKE:
                return other
        return None


def letters(text: str) -> str:
    """Keep words alone, with one space between."""
    if text.isascii():  # ten times faster than the pattern, with the same result
        return " ".join(text.translate(_TO_LETTERS).split())
    return DECORATION.sub(" ", text).strip()


@lru_cache(maxsize=1 << 15)  # a few words make up most of every text
def _code(part: str) -> int:
    return crc32(part.encode("utf-8", "replace"))


def _sketch(parts: list[str]) -> NDArray[np.uint32]:
    codes = np.fromiter(map(_code, parts), dtype=np.uint64)
    runs = codes[:-2] * _MIX[0] + codes[1:-1] * _MIX[1] + codes[2:] * _MIX[2]  # (parts - 2,)
    runs ^= runs >> np.uint64(29)
    mixed = (runs[:, None] * _MIX[None, 3:]) >> np.uint64(32)  # (parts - 2, SKETCH)
    return mixed.min(axis=0).astype(np.uint32)  # (SKETCH,)
