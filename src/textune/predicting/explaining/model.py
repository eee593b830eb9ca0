"""A finished model, and how texts are asked of it: what an explanation needs of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.evaluation import answered
from textune.evaluation.answered import Windowed
from textune.records import PASSAGES, Scores, Shape
from textune.tasks.interface import Task
from textune.text.store import Store
from textune.text.tokenizers import Tokenizer

if TYPE_CHECKING:
    from textune.evaluation.evaluate import Scorer

MOST_TOKENS = 65_536  # of copies that are held at once


@dataclass(frozen=True, slots=True)
class Model:
    """An encoder with its head, its task, and the rule by which it decides."""

    task: Task
    tokenizer: Tokenizer
    shape: Shape
    decision: Decision
    encoder: "Callable[[], Scorer | Windowed]"  # loads it once it is needed

    def logits(self, store: Store) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Compute the logits of all texts of a store, (I, C), and the items of each, (N + 1,)."""
        rows, encoder = np.arange(len(store)), self.encoder()
        width = 2 if store.shape.asks == PASSAGES else len(self.task.labels)
        if isinstance(encoder, Windowed):
            parts = answered.parts(encoder, store, rows)
            return answered.in_order(parts, store, rows, width=width)
        from textune.evaluation import evaluate  # with torch, which takes a second to import
        from textune.fast import threads

        with threads.shared():
            parts = evaluate.logits(encoder, store, rows)
            return answered.in_order(parts, store, rows, width=width)

    def scores(self, store: Store) -> Scores:
        """Compute logits, probabilities and decisions of all texts of a store."""
        logits, _ = self.logits(store)
        parts = [(np.arange(len(store)), logits)]
        return answered.scores(
            parts, self.task, store, np.arange(len(store)), decision=self.decision
        )


def in_chunks(sizes: Sequence[int], *, most: int = MOST_TOKENS) -> list[range]:
    """Part things into neighbours of no more tokens together, unless one of them has more.

    Example:
        >>> in_chunks([3, 4, 5], most=8)
        [range(0, 2), range(2, 3)]
    """
    found: list[range] = []
    first, held = 0, 0
    for place, size in enumerate(sizes):
        if place > first and held + size > most:
            found.append(range(first, place))
            first, held = place, 0
        held += size
    return [*found, range(first, len(sizes))] if sizes else []
