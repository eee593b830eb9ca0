"""Counts of weights and tokens become how often the texts can be learned from, all folds counted.

Decided without a clock, so that the same command makes the same model.
"""

import math
from typing import Protocol

from textune.corpora.corpus import Corpus

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
