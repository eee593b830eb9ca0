"""Counts of weights and tokens become how often the texts can be learned from, all folds counted.

Decided without a clock, so that the same command makes the same model.
"""

import math
from typing import Protocol

from textune.corpora.corpus import Corpus

FEW = 200  # texts; of fewer each fold's head has a strength of its own
FOLDS = 5
SCARCE = 100  # texts; of fewer what learns from four fifths is clearly worse than what all teach
SCARCE_FOLDS = 8  # of them
HEAD_FOLDS = 10  # of few texts, where a linear head is all
FEWEST = 3  # folds
ENOUGH = 600  # texts, from which on so few folds learn from enough of them, and judge by enough
BUDGET, EACH = 3e11, 4.3e9  # weights of the layers times tokens, and of each text, that all
# trainings together should take: some ten seconds of two cores, and a seventh of one a text
OF_WORDS = 3  # times as many passes for tags, in the fewest folds: few texts teach little of words
FEWEST_PASSES, PART = 4, 3  # that are left where that is too little, and the part of the recipe's


class Layers(Protocol):
    """How large the layers of an encoder are: its configuration says it."""

    @property
    def num_hidden_layers(self) -> int:
        """Return how many there are."""

    @property
    def hidden_size(self) -> int:
        """Return the width of their states."""


def most_passes(corpus: Corpus, config: Layers) -> float:
    """Say how often all texts can be learned from in all trainings together.

    In cross-validation by k folds each text is learned from k - 1 times, and then once more.
    """
    rows = corpus.split.train
    layers = 12 * config.num_hidden_layers * config.hidden_size**2  # weights of them, about
    tokens = int(corpus.store.lengths[rows].sum())
    return float((BUDGET + EACH * len(rows)) / (layers * max(tokens, 1)))


def affordable(passes: int, corpus: Corpus, config: Layers) -> int:
    """Return as many passes over the texts as cross-validation leaves time for.

    Args:
        passes: Of the recipe; at least a third of them is left, and four.
        corpus: Without validation texts.
        config: Of the encoder.
    """
    times = OF_WORDS if corpus.task.asks == "words" else 1
    most = int(times * most_passes(corpus, config) / FEWEST)
    least = min(passes, max(FEWEST_PASSES, math.ceil(passes / PART)))
    return min(passes, max(most, least))


def folds(passes: int, corpus: Corpus, config: Layers) -> int:
    """Return into how many folds fine-tuning can afford to part the texts.

    Args:
        passes: Over the texts, of each fine-tuning.
        corpus: Without validation texts.
        config: Of the encoder.
    """
    count = len(corpus.split.train)
    if count >= ENOUGH:
        return FEWEST
    most = most_passes(corpus, config)
    counts = range(SCARCE_FOLDS if count < SCARCE else FOLDS, FEWEST, -1)
    return next((count for count in counts if count * passes <= most), FEWEST)


def folds_of_heads(passes: int, corpus: Corpus, config: Layers, *, tunes: bool) -> int:
    """Return into how many folds heads of the frozen encoder part the texts.

    Args:
        passes: As in `folds`.
        corpus: Without validation texts.
        config: Of the encoder.
        tunes: Whether it is fine-tuned as well: of few texts in as many folds, so that both learn
            from as many texts.
    """
    if not tunes:
        return HEAD_FOLDS if len(corpus.split.train) < FEW else FOLDS
    return max(FOLDS, folds(passes, corpus, config))
