"""Answers found in passages become exact match and F1, as the official SQuAD script defines them.

Texts are compared lower-cased, without ASCII punctuation, without the articles a, an and the, and
with single spaces (Rajpurkar et al. 2016). Version 2.0 (Rajpurkar, Jia and Liang 2018) adds
questions without an answer: there the empty answer counts 1 and any other 0. All of it holds for
files of version 1.1 too; the scripts differ only in references that are nothing but punctuation
and articles, which 2.0, and so this file, leaves out.

Both numbers are shares in [0, 1], like all of textune's; the official script prints percents.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.metrics import catalogue, plausible
from textune.metrics.intervals import Interval, held, resample, wilson
from textune.metrics.metrics import Floats, Report

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
MARGIN = 1.0
"""How far a threshold stays beyond the outermost score where all or none are to be answered."""


def normalise(text: str) -> str:
    """Reduce an answer to what is compared.

    Example:
        >>> normalise("The  Beatles' (first) album")
        'beatles first album'
    """
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact(found: str, references: Sequence[str]) -> float:
    """Say whether an answer equals one of the references: 1.0 or 0.0.

    Args:
        found: The answer given; "" where none was.
        references: The right ones; none where the passage has no answer.
    """
    return float(normalise(found) in _comparable(references))


def overlap_f1(found: str, references: Sequence[str]) -> float:
    """Give the F1 of the words that an answer shares with the reference that suits it best.

    Args:
        found: The answer given; "" where none was.
        references: The right ones; none where the passage has no answer.

    Example:
        >>> round(overlap_f1("in the summer of 1969", ["summer 1969", "July 1969"]), 3)
        0.667
    """
    words = normalise(found).split()
    return max(_shared(words, reference.split()) for reference in _comparable(references))


def judge(found: Sequence[str], references: Sequence[Sequence[str]]) -> Report:
    """Judge the answers to all questions.

    Args:
        found: The answer to each question, "" for "there is none". (N,)
        references: The right answers to each question, of which none may be. (N,)

    Returns:
        `n` questions, `exact_match` and `f1` (shares in [0, 1]), and `undefined`. Where some
        question has no answer, also `has_answer` and `no_answer`: the same three of each kind.

    Raises:
        ValueError: The numbers of answers and of references disagree.
    """
    exacts, f1s = _scores(found, references)  # (N,) each
    answerable = np.array([bool(right) for right in references], dtype=bool)  # (N,)
    report = _summary(exacts, f1s)
    why = {} if len(found) else dict.fromkeys(("exact_match", "f1"), "there is no question")
    if answerable.all():
        return report | {"undefined": why}
    for kind, rows in zip(catalogue.QUESTIONS, (answerable, ~answerable), strict=True):
        report[kind] = _summary(exacts[rows], f1s[rows])
        if not rows.any():
            why |= dict.fromkeys(
                (f"{kind}.exact_match", f"{kind}.f1"), "no question of this split is of this kind"
            )
    return report | {"undefined": why}


def intervals(
    found: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Give the intervals of `exact_match` (Wilson 1927) and `f1` (`plausible`).

    Args:
        found: The answer to each question. (N,)
        references: The right answers to each question. (N,)
        confidence: How often such intervals hold the number of the whole population.
        seed: Selects the resamples.

    Returns:
        The name of a metric and its lower and upper bound; nothing where there is no question.

    Raises:
        ValueError: The numbers of answers and of references disagree.
    """
    exacts, f1s = _scores(found, references)  # (N,) each
    if not len(exacts):
        return {}
    distinct, counts = np.unique(f1s, return_counts=True)  # (K,) each
    rng = np.random.default_rng(seed)
    draws = resample(counts, rng)  # (1 + R, K)
    gained = np.asarray([f1s.sum()])
    more = plausible.unseen(gained, len(f1s) - gained, len(draws), rng)
    right = (draws @ distinct)[:, None] + more.right
    means = {"f1": (right / (len(f1s) + more.right + more.missed + more.wrong))[:, 0].clip(0, 1)}
    share = wilson(int(exacts.sum()), len(exacts), confidence=confidence)
    return {"exact_match": share} | held(means, confidence)


def drawn(
    found: Sequence[str], references: Sequence[Sequence[str]], draws: Floats
) -> dict[str, Floats]:
    """Compute exact match and F1 of questions drawn again: (R, N) → (R,) each."""
    exacts, f1s = _scores(found, references)
    count = draws.sum(axis=1)
    return {"f1": draws @ f1s / count, "exact_match": draws @ exacts / count}


def best_threshold(
    scores: Floats, f1: Floats, has_answer: NDArray[np.bool_]
) -> tuple[float, float]:
    """Find the score above which a question is best left without an answer.

    The sweep of the official script for version 2.0: questions are answered in the order of their
    scores, and the F1 after each decides, the first of equals winning. Unlike there, questions of
    equal score are answered together, since no threshold can part them; and the threshold lies
    halfway to the next score, so that rounding does not change what was chosen.

    Args:
        scores: How much rather no answer than the best span, on any scale. (N,)
        f1: What each question scores if it is answered: 0 for a span where there is no answer. (N,)
        has_answer: Whether the passage has an answer. (N,)

    Returns:
        The threshold, and the F1 (a share) of giving no answer where the score is above it.

    Raises:
        ValueError: There is no question, the lengths disagree, or a number is not finite.

    Example:
        >>> scores, f1 = np.array([-2.0, 1.0, 3.0]), np.array([1.0, 0.5, 0.0])
        >>> best_threshold(scores, f1, np.array([True, True, False]))
        (2.0, 0.8333333333333334)
    """
    scores, f1 = (np.asarray(column, dtype=np.float64) for column in (scores, f1))
    unanswerable = ~np.asarray(has_answer, dtype=bool)
    if not scores.shape == f1.shape == unanswerable.shape == (len(scores),) or not len(scores):
        shapes = f"{scores.shape}, {f1.shape} and {unanswerable.shape}"
        raise ValueError(f"expected (N,) three times with N above 0, got {shapes}")
    if not (np.isfinite(scores).all() and np.isfinite(f1).all()):
        raise ValueError("a score or an F1 is not finite")
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    gains = (f1 - unanswerable)[order]  # (N,) of answering
    sums = np.cumsum([float(unanswerable.sum()), *gains])  # (N + 1,) after answering so many
    parted = [True, *(ranked[1:] > ranked[:-1]), True]
    best = int(np.argmax(np.where(parted, sums, -np.inf)))
    return _between(ranked, best), float(sums[best] / len(scores))


def _between(ranked: Floats, answered: int) -> float:
    """Give a threshold that so many of the ascending scores do not exceed."""
    if answered == 0:
        return float(min(ranked[0] - MARGIN, np.nextafter(ranked[0], -np.inf)))
    if answered == len(ranked):
        return float(ranked[-1] + MARGIN)
    low, high = float(ranked[answered - 1]), float(ranked[answered])
    middle = low / 2 + high / 2
    return middle if low <= middle < high else low


def _comparable(references: Sequence[str]) -> list[str]:
    """Give what an answer may equal: the empty answer where no reference is left."""
    return [text for text in map(normalise, references) if text] or [""]


def _shared(words: Sequence[str], reference: Sequence[str]) -> float:
    if not words or not reference:
        return float(words == reference)
    common = (Counter(words) & Counter(reference)).total()
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(reference)
    return 2 * precision * recall / (precision + recall)


def _scores(found: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[Floats, Floats]:
    if len(found) != len(references):
        raise ValueError(f"{len(found)} answers for {len(references)} questions")
    pairs = list(zip(found, references, strict=True))
    exacts = np.array([exact(text, right) for text, right in pairs], dtype=np.float64)
    return exacts, np.array([overlap_f1(text, right) for text, right in pairs], dtype=np.float64)


def _summary(exacts: Floats, f1s: Floats) -> Report:
    some = bool(len(exacts))
    return {
        "n": len(exacts),
        "exact_match": float(exacts.mean()) if some else None,
        "f1": float(f1s.mean()) if some else None,
    }
