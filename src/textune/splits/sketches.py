"""Texts become sketches: a few numbers each, by which texts that share most words are known.

A sketch is the least hashes of a text's words and of its pairs of neighbouring words (Broder, "On
the resemblance and containment of documents", 1997): of all of them in a text of up to some thirty
words, of a sample in a longer one. Thousands of texts are sketched at once.
"""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from textune.records import Example
from textune.splits import alike

MOST = 500_000  # texts that are sketched; later ones are not, to bound time and memory
LEAST_PARTS = 7  # words, or characters of scripts without spaces; shorter texts have no sketch
FIRST = 512  # parts of a text that are looked at
SIZE = 64  # numbers of a sketch, at most
MOST_COPIES = 32  # of the shorter text of a pair, so that both weigh alike
TOGETHER = 1 << 17  # parts of texts that are sketched at once
DECORATION = re.compile(r"[\W\d_]+")
UNSPACED = re.compile(  # letters of scripts that put no spaces between words
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff])"
)

_TO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # of splitmix64
_SECOND = 0x5BD1E995  # tells words of a second text from those of a first
_NEXT = np.uint64(0x9E3779B97F4A7C15)

Hashes = NDArray[np.uint32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sketches:
    """Sketches of N texts, H numbers in all."""

    hashes: Hashes  # (H,) of each text ascending, no number twice
    borders: Places  # (N + 1,) text n has hashes[borders[n]:borders[n + 1]], perhaps none

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.borders) - 1

    def first(self, count: int) -> "Sketches":
        """Return those of the first texts."""
        count = min(count, len(self))
        return Sketches(self.hashes[: self.borders[count]], self.borders[: count + 1])

    def beside(self, other: "Sketches") -> "Sketches":
        """Return these and others behind them."""
        borders = np.concatenate([self.borders, other.borders[1:] + self.borders[-1]])
        return Sketches(np.concatenate([self.hashes, other.hashes]), borders)


class Sketcher:
    """Sketches texts that come one by one, the first so many of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._codes = array("L")  # of parts that wait
        self._sizes: list[int] = []  # parts of each text that waits
        self._hashes: list[Hashes] = []
        self._counts: list[Places] = []
        self.texts = 0

    def add(self, text: str, pair: str | None = None) -> None:
        """Take one more text in lower case, or a pair, both of which must be alike."""
        if self.texts >= self._most:
            return
        codes = _codes(text, pair)
        self.texts += 1
        self._sizes.append(len(codes))
        self._codes.extend(codes)
        if len(self._codes) > TOGETHER:
            self._sketch()

    def add_example(self, example: Example, normal: str | None = None) -> None:
        """Take one more example; questions have no sketch: those of one passage are all alike.

        Args:
            example: A text, or a pair.
            normal: Its `alike.text_of`, where that is known already.
        """
        if self.texts >= self._most:
            return
        if example.answers is not None:
            self.add("")
            return
        normal = alike.text_of(example) if normal is None else normal
        text, _, pair = normal.partition("\x1f")
        self.add(text, None if example.pair is None else pair)

    def done(self) -> Sketches:
        """Return the sketches of all texts."""
        self._sketch()
        counts = np.concatenate([np.zeros(1, dtype=np.int64), *self._counts])
        hashes = np.concatenate([np.zeros(0, dtype=np.uint32), *self._hashes])
        return Sketches(hashes, np.cumsum(counts))

    def _sketch(self) -> None:
        if not self._sizes:
            return
        codes = np.asarray(self._codes, dtype=np.uint64)
        hashes, counts = _least(codes, np.asarray(self._sizes, dtype=np.int64))
        self._hashes.append(hashes)
        self._counts.append(counts)
        self._codes, self._sizes = array("L"), []


def _codes(text: str, pair: str | None) -> list[int]:
    """Return a number for each word; none of a short text. Both of a pair have as many."""
    one = [_code(part) for part in parts_of(letters(text))]
    if pair is not None:
        other = [_code(part) ^ _SECOND for part in parts_of(letters(pair))]
        few, many = sorted((one, other), key=len)
        copies = min(MOST_COPIES, round(len(many) / max(1, len(few))))
        again = [code ^ (copy << 8) for copy in range(1, copies) for code in few]
        one = [*one, *other, *again] if few else []
    return one if len(one) >= LEAST_PARTS else []


def letters(text: str) -> str:
    """Keep words alone, with one space between."""
    if text.isascii():  # ten times faster than the pattern, with the same result
        return " ".join(text.translate(_TO_LETTERS).split())
    return DECORATION.sub(" ", text).strip()


def parts_of(words: str) -> list[str]:
    """Cut a text into words, or into letters where its script has no spaces."""
    words = words[: 64 * FIRST]
    if not words.isascii():
        words = UNSPACED.sub(r" \1 ", words)
    return words.split(maxsplit=FIRST)[:FIRST]


@lru_cache(maxsize=1 << 16)  # a few words make up most of every text
def _code(part: str) -> int:
    return crc32(part.encode("utf-8", "replace"))


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread numbers evenly over all of 64 bits (Steele, Lea and Flood, splitmix64, 2014)."""
    values = values + _NEXT
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def _least(codes: NDArray[np.uint64], sizes: Places) -> tuple[Hashes, Places]:
    """Return the least hashes of words and pairs of neighbours of N texts, and how many of each."""
    text = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)  # (parts,)
    is_pair = text[1:] == text[:-1]
    pairs = mixed(codes[:-1])[is_pair] * np.uint64(3) + codes[1:][is_pair]
    owners = np.concatenate([text, text[1:][is_pair]])
    hashed = np.concatenate([mixed(codes), mixed(pairs)]) >> np.uint64(32)
    keys = np.sort((owners << np.uint64(32)) | hashed)  # by text, then ascending
    keys = keys[np.diff(keys, prepend=np.uint64(2**64 - 1)) != 0]
    owner = (keys >> np.uint64(32)).astype(np.int64)
    found = np.bincount(owner, minlength=len(sizes))
    rank = np.arange(len(keys)) - np.repeat(np.cumsum(found) - found, found)
    keys = keys[rank < SIZE]
    return keys.astype(np.uint32), np.minimum(found, SIZE)


def chunks(total: int, size: int) -> Iterator[slice]:
    """Cut so many things into stretches."""
    return (slice(start, min(start + size, total)) for start in range(0, total, size))
