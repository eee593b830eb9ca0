"""Vectors of texts or words, and rows to learn from, become a linear model's answers.

Nothing is searched for: scikit-learn's own settings, but for more iterations, so that they end.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier

from bench.few_jobs import FewJob
from bench.few_scores import Answers
from bench.quality_sets import Row, read

ITERATIONS = 2000
Vectors = Callable[[list[str]], Any]  # N texts → (N, D), dense or sparse
Featured = Callable[[Sequence[Row]], Any]  # rows of words, W in all → (W, D), dense or sparse


def features(rows: Sequence[Row], vectors: Vectors) -> Any:
    """Return the vectors of texts; of pairs u and v, |u - v| beside u · v."""
    first = vectors([row["text"] for row in rows])
    if "pair" not in rows[0]:
        return first
    second = vectors([row["pair"] for row in rows])
    if isinstance(first, np.ndarray):
        return np.hstack([np.abs(first - second), first * second])
    return sparse.hstack([abs(first - second), first.multiply(second)])


def fit_texts(job: FewJob, vectors: Vectors) -> tuple[float, Answers]:
    """Fit on texts or pairs; return the time when it was fitted, and the test rows' answers."""
    rows, test = (read(Path(file)) for file in (job.train, job.test))
    if job.kind == "number":
        ridge = Ridge().fit(features(rows, vectors), [row["label"] for row in rows])
        fitted = time.time()
        return fitted, [float(each) for each in ridge.predict(features(test, vectors))]
    model = LogisticRegression(max_iter=ITERATIONS)
    if job.kind == "single":
        model.fit(features(rows, vectors), [row["label"] for row in rows])
        fitted = time.time()
        return fitted, list(model.predict(features(test, vectors)))
    several = OneVsRestClassifier(model)
    several.fit(
        features(rows, vectors), np.asarray([[row[name] for name in job.labels] for row in rows])
    )
    fitted = time.time()
    said = several.predict(features(test, vectors))  # (N, C)
    return fitted, [
        [name for name, there in zip(job.labels, row, strict=True) if there] for row in said
    ]


def fit_tags(job: FewJob, features: Featured) -> tuple[float, Answers]:
    """Fit on words; return the time when it was fitted, and tags for the words of the test rows."""
    rows, test = (read(Path(file)) for file in (job.train, job.test))
    model = LogisticRegression(max_iter=ITERATIONS)
    model.fit(features(rows), [tag for row in rows for tag in row["tags"]])
    fitted = time.time()
    said = iter(model.predict(features(test)))
    return fitted, [[str(next(said)) for _ in row["words"]] for row in test]
