"""What a model says of texts, part by part, becomes Scores: probabilities and decisions."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.errors import NumericsError
from textune.evaluation import applying
from textune.records import PASSAGES, Scores
from textune.tasks.interface import Task
from textune.text.ragged import Targets, ranges
from textune.text.store import Store

Floats = NDArray[np.float32]
Part = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Places among the rows asked for, and the logits of their items, (I, C), in this order."""


@runtime_checkable
class Windowed(Protocol):
    """What computes without torch, window by window: an encoder with its head."""

    def window(self, ids: NDArray[np.int32], first: int, asked: NDArray[np.int32]) -> Floats:
        """Compute the logits of a window, (1, C), or of the tokens `asked` in it, (M, C).

        The first so many of its ids lie in the first segment.
        """

    def join(self, logits: Floats, of: NDArray[np.integer[Any]], count: int) -> Floats:
        """Pool the logits of each item over windows; (R, C) and (R,) items → (I, C)."""


@runtime_checkable
class Batched(Windowed, Protocol):
    """The same, of many windows at once."""

    def computed(self, store: Store, windows: NDArray[np.int64]) -> list[Floats]:
        """Compute what `window` does of windows of a store, in their order."""


def scores(
    parts: Iterable[Part],
    task: Task,
    store: Store,
    rows: NDArray[np.int64],
    *,
    decision: Decision,
    targets: Targets | None = None,
) -> Scores:
    """Put logits into the order of the texts, and decide.

    Args:
        parts: Every place once.
        task: Turns logits into probabilities and decisions.
        store: Token ids.
        rows: (N,) which texts.
        decision: The model's own, or another.
        targets: Of every text in the store; None when unknown.

    Raises:
        NumericsError: An answer is no number.
    """
    has_items = store.shape.asks != "texts"
    width = 2 if store.shape.asks == PASSAGES else len(task.labels)
    logits, borders = in_order(parts, store, rows, width=width)
    of = borders if has_items else None
    none = np.empty(0)
    found = Scores(
        logits=logits,
        probabilities=none,
        decisions=none,
        truth=None if targets is None else targets[rows],
        borders=of,
        spans=_spans(store, rows) if has_items else None,
        fulls=store.fulls[rows],
    )
    return applying.decided(task, found, decision)


def in_order(
    parts: Iterable[Part], store: Store, rows: NDArray[np.int64], *, width: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Put what is said of items into the order of the texts.

    Returns:
        (I, width), NaN for what no window shows, and the items of each text, (N + 1,).

    Raises:
        NumericsError: An answer is no number.
    """
    has_items = store.shape.asks != "texts"
    sizes = np.diff(store.item_borders)[rows] if has_items else np.ones(len(rows), dtype=np.int64)
    borders = np.concatenate([[0], np.cumsum(sizes)])  # (N + 1,)
    found = np.full((int(borders[-1]), width), np.nan, dtype=np.float32)
    for places, part in parts:
        found[ranges(borders[places], borders[places + 1])] = part
    _refuse_not_finite(found, borders, asks=store.shape.asks)
    return found, borders


def parts(encoder: Windowed, store: Store, rows: NDArray[np.int64]) -> Iterator[Part]:
    """Let an encoder that needs no torch answer, many windows at once where it can."""
    if not isinstance(encoder, Batched):
        yield from one_by_one(encoder, store, rows)
        return
    windows = ranges(store.starts[rows], store.starts[rows + 1])
    found = dict(zip(windows.tolist(), encoder.computed(store, windows), strict=True))
    yield from _joined(encoder, store, rows, found.__getitem__)


def one_by_one(encoder: Windowed, store: Store, rows: NDArray[np.int64]) -> Iterator[Part]:
    """Let an encoder answer text after text, window after window."""

    def answer(window: int) -> Floats:
        asked = store.asked[store.asked_borders[window] : store.asked_borders[window + 1]]
        return encoder.window(store.window(window), int(store.first_sizes[window]), asked)

    return _joined(encoder, store, rows, answer)


def _joined(
    encoder: Windowed, store: Store, rows: NDArray[np.int64], answer: Callable[[int], Floats]
) -> Iterator[Part]:
    """Make of what is said of windows what is said of texts."""
    is_whole = store.shape.asks == "texts"
    for place, row in enumerate(rows.tolist()):
        answers, items = [], []
        for window in range(int(store.starts[row]), int(store.starts[row + 1])):
            first, end = store.asked_borders[window : window + 2]
            answers.append(answer(window))
            items.append(np.zeros(1, dtype=np.int32) if is_whole else store.items[first:end])
        count = 1 if is_whole else int(store.item_borders[row + 1] - store.item_borders[row])
        found = np.concatenate(answers)  # (R, C)
        if len(answers) > 1 or not is_whole:
            found = encoder.join(found, np.concatenate(items), count)  # (I, C)
        yield np.asarray([place]), found


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
    if asks == PASSAGES and not is_lost.all():  # a long question may leave no room for a passage
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
    return store.spans[ranges(store.item_borders[rows], store.item_borders[rows + 1])]
