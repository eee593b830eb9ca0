"""A model and a store become Scores: every text once, in the order of the store."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from textune.errors import NumericsError
from textune.kernels import threads
from textune.records import Batch, Decision, Items, Scores
from textune.tasks.interface import Task
from textune.text import batches, plan
from textune.text.ragged import Targets
from textune.text.store import Store

# Tokens at once: on a CPU more are no faster and need more memory; a card wants many.
BUDGETS = {"cpu": 1024, "cuda": 65536, "mps": 8192}


class Scorer(Protocol):
    """What computes logits: an encoder with its head."""

    packed: bool
    training: bool

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Return logits."""

    def join(self, answers: torch.Tensor, items: Items) -> torch.Tensor:
        """Return one answer for each item of what was said of windows."""

    def train(self, mode: bool = True) -> object:
        """Drop, or do not."""


def score(
    encoder: Scorer,
    task: Task,
    store: Store,
    rows: NDArray[np.int64],
    *,
    decision: Decision,
    targets: Targets | None = None,
    micro_tokens: int | None = None,
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

    Raises:
        NumericsError: An answer is no number.
    """
    has_items = store.shape.asks != "texts"
    sizes = np.diff(store.item_borders)[rows] if has_items else np.ones(len(rows), dtype=np.int64)
    borders = np.concatenate([[0], np.cumsum(sizes)])  # (N + 1,)
    width = 2 if store.shape.asks == "answers" else len(task.labels)
    logits = np.full((int(borders[-1]), width), np.nan, dtype=np.float32)
    budget = BUDGETS.get(encoder.device.type, BUDGETS["cpu"])
    most = min(budget, micro_tokens or budget)
    with threads.shared():
        for places, part in _logits(encoder, store, rows, most):
            logits[batches.ranges(borders[places], borders[places + 1])] = part
    _refuse_not_finite(logits, borders, asks=store.shape.asks)
    parts = borders if has_items else None
    probabilities = task.probabilities(logits, parts)
    return Scores(
        logits=logits,
        probabilities=probabilities,
        decisions=task.decide(probabilities, decision, parts),
        truth=None if targets is None else targets[rows],
        borders=parts,
        spans=None if not has_items else _spans(store, rows),
        fulls=store.fulls[rows],
    )


def _refuse_not_finite(
    logits: NDArray[np.float32], borders: NDArray[np.int64], *, asks: str
) -> None:
    """Refuse answers that are NaN or infinite; an item that no window shows is NaN by itself.

    Args:
        logits: (I, C).
        borders: (N + 1,) items of each text.
        asks: What the head is asked about.
    """
    shown = np.concatenate([[0], np.cumsum(np.isfinite(logits).all(axis=1))])  # (I + 1,)
    is_lost = (np.diff(shown[borders]) == 0) & (np.diff(borders) > 0)  # (N,)
    if asks == "answers" and not is_lost.all():  # a long question may leave no room for a passage
        is_lost[:] = False
    places = np.flatnonzero(np.isinf(logits).any(axis=1))
    if len(places):
        is_lost[np.searchsorted(borders, places, side="right") - 1] = True
    if is_lost.any():
        raise NumericsError(
            f"the model answers with NaN or infinity for {int(is_lost.sum()):,} of "
            f"{len(is_lost):,} texts, the first of them text {int(is_lost.argmax()) + 1:,}: its "
            f"weights are damaged, or too large for its number format; try --precision fp32"
        )


def _spans(store: Store, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    taken = batches.ranges(store.item_borders[rows], store.item_borders[rows + 1])
    return store.spans[taken]


@torch.inference_mode()
def _logits(
    encoder: Scorer, store: Store, rows: NDArray[np.int64], micro_tokens: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    was_training = encoder.training
    encoder.train(False)
    order = plan.in_order(store.lengths[rows], micro_tokens=micro_tokens, padded=not encoder.packed)
    for places in threads.over(order):
        batch = batches.pack(store, rows[places], device=encoder.device)
        yield places, _answers(encoder, batch, micro_tokens).float().cpu().numpy()
    encoder.train(was_training)


def _answers(encoder: Scorer, batch: Batch, micro_tokens: int) -> torch.Tensor:
    """Compute a batch; where one text has too many windows, a few of them at a time."""
    parts = batches.windows(batch, micro_tokens)
    if len(parts) == 1 or batch.items is None:
        return encoder(batch)
    return encoder.join(torch.cat([encoder(part) for part in threads.over(parts)]), batch.items)
