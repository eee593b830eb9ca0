"""A text becomes copies of it that lack some of its words, packed into one store.

Words are left out of the windows as the text was cut into them, or stand there as mask tokens:
where a head reads tokens, they stay where they are. So a copy differs in these words alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.predicting.explaining.tracing import Trace
from textune.text.store import FILES, Store
from textune.text.tokenizers import Tokenizer

How = Literal["removed", "masked"]
Lacking = tuple[Trace, Collection[int]]  # a text, and the words that its copy lacks


@dataclass(slots=True)
class _Parts:
    """The windows of copies, one after the other."""

    ids: list[NDArray[np.int32]]
    first_sizes: list[int]
    asked: list[NDArray[np.int32]]
    items: list[NDArray[np.int32]]


def blank(tokenizer: Tokenizer) -> int:
    """Return the id that stands for a word that is not said: [MASK], or what cannot be written."""
    found = tokenizer.mask_id if tokenizer.mask_id is not None else tokenizer.unknown_id()
    return 0 if found is None else found


def usual(trace: Trace) -> How:
    """Say how words are taken from such texts."""
    return "removed" if trace.store.shape.asks == "texts" else "masked"


def copies(wanted: Sequence[Lacking], *, how: How | None = None, mask: int) -> Store:
    """Make a store with one text for each copy that is wanted.

    Args:
        wanted: At least one.
        how: Whether words are left out or masked; None: as is usual for what the head reads.
        mask: The id that stands for a masked word.
    """
    parts = _Parts([], [], [], [])
    for trace, words in wanted:
        way = how or usual(trace)
        for number, owners in enumerate(trace.windows):
            lost = np.isin(owners, np.asarray([*words], dtype=np.int64))
            _add(parts, trace.store, number, lost, way=way, mask=mask)
    stores = [trace.store for trace, _ in wanted]
    found: dict[str, NDArray[Any]] = {
        "ids": np.concatenate(parts.ids),
        "borders": _borders(parts.ids),
        "first_sizes": np.asarray(parts.first_sizes),
        "starts": np.concatenate([[0], np.cumsum([len(trace.windows) for trace, _ in wanted])]),
        "fulls": np.concatenate([store.fulls for store in stores]),
        "asked": np.concatenate(parts.asked),
        "items": np.concatenate(parts.items),
        "asked_borders": _borders(parts.asked),
        "spans": np.concatenate([store.spans for store in stores]),
        "item_borders": _borders([store.spans for store in stores]),
    }
    typed: dict[str, Any] = {name: each.astype(FILES[name][0]) for name, each in found.items()}
    return Store(**typed, shape=stores[0].shape, key="")


def _add(
    parts: _Parts, store: Store, number: int, lost: NDArray[np.bool_], *, way: How, mask: int
) -> None:
    """Add one window of a copy."""
    ids, first = store.window(number), int(store.first_sizes[number])
    begin, end = store.asked_borders[number : number + 2]
    asked = np.asarray(store.asked[begin:end])
    if way == "masked":
        ids = np.where(lost, mask, ids)
    else:
        assert not len(asked), "a head on tokens reads tokens that stay where they are"
        ids, first = ids[~lost], first - int(lost[:first].sum())
    parts.ids.append(ids.astype(np.int32))
    parts.first_sizes.append(first)
    parts.asked.append(asked)
    parts.items.append(np.asarray(store.items[begin:end]))


def _borders(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)


def windows_of(trace: Trace) -> Store:
    """Make a store in which each window of a text is a text of its own."""
    store, count = trace.store, len(trace.windows)
    return replace(
        store,
        starts=np.arange(count + 1, dtype=np.int64),
        fulls=np.diff(store.borders).astype(np.int32),
        item_borders=np.zeros(count + 1, dtype=np.int64),
    )
