"""A text becomes its words as a person sees them, and for each token the word that it is of.

W windows, P tokens of a window, special tokens included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data.cut import Cutter
from textune.data.words import Word
from textune.records import Example, Shape
from textune.text import shapes
from textune.text import store as stores
from textune.text.store import Store
from textune.text.tokenizers import Tokenizer

Numbers = NDArray[np.int64]
CUT = (  # what people take for one word: don't, well-known, an address
    *("inside ' aa", "inside \u2019 aa", "inside - aa", "inside . 00", "inside , 00"),
    *("whole url", "whole mail", "whole initials"),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A word of a text, or of the second text of a pair."""

    text: int  # 0 for the first text, 1 for the second
    start: int  # characters
    end: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A text as the encoder reads it, and which word each of its tokens shows."""

    example: Example
    store: Store  # of this text alone
    spots: tuple[Spot, ...]  # all words, in the order of the text
    windows: tuple[Numbers, ...]  # W × (P,) the word of each token, -1 for what is of none
    read: NDArray[np.bool_]  # of each word, whether any window shows it

    @property
    def words(self) -> list[int]:
        """The words that the encoder reads."""
        return np.flatnonzero(self.read).tolist()

    def written(self, spot: Spot) -> str:
        """Return what stands there."""
        text = self.example.text if spot.text == 0 else self.example.pair or ""
        return text[spot.start : spot.end]


def trace(example: Example, tokenizer: Tokenizer, shape: Shape) -> Trace:
    """Find the words of a text and their tokens.

    Words that share a token are one word here: the model cannot tell them apart.
    """
    tokens, places = shapes.traced(example, tokenizer, shape)
    given = example.words if shape.asks == "words" else None
    texts = [example.text] if example.pair is None else [example.text, example.pair]
    spots: list[Spot] = []
    owners: list[Numbers] = []
    for side, text in enumerate(texts):
        words = given if side == 0 and given is not None else Cutter.of(CUT)(text)
        joined = _joined(words, places[side])
        owners.append(_owners(joined, places[side], first=len(spots)))
        spots += [Spot(side, start, end) for start, end in joined]
    owner = np.concatenate([*owners, [-1]])  # the last: of special tokens, which are -1
    windows = tuple(owner[found] for found in tokens)
    read = np.zeros(len(spots), dtype=np.bool_)
    shown = np.concatenate([np.zeros(0, dtype=np.int64), *windows])
    read[shown[shown >= 0]] = True
    return Trace(example, stores.tokenize([example], tokenizer, shape), tuple(spots), windows, read)


def sentences(trace: Trace, words: Sequence[int]) -> Iterator[list[int]]:
    """Part words where a sentence, a line or a text ends."""
    part: list[int] = []
    for place, word in enumerate(words):
        part.append(word)
        if place + 1 == len(words) or _ends(trace, word, words[place + 1]):
            yield part
            part = []


def _ends(trace: Trace, word: int, following: int) -> bool:
    one, two = trace.spots[word], trace.spots[following]
    if one.text != two.text:
        return True
    text = trace.example.text if one.text == 0 else trace.example.pair or ""
    return text[one.end - 1] in ".!?\u3002\uff01\uff1f\u2026" or "\n" in text[one.end : two.start]


def _joined(words: Sequence[Word], places: Numbers) -> list[Word]:
    """Join neighbours that share a token."""
    found: list[Word] = []
    ends = places[:, 1]
    for start, end in words:
        if found:
            first = int(np.searchsorted(ends, found[-1][1] - 1, side="right"))
            shares = first < len(places) and places[first, 0] < found[-1][1]
            if shares and places[first, 1] > start:
                found[-1] = (found[-1][0], end)
                continue
        found.append((start, end))
    return found


def _owners(words: Sequence[Word], places: Numbers, *, first: int) -> Numbers:
    """Say which word each token is of; -1 for one that shows no sign of any."""
    if not words:
        return np.full(len(places), -1, dtype=np.int64)
    bounds = np.asarray(words, dtype=np.int64)
    at = np.searchsorted(bounds[:, 1], places[:, 0], side="right")
    at = np.minimum(at, len(words) - 1)
    touches = (bounds[at, 0] < places[:, 1]) & (places[:, 0] < bounds[at, 1])
    return np.where(touches, at + first, -1).astype(np.int64)
