"""A model and a store become Scores: every text once, in the order of the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.evaluation import answered, halving
from textune.fast import threads
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Items, Scores
from textune.tasks.interface import Task
from textune.text import batches, plan
from textune.text.ragged import Targets
from textune.text.store import Store

# Tokens at once: on a CPU more are no faster and need more memory; a card wants many.
BUDGETS = {"cpu": 1024, "cuda": 65536, "mps": 8192}


class Mode(Protocol):
    """What drops while it is trained, and only then."""

    training: bool

    def train(self, mode: bool = True) -> object:
        """Drop, or do not."""


class Scorer(Mode, Protocol):
    """What computes logits: an encoder with its head."""

    packed: bool

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Return logits."""

    def join(self, answers: torch.Tensor, items: Items) -> torch.Tensor:
        """Return one answer for each item of what was said of windows."""


def score(
    encoder: Scorer,
    task: Task,
    store: Store,
    rows: NDArray[np.int64],
    *,
    decision: Decision,
    targets: Targets | None = None,
    micro_tokens: int | None = None,
    batch_size: int | None = None,
    ranks: Ranks = ALONE,
) -> Scores:
    """Compute logits, probabilities and decisions for some texts.

    Args:
        encoder: Computes in its own number format, without dropout.
        task: Turns logits into probabilities and decisions.
        store: Token ids.
        rows: (N,) which texts.
        decision: The model's own, or another.
        targets: Of every text in the store; None when unknown.
        micro_tokens: Most tokens computed at once, if fewer than is usual for the device.
        batch_size: Most texts computed at once; None: as many as the tokens allow.
        ranks: Processes that compute a share each, this one of them the first; see `assist`.

    Raises:
        NumericsError: An answer is no number.
    """
    with threads.shared():
        sizes = {"micro_tokens": micro_tokens, "batch_size": batch_size}
        parts = ranks.gather(logits(encoder, store, rows, **sizes, ranks=ranks))
        return answered.scores(parts, task, store, rows, decision=decision, targets=targets)


def assist(
    encoder: Scorer,
    store: Store,
    rows: NDArray[np.int64],
    *,
    micro_tokens: int | None = None,
    ranks: Ranks,
) -> None:
    """Compute this process's share of what the first one scores, and send it there."""
    with threads.shared():
        parts = logits(encoder, store, rows, micro_tokens=micro_tokens, ranks=ranks)
        for _ in ranks.gather(parts):
            raise AssertionError("only the first process has answers")


@contextmanager
def without_dropout(encoder: Mode) -> Iterator[None]:
    """Let an encoder answer as it is meant to, and leave it in the mode in which it was."""
    parts = list(encoder.modules()) if isinstance(encoder, torch.nn.Module) else []
    was_training = encoder.training
    if parts and not any(part.training for part in parts):  # of a few texts a mode takes its time
        yield
        return
    encoder.train(False)
    assert not any(part.training for part in parts), "a part of the encoder would drop"
    try:
        yield
    finally:
        encoder.train(was_training)


@torch.inference_mode()
def logits(
    encoder: Scorer,
    store: Store,
    rows: NDArray[np.int64],
    *,
    micro_tokens: int | None = None,
    batch_size: int | None = None,
    ranks: Ranks = ALONE,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Compute logits without dropout, texts of like length together.

    Yields:
        Places in `rows`, and the logits of their items, (I, C); every place once, in one of the
        processes: what is computed together is the same with any number of them.
    """
    budget = BUDGETS.get(encoder.device.type, BUDGETS["cpu"])
    most = min(budget, micro_tokens or budget)
    lengths, padded = store.lengths[rows], not encoder.packed
    order = plan.in_order(lengths, micro_tokens=most, padded=padded, most=batch_size)
    if ranks.are_several:
        order = iter(ranks.deal(order, lengths))
    with without_dropout(encoder):
        yield from halving.over(
            threads.over(order),
            lengths,
            lambda places, fits: _of_texts(encoder, store, rows[places], min(most, fits)),
        )


def _of_texts(
    encoder: Scorer, store: Store, rows: NDArray[np.int64], micro_tokens: int
) -> NDArray[np.float32]:
    """Compute some texts together; (T,) rows → (I, C)."""
    batch = batches.pack(store, rows, device=encoder.device)
    found: NDArray[np.float32] = _answers(encoder, batch, micro_tokens).float().cpu().numpy()
    return found


def _answers(encoder: Scorer, batch: Batch, micro_tokens: int) -> torch.Tensor:
    """Compute a batch; where one text has too many windows, a few of them at a time."""
    parts = batches.windows(batch, micro_tokens)
    if len(parts) == 1 or batch.items is None:
        return encoder(batch)
    return encoder.join(torch.cat([encoder(part) for part in threads.over(parts)]), batch.items)
