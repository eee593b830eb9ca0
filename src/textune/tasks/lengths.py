"""Texts become a store of windows by the one policy for what is longer than the encoder reads."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from textune.records import Asks, Example, Long, Message, Pairs, Shape
from textune.tasks.answers.answer import UNKNOWN
from textune.tasks.tags.tag import UNSHOWN
from textune.text import store as stores
from textune.text.ragged import Ragged, Targets
from textune.text.store import Store
from textune.text.tokenizers import Tokenizer

LITTLE = 0.01  # share of all tokens beyond the limit up to which the beginnings are enough


def tokenize(
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    asks: Asks,
    *,
    long: Long | None,
    overlap: float,
    max_tokens: int,
    folder: str | Path | None,
    pairs: Pairs = "together",
) -> tuple[Store, list[Message]]:
    """Tokenise texts in windows, where more than a little lies beyond the limit or it was asked.

    Returns:
        The store, and what a person should know of lengths.
    """
    shape = Shape(max_tokens, long or "head", overlap, asks, pairs)
    store = stores.tokenize(examples, tokenizer, shape, folder=folder)
    has_windows = pairs == "together"  # of a text that is encoded by itself there is one
    if long is None and has_windows and _beyond(store) > (LITTLE if asks == "texts" else 0.0):
        shape = replace(shape, long="window")
        store = stores.tokenize(examples, tokenizer, shape, folder=folder)
    kept = [] if store.remark is None else [Message(store.remark, is_warning=True)]
    return store, [*kept, *_remarks(store)]


def to_items(targets: Targets, store: Store) -> Targets:
    """Turn targets in characters into targets in items, and mark those that no window shows."""
    if store.shape.asks == "texts":
        return targets
    if isinstance(targets, Ragged):
        shown = [store.shown(row) for row in range(len(store))]
        mask = np.concatenate([np.zeros(0, np.bool_), *shown])
        return replace(targets, values=np.where(mask, targets.values, UNSHOWN))
    found = np.zeros_like(targets)
    for row, (first, end) in enumerate(targets.tolist()):
        if first >= 0:
            found[row] = items_of(store, row, first, end)
    return found


def items_of(store: Store, row: int, first: int, end: int) -> tuple[int, int]:
    """Find the first and last item of a text that an answer's characters touch; -1 if not shown."""
    spans = store.spans_of(row)[1:]
    one = int(np.searchsorted(np.maximum.accumulate(spans[:, 1]), first, side="right")) + 1
    two = int(np.searchsorted(spans[:, 0], end, side="left"))
    shown = store.shown(row)
    if one > two or two >= len(shown) or not (shown[one] and shown[two]):
        return UNKNOWN, UNKNOWN
    return one, two


def _beyond(store: Store) -> float:
    over = np.maximum(store.fulls - store.shape.max_tokens, 0)
    return float(over.sum() / max(1, int(store.fulls.sum())))


def _remarks(store: Store) -> list[Message]:
    limit = store.shape.max_tokens
    longer = store.fulls > limit
    words = (
        f"tokens a text: median {int(np.median(store.fulls))}, longest {int(store.fulls.max()):,}"
    )
    if not longer.any():
        return [Message(words)]
    share = f"{longer.mean():.1%} of the texts are longer than {limit} tokens"
    if store.shape.long == "window":
        extra = store.lengths.sum() / max(1, int(store.fulls.sum())) - 1
        return [
            Message(
                f"{words}; {share} and are read in windows ({int(store.windows.sum()):,} for "
                f"{len(store):,} texts, {extra:.1%} more tokens); --long head reads beginnings only"
            )
        ]
    is_apart = store.shape.pairs == "apart"
    way_out = f"--long window{' --set train.pairs=together' * is_apart} reads everything"
    what = {"head": "beyond", "tail": "before the last ones", "head+tail": "between"}
    return [
        Message(
            f"{words}; {share} and lose what lies {what[store.shape.long]}: {_beyond(store):.1%} "
            f"of all tokens; {way_out}",
            is_warning=True,
        )
    ]
