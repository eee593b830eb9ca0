"""Texts that judge a model are looked for among those that it learned from.

A text of another file leaks if it stands among them word for word ("exact"), but for case, white
space, punctuation and the form of Unicode ("normalised"), or but for a few words ("near").
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.records import Example
from textune.splits import alike, near
from textune.splits.origins import Origins
from textune.splits.sketches import MOST, Places, Sketcher

KINDS = ("exact", "normalised", "near")
NONE = -1

Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Leaks:
    """Which of M texts leak, and from where."""

    kinds: NDArray[np.int8]  # (M,) place in KINDS; -1: training did not see it
    sources: Places  # (M,) place among the training texts; -1 of no leak
    torn: NDArray[np.bool_]  # (M,) whether the label is another one there

    def rows(self, kind: str) -> Places:
        """Return the places of texts that leak in one way."""
        return np.flatnonzero(self.kinds == KINDS.index(kind))

    @property
    def counts(self) -> Mapping[str, int]:
        """Count the texts that leak in each way."""
        return {kind: len(self.rows(kind)) for kind in KINDS}

    @property
    def words(self) -> list[str]:
        """Name for each text how it leaks; "" for none."""
        return [KINDS[kind] if kind >= 0 else "" for kind in self.kinds.tolist()]


class Texts:
    """What is remembered of texts: a few numbers for each."""

    def __init__(self, examples: Iterable[Example]) -> None:
        """Go through examples once."""
        exact, normalised, label, group = array("Q"), array("Q"), array("Q"), array("Q")
        self.origins = Origins()
        sketcher = Sketcher(MOST)
        for example in examples:
            self.origins.add(example.origin)
            is_empty = not example.text.strip()
            exact.append(0 if is_empty else alike.fingerprint(_whole(example)))
            normalised.append(0 if is_empty else alike.fingerprint(alike.plain_of(example)))
            label.append(alike.label_of(example))
            group.append(alike.fingerprint(example.group) if example.group else 0)
            sketcher.add_example(example)
        self.exact, self.normalised, self.label, self.group = (
            np.asarray(one, dtype=np.uint64) for one in (exact, normalised, label, group)
        )
        self.sketches = sketcher.done()

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.exact)


def find(known: Texts, others: Texts) -> Leaks:
    """Look for each of other texts among those that are known."""
    kinds = np.full(len(others), NONE, dtype=np.int8)
    sources = np.full(len(others), NONE, dtype=np.int64)
    if len(known) and len(others):
        close = near.matches(known.sketches, others.sketches)
        _mark(kinds, sources, "near", np.pad(close, (0, len(others) - len(close)), "constant",
                                            constant_values=NONE))  # fmt: skip
        _mark(kinds, sources, "normalised", _places(known.normalised, others.normalised))
        _mark(kinds, sources, "exact", _places(known.exact, others.exact))
    own, other = others.label, known.label[sources] if len(known) else others.label
    torn = (kinds >= 0) & (own != 0) & (other != 0) & (own != other)
    return Leaks(kinds, sources, torn)


def of_groups(known: Texts, others: Texts) -> Places:
    """Give for each text the first of those that are known of its group; -1 for none.

    Returns:
        (M,) for M other texts.
    """
    if not len(known):
        return np.full(len(others), NONE, dtype=np.int64)
    return _places(known.group, others.group)


def _mark(kinds: NDArray[np.int8], sources: Places, kind: str, found: Places) -> None:
    rows = np.flatnonzero(found != NONE)
    kinds[rows], sources[rows] = KINDS.index(kind), found[rows]


def _places(known: Keys, others: Keys) -> Places:
    """Give for each key the first place where it is known; -1 for none, and for 0."""
    values, first = np.unique(known, return_index=True)
    at = np.minimum(np.searchsorted(values, others), len(values) - 1)
    is_known = (values[at] == others) & (others != 0)
    return np.where(is_known, first[at], NONE)


def _whole(example: Example) -> str:
    return example.text if example.pair is None else f"{example.text}\x1f{example.pair}"
