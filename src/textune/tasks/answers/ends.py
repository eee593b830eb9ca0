"""Probabilities of both ends become spans of a passage; item 0 stands for none."""

import itertools
import re
import unicodedata
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textune.data.words import UNSPACED
from textune.tasks.interface import Borders

Floats = NDArray[np.float64]
WORD = re.compile(r"\w+")
HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]")
JOINERS = "\u200c\u200d"
SENTENCE = re.compile(r"[^.!?]+[.!?]*\s*")


def ranges(borders: Borders, count: int) -> Iterator[tuple[int, int]]:
    """Yield the items of each text, from first up to end."""
    found = [0, count] if borders is None else borders.tolist()
    yield from itertools.pairwise(found)


def softmax(logits: Floats) -> Floats:
    """Give probabilities over the items, each column for itself; (n, 2) → (n, 2).

    A column that is -inf throughout stays 0.
    """
    top = logits.max(axis=0, initial=-np.inf)
    parts = np.exp(logits - np.where(np.isfinite(top), top, 0.0))
    sums = parts.sum(axis=0)
    return np.asarray(parts / np.where(sums > 0, sums, 1.0), dtype=np.float64)


def likeliest(
    probabilities: Floats, *, longest: int, count: int
) -> tuple[NDArray[np.int64], Floats, float]:
    """Find the likeliest spans among those that can be.

    The product of both ends' probabilities is divided by its sum over all spans of at most
    `longest` items, and over none: what can be has the probability 1 together.

    Args:
        probabilities: (n, 2) of each item to be the first, and the last; item 0 is none.
        longest: Items of a span, at most.
        count: Spans wanted.

    Returns:
        (k, 2) first and last item, likeliest first; (k,) their probabilities; that of none.
    """
    first, last = probabilities[1:, 0], probabilities[1:, 1]
    none = float(probabilities[0, 0] * probabilities[0, 1]) if len(probabilities) else 0.0
    width = min(longest, len(first))
    padded = np.concatenate([last, np.zeros(max(width - 1, 0))])
    ahead = sliding_window_view(padded, width) if width else np.zeros((0, 1))  # (n - 1, width)
    total = float((first * ahead.sum(axis=1)).sum()) + none
    if total <= 0:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0), none
    heads = np.argsort(-first * ahead.max(axis=1), kind="stable")[:count]  # the others are beaten
    chances = (first[heads, None] * ahead[heads]).ravel()
    best = np.argsort(-chances, kind="stable")[:count]
    best = best[chances[best] > 0]
    row, more = np.divmod(best, max(width, 1))
    places = np.stack([heads[row] + 1, heads[row] + more + 1], axis=1).astype(np.int64)
    return places, chances[best] / total, none / total


def whole_words(passage: str, start: int, end: int) -> tuple[int, int]:
    """Extend a stretch of a passage to whole words, and leave out white space at its ends.

    A word is a run of letters, digits and underscores with the marks on them. Scripts without
    spaces have no such runs, and Korean none that an answer would fill: a noun and its particle
    are written as one.

    Example:
        >>> whole_words("in Amazonia, 1973-74", 5, 10)
        (3, 11)
    """
    stretch = passage[start:end]
    start += len(stretch) - len(stretch.lstrip())
    end = max(start, end - (len(stretch) - len(stretch.rstrip())))
    while start < end and start > 0 and _joins(passage[start - 1]) and _joins(passage[start]):
        start -= 1
    while start < end < len(passage) and _joins(passage[end - 1]) and _joins(passage[end]):
        end += 1
    return start, end


def nearest_sentence(question: str, passage: str) -> str:
    """Return the sentence of a passage that shares most words with a question: a baseline."""
    asked = set(WORD.findall(question.lower()))
    sentences = SENTENCE.findall(passage) or [passage]
    shared = [len(asked & set(WORD.findall(sentence.lower()))) for sentence in sentences]
    return str(sentences[int(np.argmax(shared))]).strip()


def _joins(sign: str) -> bool:
    """Tell whether a sign is one word with a like one beside it."""
    if sign.isascii():
        return sign.isalnum() or sign == "_"
    if UNSPACED.match(sign) or HANGUL.match(sign):
        return False
    return sign.isalnum() or sign in JOINERS or unicodedata.category(sign)[0] == "M"
