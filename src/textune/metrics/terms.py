"""Texts become counts of words and of pairs of words, and these become TF-IDF, by scikit-learn.

Each text is counted once, however often it is learnt from or judged in cross-validation.
N texts, T terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

MOST_TERMS = 50_000
MOST_CHARACTERS = 1_000
TERM = r"\w+|[^\w\s]"  # marks count as words, and every text has one

Rows = NDArray[np.int64]


def counts(texts: Sequence[str]) -> Any:
    """Count the words of texts, and the pairs of neighbouring words; (N, T) sparse."""
    cut = [text[:MOST_CHARACTERS] for text in texts]
    if not any(text.strip() for text in cut):
        return sparse.csr_array((len(cut), 0))
    counter = CountVectorizer(ngram_range=(1, 2), token_pattern=TERM, dtype=np.float64)
    return counter.fit_transform(cut)


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
    weights = TfidfTransformer(sublinear_tf=True)
    return weights.fit_transform(mine[:, kept]), weights.transform(counted[judged][:, kept])
