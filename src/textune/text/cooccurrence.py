"""Token ids become the frequencies of pieces, and vectors of the pieces that they occur beside.

Pieces that occur beside the same others mean alike. Counted once, in seconds, this gives vectors in
which synonyms are near each other; a short pretraining alone finds out little more than which
pieces may follow each other. Positive pointwise mutual information with smoothed contexts, and its
left singular vectors, are from Levy, Goldberg and Dagan (2015), "Improving Distributional
Similarity with Lessons Learned from Word Embeddings".
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.text.tokenizers import Ids

WINDOW = 8  # pieces on each side that are counted as contexts
CONTEXTS = 2048  # the most frequent pieces: only these are counted as contexts
CELLS = 2**25  # of the table of counts, at most
TOKENS = 2**24  # that are counted, at most
CHUNK = 2**20
SMOOTH = 0.75  # power of the contexts' frequencies
RARE = 5  # a piece that occurs no more often than this gets no vector

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cooccurrence:
    """What was counted in a text; V pieces."""

    frequencies: Numbers  # (V,)
    vectors: NDArray[np.float32]  # (V, D) rows of length 1, or of zeros where nothing is known


def count(ids: Ids, spans: Numbers, special: NDArray[np.bool_], *, most: int) -> Cooccurrence:
    """Count how often pieces occur, and beside which contexts.

    Args:
        ids: (T,) pieces of a text.
        spans: (N, 2) where each passage begins and ends; those of two passages are no contexts.
        special: (V,) pieces that are no part of the text; they are not counted.
        most: Dimensions of the vectors; they have fewer where the text gives fewer.
    """
    pieces = len(special)
    rows = _some(spans)
    frequencies = occurrences(ids, rows, pieces)
    frequencies[special] = 0
    known = np.flatnonzero(frequencies > RARE)
    width = min(CONTEXTS, CELLS // pieces, len(known))
    contexts = known[np.argsort(-frequencies[known], kind="stable")[:width]]
    vectors = np.zeros((pieces, min(most, width // 2)), dtype=np.float32)
    if vectors.size:
        counts = _beside(ids, rows, contexts, pieces)[known]  # (K, C)
        vectors[known] = _directions(_information(counts), vectors.shape[1])
    return Cooccurrence(frequencies, vectors)


def occurrences(ids: Ids, spans: Numbers, pieces: int) -> Numbers:
    """Count how often each of so many pieces stands in some passages; (pieces,)."""
    counted = np.zeros(pieces, dtype=np.int64)
    for found, _ in _chunks(ids, spans):
        counted += np.bincount(found, minlength=pieces)
    return counted


def _some(spans: Numbers) -> Numbers:
    """Choose passages from all over a text that is longer than needs to be counted."""
    total = int(np.diff(spans).sum())
    if total <= TOKENS:
        return spans
    some = max(len(spans) * TOKENS // total, 1)
    return spans[np.linspace(0, len(spans) - 1, some).astype(np.int64)]


def _chunks(ids: Ids, spans: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield pieces, and beside each the number of its passage."""
    sizes = np.diff(spans)[:, 0]
    ends = np.cumsum(sizes)
    start = 0
    while start < len(spans):
        done = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, done + CHUNK, side="right")), start + 1)
        numbers = np.arange(start, stop)
        found = [ids[first:last] for first, last in spans[start:stop].tolist()]
        yield np.concatenate(found).astype(np.int64), np.repeat(numbers, sizes[start:stop])
        start = stop


def _beside(ids: Ids, spans: Numbers, contexts: Numbers, pieces: int) -> NDArray[np.float32]:
    """Count how often each piece occurs near each context; (V, C)."""
    width = len(contexts)
    columns = np.full(pieces, -1)
    columns[contexts] = np.arange(width)
    counts = np.zeros(pieces * width, dtype=np.float32)
    for found, owners in _chunks(ids, spans):
        near = columns[found]
        cells = []
        for distance in range(1, min(WINDOW, len(found) - 1) + 1):
            together = owners[distance:] == owners[:-distance]
            for piece, context in (
                (found[:-distance], near[distance:]),
                (found[distance:], near[:-distance]),
            ):
                is_context = together & (context >= 0)
                cells.append(piece[is_context] * width + context[is_context])
        if cells:
            counts += np.bincount(np.concatenate(cells), minlength=len(counts))
    return counts.reshape(pieces, width)


def _information(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the positive pointwise mutual information of pieces and contexts, (K, C)."""
    of_pieces = counts.sum(axis=1, keepdims=True)  # (K, 1)
    of_contexts = counts.sum(axis=0, keepdims=True) ** SMOOTH  # (1, C)
    expected = np.maximum(of_pieces * (of_contexts / max(of_contexts.sum(), 1e-9)), 1e-9)
    found: NDArray[np.float32] = np.log(np.maximum(counts / expected, 1.0)).astype(np.float32)
    return found


def _directions(information: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return the first left singular vectors, each row stretched to length 1; (K, size)."""
    values, axes = np.linalg.eigh((information.T @ information).astype(np.float64))
    largest = np.argsort(-values)[:size]
    scale = np.sqrt(np.maximum(values[largest], 1e-9))
    rows = information @ (axes[:, largest] / scale).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-6)
