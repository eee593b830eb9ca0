"""Texts become token ids once, in windows: a memory-mapped store, keyed by texts and tokenizer."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.records import Example, Shape
from textune.storage import atomic
from textune.text import cache
from textune.text.shapes import Shaped, shaped
from textune.text.tokenizers import Ids, Tokenizer

CHUNK_TEXTS = 4096
CHUNK_CHARACTERS = 8_000_000
VERSION = 2  # part of the key, by which runs know their data when they are resumed
ON_DISK = {"first_sizes": "firsts"}  # names of files where they are not those of the fields
FILES = {  # name → type of its numbers, and shape beyond the first dimension
    "ids": (np.int32, ()),
    "borders": (np.int64, ()),
    "first_sizes": (np.int32, ()),
    "starts": (np.int64, ()),
    "fulls": (np.int32, ()),
    "asked": (np.int32, ()),
    "items": (np.int32, ()),
    "asked_borders": (np.int64, ()),
    "spans": (np.int32, (2,)),
    "item_borders": (np.int64, ()),
}


@dataclass(frozen=True, slots=True)
class Store:
    """Token ids of N texts in W windows, special tokens included; read from disk when needed.

    Items are what a head has outputs for in a text: its words, or "no answer" (item 0) and the
    tokens of its passage. A head on whole texts has none.
    """

    ids: NDArray[np.int32]  # (tokens,)
    borders: NDArray[np.int64]  # (W + 1,) window w holds ids[borders[w] : borders[w + 1]]
    first_sizes: NDArray[np.int32]  # (W,) tokens of window w that lie in its first segment
    starts: NDArray[np.int64]  # (N + 1,) text n has the windows starts[n] up to starts[n + 1]
    fulls: NDArray[np.int32]  # (N,) tokens that text n would have in one window without a limit
    asked: NDArray[np.int32]  # (A,) places, in their window, of tokens that the head reads
    items: NDArray[np.int32]  # (A,) the item of the text that each belongs to
    asked_borders: NDArray[np.int64]  # (W + 1,) those of window w
    spans: NDArray[np.int32]  # (I, 2) characters of each item, first and end
    item_borders: NDArray[np.int64]  # (N + 1,) items of text n
    shape: Shape
    key: str  # of the content: texts, tokenizer and shape
    remark: str | None = None  # why it could not be kept

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text as stored, in all its windows; (N,)."""
        return np.diff(self.borders[self.starts])

    @property
    def windows(self) -> NDArray[np.int64]:
        """Windows of each text; (N,)."""
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.fulls)

    def window(self, number: int) -> Ids:
        """Return the ids of one window."""
        return self.ids[self.borders[number] : self.borders[number + 1]]

    def spans_of(self, row: int) -> NDArray[np.int32]:
        """Return the characters of each item of one text; (items, 2)."""
        return self.spans[self.item_borders[row] : self.item_borders[row + 1]]

    def shown(self, row: int) -> NDArray[np.bool_]:
        """Tell which items of a text some window shows; (items,)."""
        count = int(self.item_borders[row + 1] - self.item_borders[row])
        first, end = self.asked_borders[self.starts[row]], self.asked_borders[self.starts[row + 1]]
        found = np.zeros(count, dtype=np.bool_)
        found[self.items[first:end]] = True
        return found

    def used(self, vocabulary: int) -> NDArray[np.bool_]:
        """Tell which ids of the vocabulary occur."""
        seen = np.zeros(vocabulary, dtype=np.bool_)
        for start in range(0, len(self.ids), 2**24):
            seen[self.ids[start : start + 2**24]] = True
        return seen


def tokenize(
    examples: Iterable[Example],
    tokenizer: Tokenizer,
    shape: Shape,
    *,
    folder: str | Path | None = None,
) -> Store:
    """Return the token ids of every example, from an earlier run where nothing has changed.

    `folder` is where stores are kept between runs, or its name in the cache; None keeps nothing.
    """
    texts = list(examples)
    key = _key(texts, tokenizer, shape)
    is_small = len(texts) <= CHUNK_TEXTS and sum(map(_size, texts)) <= CHUNK_CHARACTERS
    if folder is None and is_small:
        return _in_memory(texts, tokenizer, shape, key)
    store, remark = cache.open_or_build(
        folder,
        key,
        lambda new: _write(texts, tokenizer, shape, new),
        lambda place, is_passing: _open(place, shape, key, in_memory=is_passing),
    )
    return replace(store, remark=remark)


def _key(examples: Iterable[Example], tokenizer: Tokenizer, shape: Shape) -> str:
    how = f"{shape}{' apart' * (shape.pairs == 'apart')}"
    digest = hashlib.sha256(f"{VERSION} {how} {tokenizer.fingerprint()}".encode())
    for example in examples:
        text = example.text.encode()
        pair = b"" if example.pair is None else example.pair.encode()
        digest.update(f"\n{len(text)} {-1 if example.pair is None else len(pair)}\n".encode())
        digest.update(text)
        digest.update(pair)
        if shape.asks == "words":
            digest.update(np.asarray(example.words or (), dtype=np.int64).tobytes())
    return digest.hexdigest()[:32]


def _write(examples: Iterable[Example], tokenizer: Tokenizer, shape: Shape, folder: Path) -> None:
    small = _begun()
    with (
        atomic.writing(folder / "ids") as ids,
        atomic.writing(folder / "asked") as asked,
        atomic.writing(folder / "items") as items,
        atomic.writing(folder / "spans") as spans,
    ):
        for chunk in cache.chunks(examples, _size, most=CHUNK_TEXTS, characters=CHUNK_CHARACTERS):
            for found in shaped(chunk, tokenizer, shape):
                for window in found.windows:
                    ids.write(window.ids.astype(np.int32).tobytes())
                    asked.write(window.asked.astype(np.int32).tobytes())
                    items.write(window.items.astype(np.int32).tobytes())
                spans.write(found.spans.astype(np.int32).tobytes())
                _count(small, found)
    for name, values in small.items():
        file = folder / ON_DISK.get(name, name)
        atomic.write_bytes(file, np.asarray(values, dtype=FILES[name][0]).tobytes())


def _in_memory(examples: list[Example], tokenizer: Tokenizer, shape: Shape, key: str) -> Store:
    """Make a store of few texts that no file holds."""
    small = _begun()
    large: dict[str, list[NDArray[Any]]] = {name: [] for name in FILES if name not in small}
    for found in shaped(examples, tokenizer, shape):
        for window in found.windows:
            large["ids"].append(window.ids)
            large["asked"].append(window.asked)
            large["items"].append(window.items)
        large["spans"].append(found.spans)
        _count(small, found)
    arrays: dict[str, Any] = {}
    for name, (kind, rest) in FILES.items():
        values = (
            small[name]
            if name in small
            else np.concatenate([np.zeros((0, *rest), dtype=kind), *large[name]])
        )
        arrays[name] = np.asarray(values, dtype=kind).reshape(-1, *rest)
    return Store(**arrays, shape=shape, key=key)


def _begun() -> dict[str, list[int]]:
    """Return what is kept of no text at all."""
    small: dict[str, list[int]] = {name: [0] for name in FILES if "borders" in name}
    return small | {"starts": [0], "first_sizes": [], "fulls": []}


def _count(small: dict[str, list[int]], found: Shaped) -> None:
    for window in found.windows:
        small["first_sizes"].append(window.first)
        small["borders"].append(small["borders"][-1] + len(window.ids))
        small["asked_borders"].append(small["asked_borders"][-1] + len(window.asked))
    small["starts"].append(small["starts"][-1] + len(found.windows))
    small["fulls"].append(found.full)
    small["item_borders"].append(small["item_borders"][-1] + len(found.spans))


def _size(example: Example) -> int:
    return len(example.text) + len(example.pair or "")


def _open(folder: Path, shape: Shape, key: str, *, in_memory: bool) -> Store:
    found: dict[str, Any] = {}
    for name, (kind, rest) in FILES.items():
        file = folder / ON_DISK.get(name, name)
        mapped = name == "ids" and not in_memory and file.stat().st_size > 0
        values = np.memmap(file, kind, mode="r") if mapped else np.fromfile(file, kind)
        found[name] = values.reshape(-1, *rest)
    return Store(**found, shape=shape, key=key)
