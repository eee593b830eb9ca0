"""Texts that a run learned from are kept as numbers, by which others are known again.

64 bits of each tell those that differ in case, white space, punctuation and Unicode alone; sketches
of the first so many those that differ in a few words. Words can be guessed from a sketch, by which
a run's folder is as private as its texts; its model's folder has neither.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.records import Example
from textune.runs import openings
from textune.splits import alike, near
from textune.splits.sketches import Sketcher, Sketches
from textune.storage import atomic, npy

FILE = "seen_texts.npy"  # 64 bits of each text, ascending
MOST = 1_000_000  # texts that are kept: 8 MB
SKETCHED = "seen_sketches.npy"  # how many numbers each sketch has, 0xFFFFFFFF, and those numbers
MOST_SKETCHED = 50_000  # texts of which sketches are kept: 13 MB at most
SPLITS = "splits.json"  # beside it, in runs of the version before, too
WAY, NEARLY = "normalised", "near"  # in which others are found
END = np.uint32(0xFFFFFFFF)


def write(folder: Path, examples: Iterable[Example]) -> None:
    """Write the numbers of the texts that are learned from, of the first so many, into a run."""
    sketcher = Sketcher(MOST_SKETCHED)
    keys = (_sketched(example, sketcher) for example in islice(examples, MOST))
    kept = np.unique(np.fromiter(keys, dtype=np.uint64))
    found = sketcher.done()
    sizes = np.diff(found.borders).astype(np.uint32)
    _save(folder / FILE, kept)
    _save(folder / SKETCHED, np.concatenate([sizes, [END], found.hashes], dtype=np.uint32))


def ways(run: Path, examples: Sequence[Example]) -> list[str] | None:
    """Say for each text how it stands in the training data of a run; "" where it does not.

    Args:
        run: Its folder, or its model's.
        examples: N texts.

    Returns:
        (N,); None where the run does not tell.
    """
    known = _read(openings.home(run) / FILE, np.uint64)
    if known is None:
        return None
    keys = np.fromiter(map(_key, examples), dtype=np.uint64, count=len(examples))
    found = [WAY if is_known else "" for is_known in np.isin(keys, known).tolist()]
    if (sketches := _sketches(openings.home(run) / SKETCHED)) is None or not len(sketches):
        return found
    sketcher = Sketcher(len(examples))
    for example in examples:
        sketcher.add_example(example)
    close = near.matches(sketches, sketcher.done()) != near.NONE
    return [way or (NEARLY if is_near else "") for way, is_near in zip(found, close, strict=True)]


def remark(run: Path) -> str:
    """Say that a run of the version before does not tell its texts; "" of others, and of models."""
    folder = openings.home(run)
    if (folder / FILE).is_file() or not (folder / SPLITS).is_file():
        return ""
    return (
        f"whether training saw any of these texts is not known: {folder} has no {FILE}, which "
        "runs of the version before did not keep"
    )


def _sketched(example: Example, sketcher: Sketcher) -> int:
    sketcher.add_example(example)
    return _key(example)


def _key(example: Example) -> int:
    return alike.fingerprint(alike.plain_of(example))


def _save(file: Path, numbers: NDArray[np.generic]) -> None:
    with atomic.replacing_file(file) as unfinished, unfinished.open("wb") as opened:
        np.save(opened, numbers, allow_pickle=False)


def _read(file: Path, kind: type[np.generic]) -> NDArray[np.generic] | None:
    """Read a row of numbers; None where there is none, or it is damaged."""
    try:
        found = npy.read(file)
    except (OSError, ValueError):
        return None
    return found if found.dtype == kind and found.ndim == 1 else None


def _sketches(file: Path) -> Sketches | None:
    """Read sketches; None where a run keeps none, as those of versions before, or it is damaged."""
    numbers = _read(file, np.uint32)
    if numbers is None:
        return None
    ends = np.flatnonzero(numbers == END)
    if not len(ends):
        return None
    borders = np.concatenate([[0], np.cumsum(numbers[: ends[0]], dtype=np.int64)])
    hashes = numbers[ends[0] + 1 :]
    return Sketches(hashes.astype(np.uint32), borders) if borders[-1] == len(hashes) else None
