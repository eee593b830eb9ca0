"""Training labels become what simple models would have scored on the texts that judge ours."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from textune.metrics import metrics
from textune.metrics.metrics import Floats, Parts, Report

MOST_TEXTS = 20_000
MOST_TERMS = 50_000
MOST_CHARACTERS = 1_000
STRENGTH = 10.0
"""Inverse of the regularisation. At scikit-learn's 1.0 rare labels are hardly ever predicted, and a
baseline that is easy to beat flatters the model."""
MOST_REGRESSED = 200
"""Classes up to which a weight for each class and term is fitted."""
MOST_WORK = 1_000_000
"""Texts times labels: with many labels, fewer texts are learnt from."""


def majority(
    train_truth: NDArray[np.generic],
    truth: NDArray[np.generic],
    labels: Sequence[str],
    *,
    parts: Parts | None = None,
) -> Report:
    """Judge a model that knows only how frequent each label is in the training part.

    Args:
        train_truth: Classes (N_train,), or zeros, ones and NaN (N_train, C).
        truth: The same of the texts that judge. (N,) or (N, C)
        labels: Names, C of them.
        parts: Of cross-validation; None: all judge what was learnt from all.

    Returns:
        What `metrics.single` or `metrics.multi` says, with `trained_on`, the texts learnt from.
    """
    probabilities = np.zeros((len(truth), len(labels)))
    for learnt, judged in parts or [(np.arange(len(train_truth)), np.arange(len(truth)))]:
        probabilities[judged] = _shares(train_truth[learnt], len(labels))
    return _judge(truth, probabilities, labels) | {"trained_on": len(train_truth)}


def _shares(train_truth: NDArray[Any], classes: int) -> Floats:
    """Return how frequent each label is; (C,)."""
    if train_truth.ndim == 1:
        return np.bincount(train_truth, minlength=classes) / max(1, len(train_truth))
    scored = ~np.isnan(train_truth)
    found: Floats = np.nansum(train_truth, axis=0) / scored.sum(axis=0).clip(1)
    return found.astype(np.float64)


def tfidf(
    train_texts: Sequence[str],
    train_truth: NDArray[Any],
    texts: Sequence[str],
    truth: NDArray[Any],
    *,
    labels: Sequence[str],
    seed: int = 0,
    parts: Parts | None = None,
) -> Report:
    """Judge logistic regression on TF-IDF of words and pairs of words.

    It takes seconds: of a large training part a seeded sample is used (at most 20,000 texts, fewer
    with very many labels), and of a long text its first 1,000 characters.

    Args:
        train_texts: Training texts; both texts of a pair joined by a line break.
        train_truth: Classes (N_train,), or zeros, ones and NaN (N_train, C).
        texts: The texts that judge.
        truth: As `train_truth`. (N,) or (N, C)
        labels: Names, C of them.
        seed: Selects the sample.
        parts: Of cross-validation; None: all judge what was learnt from all.

    Returns:
        What `metrics.single` or `metrics.multi` says, with `trained_on`, the texts learnt from.
    """
    learnt = len(train_texts)
    if parts is None:
        most = min(MOST_TEXTS, max(2_000, MOST_WORK // len(labels)))
        learnt = min(most, learnt)
        sample = sorted(random.Random(seed).sample(range(len(train_texts)), learnt))
        parts = [(np.asarray(sample, dtype=np.int64), np.arange(len(texts)))]
    given = (train_texts, train_truth, texts)
    probabilities = _part_by_part(_tfidf, *given, classes=len(labels), parts=parts)
    return _judge(truth, probabilities, labels) | {"trained_on": learnt}


def _tfidf(
    train_texts: Sequence[str], train_truth: NDArray[Any], texts: Sequence[str], classes: int
) -> Floats:
    """Return the probabilities of logistic regression, or how frequent labels are without words."""
    found = _features(train_texts, texts)
    if found is None:
        return np.tile(_shares(train_truth, classes), (len(texts), 1))  # (N, C)
    features, judged = found
    if train_truth.ndim == 1:
        return _fit_single(features, train_truth, judged, classes)
    columns = [_fit_label(features, train_truth[:, c], judged) for c in range(classes)]
    return np.stack(columns, axis=1)  # (N, C)


def centroid(
    train_texts: Sequence[str],
    train_truth: NDArray[Any],
    texts: Sequence[str],
    truth: NDArray[Any],
    *,
    labels: Sequence[str],
    parts: Parts | None = None,
) -> Report:
    """Judge the class whose training texts are on average most like a text, by TF-IDF of words.

    For many classes, of which logistic regression would need a weight for each term: time and
    memory grow with the texts. Its similarities stand for probabilities.

    Args:
        train_texts: Training texts; both texts of a pair joined by a line break.
        train_truth: Classes. (N_train,)
        texts: The texts that judge.
        truth: Their classes. (N,)
        labels: Names, C of them.
        parts: Of cross-validation; None: all judge what was learnt from all.

    Returns:
        What `metrics.single` says, with `trained_on`, the texts learnt from.
    """
    whole = [(np.arange(len(train_texts)), np.arange(len(texts)))]
    given = (train_texts, train_truth, texts)
    probabilities = _part_by_part(_nearest, *given, classes=len(labels), parts=parts or whole)
    return _judge(truth, probabilities, labels) | {"trained_on": len(train_texts)}


def _part_by_part(
    rule: Callable[[Sequence[str], NDArray[Any], Sequence[str], int], Floats],
    train_texts: Sequence[str],
    train_truth: NDArray[Any],
    texts: Sequence[str],
    *,
    classes: int,
    parts: Parts,
) -> Floats:
    """Return what a rule says of the texts of each part by what it learnt for it; (N, C)."""
    probabilities = np.zeros((len(texts), classes))
    for learnt, judged in parts:
        mine, own = [train_texts[row] for row in learnt], [texts[row] for row in judged]
        probabilities[judged] = rule(mine, train_truth[learnt], own, classes)
    return probabilities


def _nearest(
    train_texts: Sequence[str], train_truth: NDArray[Any], texts: Sequence[str], classes: int
) -> Floats:
    """Return likeness to the mean of each class, as shares of 1; (N, C)."""
    found = _features(train_texts, texts)
    if found is None:
        return np.tile(_shares(train_truth, classes), (len(texts), 1))
    features, judged = found
    count = len(train_texts)
    of_class = sparse.csr_array(
        (np.ones(count), (train_truth, np.arange(count))), shape=(classes, count)
    )
    means = normalize(of_class @ features)  # (C, terms) sparse
    likeness = np.asarray((judged @ means.T).todense()) + 1.0 / classes  # (N, C)
    shares: Floats = likeness / likeness.sum(axis=1, keepdims=True)
    return shares


def _features(learnt: Sequence[str], texts: Sequence[str]) -> tuple[Any, Any] | None:
    """Return the features of both, (texts, terms) sparse each; None where there is no word."""
    if not len(texts) or not any(text[:MOST_CHARACTERS].strip() for text in learnt):
        return None
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        max_features=MOST_TERMS,
        token_pattern=r"\w+|[^\w\s]",  # marks count as words, and every text has one
        dtype=np.float64,
    )
    first, second = ([text[:MOST_CHARACTERS] for text in part] for part in (learnt, texts))
    return vectorizer.fit_transform(first), vectorizer.transform(second)


def _fit_single(features: object, truth: NDArray[np.generic], judged: Any, classes: int) -> Floats:
    probabilities = np.zeros((judged.shape[0], classes))
    present = np.unique(truth)
    if len(present) < 2:
        probabilities[:, present] = 1.0
    else:
        probabilities[:, present] = _fit(
            LogisticRegression(C=STRENGTH, tol=1e-3), features, truth, judged
        )
    return probabilities


def _fit_label(features: Any, truth: Floats, judged: Any) -> Floats:
    scored = np.flatnonzero(~np.isnan(truth))
    known = truth[scored]
    if len(np.unique(known)) < 2:
        return np.full(judged.shape[0], float(known.mean()) if len(known) else 0.0)
    model = LogisticRegression(C=STRENGTH, tol=1e-3)
    return _fit(model, features[scored], known.astype(np.int64), judged)[:, 1]


def _fit(
    model: LogisticRegression, features: object, truth: NDArray[np.generic], judged: object
) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline need not be finished
        warnings.simplefilter("ignore", UserWarning)  # nor does it matter that classes are many
        model.fit(features, truth)
    probabilities: Floats = model.predict_proba(judged)
    return probabilities


def _judge(truth: NDArray[Any], probabilities: Floats, labels: Sequence[str]) -> Report:
    if truth.ndim == 1:
        return metrics.single(truth, probabilities, probabilities.argmax(axis=1), labels)
    return metrics.multi(truth, probabilities, (probabilities >= 0.5).astype(np.int64), labels)
