"""Texts without labels become those that are worth looking at: none learned, none twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from textune.metrics.one_label import is_blank
from textune.records import Example, Row
from textune.splits import alike, near
from textune.splits.sketches import MOST as MOST_KNOWN
from textune.splits.sketches import Sketcher, letters

MOST = 10_000  # texts that are kept; of more, those of which the model is least sure
LEARNED, REPEATED, EMPTY = "labelled already", "repeats of others", "empty"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text without a label, and how unsure the model is of it."""

    row: Row
    example: Example
    doubt: float


@dataclass(slots=True)
class Pool:
    """Collects candidates from a stream in bounded memory.

    Two texts are the same if they differ in case, punctuation and digits only, or share most
    words. Of these the first is kept.

    Args:
        known: Texts that have labels already.
        seed: Of the draw among texts of which the model is equally sure.
    """

    known: Iterable[Example]
    seed: int
    left_out: Counter[str] = field(default_factory=Counter)  # why → texts
    seen: int = 0  # texts that were looked at
    _kept: list[Candidate] = field(default_factory=list)
    _learned: set[int] = field(default_factory=set)
    _own: set[int] = field(default_factory=set)
    _sketches: Sketcher = field(default_factory=lambda: Sketcher(MOST_KNOWN + MOST))

    def __post_init__(self) -> None:
        for number, example in enumerate(self.known):
            self._learned.add(_key(example))
            if number < MOST_KNOWN:
                self._sketches.add_example(example)

    def fresh(self, examples: Sequence[Example]) -> list[int]:
        """Return the positions of texts that may be worth a label; the others are counted."""
        found = []
        for place, example in enumerate(examples):
            self.seen += 1
            key = _key(example)
            if is_blank(example.text) or (example.pair is not None and is_blank(example.pair)):
                self.left_out[EMPTY] += 1
            elif key in self._learned or key in self._own:
                self.left_out[LEARNED if key in self._learned else REPEATED] += 1
            else:
                self._own.add(key)
                found.append(place)
        return found

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Keep candidates, or of too many those of which the model is least sure."""
        self._kept += candidates
        if len(self._kept) > 2 * MOST:
            self._prune()

    def close(self) -> list[Candidate]:
        """Return the candidates, in the order of the file, near repeats left out."""
        self._prune()
        known = self._sketches.texts
        for item in self._kept:
            self._sketches.add_example(item.example)
        found = []
        for item, earlier in zip(self._kept, self._earlier(known), strict=True):
            if earlier < 0:
                found.append(item)
            else:
                self.left_out[LEARNED if earlier < known else REPEATED] += 1
        return found

    def _earlier(self, known: int) -> list[int]:
        """Return for each candidate the text before it that it nearly repeats, or -1."""
        found: list[int] = near.repeats(self._sketches.done())[known:].tolist()
        return found

    def _prune(self) -> None:
        if len(self._kept) <= MOST:
            return
        ties = np.random.default_rng(self.seed).random(len(self._kept))
        doubts = np.asarray([item.doubt for item in self._kept])
        best = np.sort(np.lexsort((ties, -doubts))[:MOST])
        self._kept = [self._kept[place] for place in best.tolist()]


def doubts_of(candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """Return how unsure the model is of each, (N,)."""
    return np.asarray([item.doubt for item in candidates], dtype=np.float64)


def _key(example: Example) -> int:
    """Return a number that texts of the same letters share."""
    normal = alike.text_of(example)
    return hash(letters(normal) or normal)
