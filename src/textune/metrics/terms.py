"""Texts become counts of words and of pairs of words, and these become TF-IDF.

As scikit-learn's TfidfVectorizer makes it (lower case, logarithms of counts, rows of length 1), but
each text is counted once, however often it is learnt from or judged in cross-validation.
N texts, T terms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MOST_TERMS = 50_000
MOST_CHARACTERS = 1_000
MANY_TEXTS = 400  # from which on a term of a single one says nothing of others
TERM = re.compile(r"\w+|[^\w\s]")  # marks count as words, and every text has one

Rows = NDArray[np.int64]


def counts(texts: Sequence[str]) -> Any:
    """Count the words of texts, and the pairs of neighbouring words; (N, T) sparse."""
    numbers: dict[str, int] = {}
    words: list[int] = []
    ends = []
    for text in texts:
        found = TERM.findall(text[:MOST_CHARACTERS].lower())
        words.extend([numbers.setdefault(word, len(numbers)) for word in found])
        ends.append(len(words))
    of_text = np.repeat(np.arange(len(texts)), np.diff(ends, prepend=0))
    word = np.asarray(words, dtype=np.int64)
    is_pair = of_text[1:] == of_text[:-1]
    size = len(numbers)
    pair = size + word[:-1][is_pair] * size + word[1:][is_pair]
    known, columns = np.unique(np.concatenate([word, pair]), return_inverse=True)
    rows = np.concatenate([of_text, of_text[1:][is_pair]])
    ones = np.ones(len(rows))
    return sparse.csr_array((ones, (rows, columns)), shape=(len(texts), len(known)))


def weigh(counted: Any, learnt: Rows, judged: Rows) -> tuple[Any, Any] | None:
    """Weigh the terms of some texts, and the same terms of others, by how few texts have them.

    Args:
        counted: (N, T) of all texts.
        learnt: Which texts say what terms there are. The most frequent of very many are kept, and
            of many texts no term of a single one.
        judged: Which others are to be weighed.

    Returns:
        The features of both, (texts, terms) sparse each; None where there is no word.
    """
    mine = counted[learnt]
    sums = np.asarray(mine.sum(axis=0)).ravel()
    texts_with = np.bincount(mine.indices, minlength=len(sums))
    kept = np.flatnonzero(texts_with > (len(learnt) >= MANY_TEXTS))
    if not len(kept) or not len(judged):
        return None
    if len(kept) > MOST_TERMS:
        kept = np.sort(kept[np.argsort(-sums[kept], kind="stable")[:MOST_TERMS]])
    mine, others = mine[:, kept], counted[judged][:, kept]
    rarity = np.log((1 + len(learnt)) / (1 + texts_with[kept])) + 1
    return _rows(mine, rarity), _rows(others, rarity)


def _rows(counted: Any, rarity: NDArray[np.float64]) -> Any:
    """Give the rows of texts length 1."""
    values = (1 + np.log(counted.data)) * rarity[counted.indices]
    of_text = np.repeat(np.arange(counted.shape[0]), np.diff(counted.indptr))
    lengths = np.sqrt(np.bincount(of_text, values**2, minlength=counted.shape[0]))
    return sparse.csr_array(
        (values / lengths[of_text], counted.indices, counted.indptr), shape=counted.shape
    )
