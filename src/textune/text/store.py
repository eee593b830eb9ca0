"""Texts become token ids once: a memory-mapped store, keyed by texts and tokenizer."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.records import Example
from textune.text import kept
from textune.text.tokenizers import Ids, Tokenizer

CHUNK_TEXTS = 4096
CHUNK_CHARACTERS = 8_000_000
VERSION = 1


@dataclass(frozen=True, slots=True)
class Store:
    """Token ids of N texts, special tokens included; rows are read from disk as they are needed."""

    ids: NDArray[np.int32]  # (tokens,)
    borders: NDArray[np.int64]  # (N + 1,) text n holds ids[borders[n] : borders[n + 1]]
    firsts: NDArray[np.int32]  # (N,) tokens of text n that lie in its first segment
    fulls: NDArray[np.int32]  # (N,) tokens that text n would have without a limit
    key: str  # of the content: texts, tokenizer and limit

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text as stored."""
        return np.diff(self.borders)

    def __len__(self) -> int:
        return len(self.firsts)

    def text(self, row: int) -> Ids:
        """Return the ids of one text."""
        return self.ids[self.borders[row] : self.borders[row + 1]]

    def used(self, vocabulary: int) -> NDArray[np.bool_]:
        """Tell which ids of the vocabulary occur."""
        seen = np.zeros(vocabulary, dtype=np.bool_)
        for start in range(0, len(self.ids), 2**24):
            seen[self.ids[start : start + 2**24]] = True
        return seen


def tokenize(
    examples: Iterable[Example],
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    folder: Path | None = None,
) -> Store:
    """Return the token ids of every example, from an earlier run where nothing has changed.

    Args:
        examples: Texts or pairs.
        tokenizer: Of the base.
        max_tokens: Most tokens of a text; the rest is cut off.
        folder: Where stores are kept between runs; None keeps nothing.

    Raises:
        OSError: The disk is full; nothing half-made is left behind.
    """
    texts = list(examples)
    key = _key(texts, tokenizer, max_tokens)
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="textune-") as scratch:
            _write(texts, tokenizer, max_tokens, Path(scratch))
            return _open(Path(scratch), key, in_memory=True)
    place = kept.folder(folder, key, lambda new: _write(texts, tokenizer, max_tokens, new))
    return _open(place, key, in_memory=False)


def _key(examples: Iterable[Example], tokenizer: Tokenizer, max_tokens: int) -> str:
    digest = hashlib.sha256(f"{VERSION} {max_tokens} {tokenizer.fingerprint()}".encode())
    for example in examples:
        text = example.text.encode()
        pair = b"" if example.pair is None else example.pair.encode()
        digest.update(f"\n{len(text)} {-1 if example.pair is None else len(pair)}\n".encode())
        digest.update(text)
        digest.update(pair)
    return digest.hexdigest()[:32]


def _write(examples: Iterable[Example], tokenizer: Tokenizer, most: int, folder: Path) -> None:
    lengths, firsts, fulls = [], [], []
    with (folder / "ids.i32").open("wb") as file:
        for chunk in _chunks(examples):
            for ids, first, full in _encode(chunk, tokenizer, most):
                file.write(ids.tobytes())
                lengths.append(len(ids))
                firsts.append(first)
                fulls.append(full)
    borders = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    borders.tofile(folder / "borders.i64")
    np.asarray(firsts, dtype=np.int32).tofile(folder / "firsts.i32")
    np.asarray(fulls, dtype=np.int32).tofile(folder / "fulls.i32")


def _chunks(examples: Iterable[Example]) -> Iterator[list[Example]]:
    rest = iter(examples)
    chunk: list[Example] = []
    size = 0
    for example in rest:
        chunk.append(example)
        size += len(example.text) + len(example.pair or "")
        if len(chunk) == CHUNK_TEXTS or size > CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _encode(
    chunk: list[Example], tokenizer: Tokenizer, most: int
) -> Iterator[tuple[Ids, int, int]]:
    firsts = tokenizer.encode([example.text for example in chunk])
    pairs = [example.pair for example in chunk if example.pair is not None]
    seconds = iter(tokenizer.encode(pairs) if pairs else [])
    for example, first in zip(chunk, firsts, strict=True):
        second = None if example.pair is None else next(seconds)
        ids, in_first = tokenizer.wrap(first, second, most=most)
        whole = len(first) + (0 if second is None else len(second))
        yield ids, in_first, whole + tokenizer.specials(pair=second is not None)


def _open(folder: Path, key: str, *, in_memory: bool) -> Store:
    ids = folder / "ids.i32"
    mapped = not in_memory and ids.stat().st_size > 0
    return Store(
        ids=np.memmap(ids, dtype=np.int32, mode="r") if mapped else np.fromfile(ids, np.int32),
        borders=np.fromfile(folder / "borders.i64", dtype=np.int64),
        firsts=np.fromfile(folder / "firsts.i32", dtype=np.int32),
        fulls=np.fromfile(folder / "fulls.i32", dtype=np.int32),
        key=key,
    )
