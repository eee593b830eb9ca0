"""Paragraphs become token ids on disk, document by document, without special tokens."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError
from textune.records import Paragraph
from textune.storage import atomic
from textune.text import cache
from textune.text.tokenizers import Ids, Tokenizer

CHUNK_UNITS = 4096
CHUNK_CHARACTERS = 4_000_000
VERSION = 1

Split = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Documents:
    """Token ids of plain text, read from disk as they are needed; T tokens in U units.

    A unit is a paragraph, or a sentence where paragraphs were split; a document is one or more.
    """

    ids: Ids  # (T,)
    borders: NDArray[np.int64]  # (U + 1,) unit u holds ids[borders[u] : borders[u + 1]]
    owners: NDArray[np.int64]  # (U,) document of each unit, from 0, ascending
    key: str  # of the content: texts, tokenizer and how it was split
    numbers: NDArray[np.int64] | None = None  # (documents,) ascending, of each among those that
    # were read, where some of them have no token; None: they are the same
    remark: str | None = None  # why it could not be kept

    @property
    def count(self) -> int:
        """Documents."""
        return int(self.owners[-1]) + 1 if len(self.owners) else 0

    def edges(self) -> NDArray[np.int64]:
        """Return (documents + 1,) units: document d holds the units edges[d] up to edges[d + 1]."""
        return np.searchsorted(self.owners, np.arange(self.count + 1))

    def sizes(self) -> NDArray[np.int64]:
        """Return the tokens of each document; (documents,)."""
        return np.diff(self.borders[self.edges()])

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where documents are that were read as these numbers; those without tokens go."""
        if self.numbers is None:
            return numbers
        return np.flatnonzero(np.isin(self.numbers, numbers))

    def frequencies(self, vocabulary: int) -> NDArray[np.int64]:
        """Count how often each piece occurs; (V,)."""
        found = np.zeros(vocabulary, dtype=np.int64)
        for start in range(0, len(self.ids), 2**24):
            found += np.bincount(self.ids[start : start + 2**24], minlength=vocabulary)
        return found


def tokenize(
    paragraphs: Callable[[], Iterable[Paragraph]],
    tokenizer: Tokenizer,
    *,
    split: Split | None = None,
    how: str = "",
    folder: str | Path | None = None,
) -> Documents:
    """Return the token ids of plain text, from an earlier run where nothing has changed.

    The paragraphs are read twice; `how` names what `split` does. `folder` is where token ids are
    kept between runs, or its name in the cache; None keeps nothing.

    Raises:
        DataError: There is no text.
    """

    def write(place: Path) -> None:
        _write(paragraphs(), tokenizer, split, place)

    key = _key(paragraphs(), tokenizer, how)
    found, remark = cache.open_or_build(
        folder, key, write, lambda place, is_passing: _open(place, key, in_memory=is_passing)
    )
    return replace(found, remark=remark)


def _key(paragraphs: Iterable[Paragraph], tokenizer: Tokenizer, how: str) -> str:
    digest = hashlib.sha256(f"documents {VERSION} {how} {tokenizer.fingerprint()}".encode())
    for paragraph in paragraphs:
        text = paragraph.text.encode()
        digest.update(f"\n{len(text)} {int(paragraph.begins)}\n".encode())
        digest.update(text)
    return digest.hexdigest()[:32]


def _write(
    paragraphs: Iterable[Paragraph], tokenizer: Tokenizer, split: Split | None, folder: Path
) -> None:
    owner = -1
    with (
        atomic.writing(folder / "ids.i32") as tokens,
        atomic.writing(folder / "lengths.i64") as sizes,
        atomic.writing(folder / "owners.i64") as owners,
    ):
        units = _units(paragraphs, split)
        for chunk in cache.chunks(units, _size, most=CHUNK_UNITS, characters=CHUNK_CHARACTERS):
            found = tokenizer.encode([text for text, _ in chunk])
            for (_, begins), ids in zip(chunk, found, strict=True):
                owner += begins or owner < 0
                if len(ids):
                    tokens.write(ids.tobytes())
                    sizes.write(np.int64(len(ids)).tobytes())
                    owners.write(np.int64(owner).tobytes())
    if owner < 0 or not (folder / "ids.i32").stat().st_size:
        raise DataError("there is no text in what was named; name files with text")


def _size(unit: tuple[str, bool]) -> int:
    return len(unit[0])


def _units(paragraphs: Iterable[Paragraph], split: Split | None) -> Iterator[tuple[str, bool]]:
    """Yield units, each with whether a document begins with it."""
    for paragraph in paragraphs:
        units = [paragraph.text] if split is None else split(paragraph.text)
        for number, unit in enumerate(units or [""]):  # a document may begin with a blank
            yield unit, paragraph.begins and number == 0


def _open(folder: Path, key: str, *, in_memory: bool) -> Documents:
    lengths = np.fromfile(folder / "lengths.i64", dtype=np.int64)
    owners = np.fromfile(folder / "owners.i64", dtype=np.int64)
    numbers, places = np.unique(owners, return_inverse=True)
    file = folder / "ids.i32"
    return Documents(
        ids=np.fromfile(file, np.int32) if in_memory else np.memmap(file, np.int32, mode="r"),
        borders=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        owners=places.astype(np.int64),
        key=key,
        numbers=numbers.astype(np.int64),
    )
