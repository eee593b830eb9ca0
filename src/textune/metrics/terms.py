"""Texts become counts of words and of pairs of words, and these become TF-IDF, as scikit-learn's.

Each text is counted once, however often it is learnt from or judged in cross-validation. It is
scikit-learn's rule in a few lines, as importing it takes longer than all of this.
N texts, T terms.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MOST_TERMS = 50_000
MOST_CHARACTERS = 1_000
TERM = re.compile(r"\w+|[^\w\s]")  # marks count as words, and every text has one

Rows = NDArray[np.int64]


def counts(texts: Sequence[str]) -> Any:
    """Count the words of texts, and the pairs of neighbouring words; (N, T) sparse."""
    counted = [_terms(text[:MOST_CHARACTERS]) for text in texts]
    names = sorted(set(chain.from_iterable(counted)))
    place = {name: number for number, name in enumerate(names)}
    columns = np.fromiter(map(place.__getitem__, chain.from_iterable(counted)), dtype=np.int32)
    values = [float(count) for found in counted for count in found.values()]
    borders = np.cumsum([0, *map(len, counted)])
    return sparse.csr_array((values, columns, borders), shape=(len(counted), len(names)))


def _terms(text: str) -> Counter[str]:
    words = TERM.findall(text.lower())
    return Counter([*words, *map(" ".join, pairwise(words))])


def weigh(counted: Any, learnt: Rows, judged: Rows) -> tuple[Any, Any] | None:
    """Weigh the terms of some texts, and the same terms of others, by how few texts have them.

    Args:
        counted: (N, T) of all texts.
        learnt: Which texts say what terms there are; of very many the most frequent are kept.
        judged: Which others are to be weighed.

    Returns:
        The features of both, (texts, terms) sparse each; None where there is no word.
    """
    mine = counted[learnt]
    sums = np.asarray(mine.sum(axis=0)).ravel()
    kept = np.flatnonzero(sums)
    if not len(kept) or not len(judged):
        return None
    if len(kept) > MOST_TERMS:
        kept = np.sort(kept[np.argsort(-sums[kept], kind="stable")[:MOST_TERMS]])
    mine = mine[:, kept]
    frequency = np.bincount(mine.indices, minlength=len(kept))  # texts that have each term
    rarity = np.log((1 + len(learnt)) / (1 + frequency)) + 1.0
    return _weighed(mine, rarity), _weighed(counted[judged][:, kept], rarity)


def _weighed(counted: Any, rarity: NDArray[np.float64]) -> Any:
    """Weigh counts by how rare their terms are; each text has the length 1."""
    found = counted.copy()
    found.data = (np.log(found.data) + 1.0) * rarity[found.indices]
    lengths = np.sqrt(np.asarray(found.power(2).sum(axis=1)).ravel())
    found.data /= np.repeat(np.where(lengths, lengths, 1.0), np.diff(found.indptr))
    return found


def folded(learnt: Any, judged: Any) -> tuple[Any, Any]:
    """Join the terms that one text alone has, of each text: a linear layer is the same, found soon.

    A penalty on squared weights does not mind how axes are turned, and keeps the weights of such
    terms in proportion to their values (the representer theorem).

    Args:
        learnt: (N, T) sparse features that a layer is fitted by.
        judged: (M, T) likewise, that it answers.

    Returns:
        The same features along fewer axes: terms of several texts, then one axis for each text.
    """
    is_own = np.bincount(learnt.indices, minlength=learnt.shape[1]) < 2
    own, shared = learnt[:, is_own], np.flatnonzero(~is_own)
    lengths = np.sqrt(np.asarray(own.power(2).sum(axis=1)).ravel())
    axes = sparse.diags_array(1 / np.where(lengths, lengths, 1.0)) @ own  # (N, own terms)
    return (
        sparse.hstack([learnt[:, shared], sparse.diags_array(lengths)], format="csr"),
        sparse.hstack([judged[:, shared], judged[:, is_own] @ axes.T], format="csr"),
    )
