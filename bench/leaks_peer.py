"""Texts that differ in a few words, as textune finds them and as datasketch's MinHash does.

Both look for each of some texts among others, by the same parts (words and pairs of neighbours) and
the same least share of common parts; which share texts truly have is computed of all pairs.
"""

import time
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textune.splits import near, sketches

PERMUTATIONS = 128  # numbers of a MinHash: datasketch's default
AT_ONCE = 500  # texts that are compared with all others
NONE = -1

Places = NDArray[np.int64]


def compared(known: Sequence[str], sought: Sequence[str]) -> dict[str, dict[str, float]]:
    """Look for texts among others by both; say how well, and in what time.

    Returns:
        Of each: `recall` (of the texts that have a true partner), `precision` (of the partners that
        were found), and `processor` seconds.
    """
    found, seconds = {}, {}
    for name, look in (("textune", ours), ("datasketch", theirs)):
        began = time.process_time()
        found[name] = look(known, sought)
        seconds[name] = time.process_time() - began
    best, own = _true_shares(known, sought, found)
    has_partner = best >= near.ALIKE
    told = {}
    for name, places in found.items():
        is_found = places != NONE
        told[name] = {
            "recall": float(is_found[has_partner].mean()),
            "precision": float((own[name][is_found] >= near.ALIKE).mean()),
            "processor": seconds[name],
        }
    return told | {"truth": {"texts": len(sought), "with a partner": int(has_partner.sum())}}


def ours(known: Sequence[str], sought: Sequence[str]) -> Places:
    """Find a partner of each text by textune's sketches; -1 where there is none."""
    made = []
    for each in (known, sought):
        sketcher = sketches.Sketcher(len(each))
        for text in each:
            sketcher.add(text.lower())
        made.append(sketcher.done())
    return near.matches(*made)


def theirs(known: Sequence[str], sought: Sequence[str]) -> Places:
    """Find a partner of each text by datasketch; of several the most alike."""
    datasketch = import_module("datasketch")

    def sketch(text: str) -> Any:
        made = datasketch.MinHash(num_perm=PERMUTATIONS)
        made.update_batch([part.encode() for part in parts(text)])
        return made

    index = datasketch.MinHashLSH(threshold=near.ALIKE, num_perm=PERMUTATIONS)
    kept = [sketch(text) for text in known]
    with index.insertion_session() as session:
        for place, one in enumerate(kept):
            session.insert(str(place), one)
    places = np.full(len(sought), NONE, dtype=np.int64)
    for row, text in enumerate(sought):
        mine = sketch(text)
        alike = {int(key): mine.jaccard(kept[int(key)]) for key in index.query(mine)}
        best = max(alike, key=lambda place: alike[place], default=NONE)
        if best != NONE and alike[best] >= near.ALIKE:
            places[row] = best
    return places


def parts(text: str) -> set[str]:
    """Cut a text into words and pairs of neighbours; none of a short text, as textune has it."""
    words = sketches.parts_of(sketches.letters(text.lower()))
    if len(words) < sketches.LEAST_PARTS:
        return set()
    return {*words, *map(" ".join, pairwise(words))}


def _true_shares(
    known: Sequence[str], sought: Sequence[str], found: dict[str, Places]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return the largest share of common parts of each text, and that with what was found."""
    columns: dict[str, int] = {}
    both = [_matrix(texts, columns) for texts in (known, sought)]
    width = len(columns)
    one, other = (
        sparse.csr_matrix((np.ones(len(at), np.float32), at, borders), (len(borders) - 1, width))
        for at, borders in both
    )
    sizes = [np.diff(borders) for _, borders in both]
    best, own = np.zeros(len(sought)), {name: np.zeros(len(sought)) for name in found}
    for start in range(0, len(sought), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(sought)))
        common = (other[rows] @ one.T).toarray()
        total = sizes[1][rows, None] + sizes[0][None] - common
        shares = common / np.maximum(total, 1)
        best[rows] = shares.max(axis=1)
        for name, places in found.items():
            own[name][rows] = shares[np.arange(len(rows)), places[rows]]
    return best, own


def _matrix(texts: Sequence[str], columns: dict[str, int]) -> tuple[list[int], Places]:
    """Number the parts of texts; return them one text behind the other, and the borders."""
    at: list[int] = []
    borders = [0]
    for text in texts:
        at += [columns.setdefault(part, len(columns)) for part in parts(text)]
        borders.append(len(at))
    return at, np.asarray(borders)
