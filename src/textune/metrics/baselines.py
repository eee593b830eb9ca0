"""Training labels become what simple models would have scored on the texts that judge ours."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textune.metrics import logistic, metrics, terms
from textune.metrics.metrics import Floats, Parts, Report

Judge = Callable[[Floats], Report]  # of the probabilities of the texts that judge, (N, C)
MOST_TEXTS = 20_000
STRENGTH = 10.0
"""Inverse of the regularisation. At scikit-learn's 1.0 rare labels are hardly ever predicted, and a
baseline that is easy to beat flatters the model."""
TOLERANCE = 1e-3
"""Of the slope at which a fit ends: many more steps change no decision."""
MOST_REGRESSED = 200
"""Classes up to which a weight for each class and term is fitted."""
MOST_WORK = 1_000_000
"""Texts times labels: with many labels, fewer texts are learnt from."""


def majority(
    train_truth: NDArray[np.generic],
    truth: NDArray[np.generic],
    labels: Sequence[str],
    *,
    judge: Judge | None = None,
) -> Report:
    """Judge a model that knows only how frequent each label is in the training part.

    In cross-validation, too, it is one rule, of all texts: shares that differ a little from fold to
    fold would rank texts by their folds, against the truth.

    Args:
        train_truth: Classes (N_train,), or zeros, ones and NaN (N_train, C).
        truth: The same of the texts that judge. (N,) or (N, C)
        labels: Names, C of them.
        judge: Makes a report of probabilities; None: as is usual for one label or several.

    Returns:
        What `metrics.single` or `metrics.multi` says, with `trained_on`, the texts learnt from.
    """
    probabilities = np.tile(_shares(train_truth, len(labels)), (len(truth), 1))
    found = _judge(truth, probabilities, labels) if judge is None else judge(probabilities)
    return found | {"trained_on": len(train_truth)}


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
    judge: Judge | None = None,
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
        judge: As for `majority`.

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
    found = _judge(truth, probabilities, labels) if judge is None else judge(probabilities)
    return found | {"trained_on": learnt}


def _tfidf(learnt: Any, train_truth: NDArray[Any], judged: Any, classes: int) -> Floats:
    """Return the probabilities of logistic regression on (texts, terms) each; (N, C)."""
    learnt, judged = terms.folded(learnt, judged)
    if train_truth.ndim == 1:
        return _fit_single(learnt, train_truth, judged, classes)
    return _fit_labels(learnt, train_truth, judged)


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
    rule: Callable[[Any, NDArray[Any], Any, int], Floats],
    train_texts: Sequence[str],
    train_truth: NDArray[Any],
    texts: Sequence[str],
    *,
    classes: int,
    parts: Parts,
) -> Floats:
    """Return what a rule says of the texts of each part by what it learnt for it; (N, C).

    Where there is no word to learn from, it is how frequent labels are.
    """
    places: dict[str, int] = {}
    first, second = (
        np.asarray([places.setdefault(text, len(places)) for text in each], dtype=np.int64)
        for each in (train_texts, texts)
    )
    counted = terms.counts(list(places))
    probabilities = np.zeros((len(texts), classes))
    for learnt, judged in parts:
        truth = train_truth[learnt]
        found = terms.weigh(counted, first[learnt], second[judged])
        if found is None:
            probabilities[judged] = _shares(train_truth, classes)
        else:
            probabilities[judged] = rule(found[0], truth, found[1], classes)
    return probabilities


def _nearest(learnt: Any, train_truth: NDArray[Any], judged: Any, classes: int) -> Floats:
    """Return likeness to the mean of each class, as shares of 1; (N, C)."""
    count = len(train_truth)
    of_class = sparse.csr_array(
        (np.ones(count), (train_truth, np.arange(count))), shape=(classes, count)
    )
    sums = of_class @ learnt  # (C, terms) sparse
    lengths = np.sqrt(sums.power(2).sum(axis=1))
    products = np.asarray((judged @ sums.T).todense()) / np.where(lengths, lengths, 1)
    likeness = products + 1.0 / classes  # (N, C)
    shares: Floats = likeness / likeness.sum(axis=1, keepdims=True)
    return shares


def _fit_single(features: Any, truth: NDArray[Any], judged: Any, classes: int) -> Floats:
    found = np.zeros((judged.shape[0], classes))
    present = np.unique(truth)
    is_of = (truth[:, None] == present).astype(np.float64)  # (N, P)
    if len(present) < 2:
        found[:, present] = 1.0
    elif len(present) == 2:
        of_second = _fit(features, is_of[:, 1:], judged, exclusive=False)
        found[:, present] = np.concatenate([1 - of_second, of_second], axis=1)
    else:
        found[:, present] = _fit(features, is_of, judged, exclusive=True)
    return found


def _fit_labels(features: Any, truth: Floats, judged: Any) -> Floats:
    is_scored = ~np.isnan(truth)
    wanted = np.where(is_scored, truth, 0.0)
    yes, most = wanted.sum(axis=0), is_scored.sum(axis=0)
    found = np.tile(yes / most.clip(1), (judged.shape[0], 1))
    fitted = np.flatnonzero((yes > 0) & (yes < most))
    if len(fitted):
        found[:, fitted] = _fit(
            features, wanted[:, fitted], judged, exclusive=False, weights=is_scored[:, fitted]
        )
    return found


def _fit(
    features: Any, truth: Floats, judged: Any, *, exclusive: bool, weights: Any = None
) -> Floats:
    given = np.ones((len(truth), 1)) if weights is None else weights.astype(np.float64)
    layer = logistic.fit(
        features, truth, given, strength=STRENGTH, exclusive=exclusive, tolerance=TOLERANCE
    )
    return logistic.chances(judged, layer, exclusive=exclusive)


def _judge(truth: NDArray[Any], probabilities: Floats, labels: Sequence[str]) -> Report:
    if truth.ndim == 1:
        return metrics.single(truth, probabilities, probabilities.argmax(axis=1), labels)
    return metrics.multi(truth, probabilities, (probabilities >= 0.5).astype(np.int64), labels)
