"""Texts that a run learned from are kept as a number each, by which others are known again."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from textune.records import Example
from textune.runs import openings
from textune.splits import alike
from textune.storage import atomic

FILE = "seen_texts.npy"  # 64 bits of each text, ascending
MOST = 1_000_000  # texts that are kept: 8 MB
SPLITS = "splits.json"  # beside it, in runs of the version before, too
WAY = "normalised"  # in which others are found: but for case, white space, punctuation, Unicode


def write(folder: Path, examples: Iterable[Example]) -> None:
    """Write the numbers of the texts that are learned from, of the first so many, into a run."""
    kept = np.unique(np.fromiter(map(_key, islice(examples, MOST)), dtype=np.uint64))
    with atomic.replacing_file(folder / FILE) as unfinished, unfinished.open("wb") as opened:
        np.save(opened, kept, allow_pickle=False)


def ways(run: Path, examples: Sequence[Example]) -> list[str] | None:
    """Say for each text how it stands in the training data of a run; "" where it does not.

    Args:
        run: Its folder, or its model's.
        examples: N texts.

    Returns:
        (N,); None where the run does not tell.
    """
    try:
        known = np.load(openings.home(run) / FILE, allow_pickle=False)
    except (OSError, ValueError):
        return None
    if known.dtype != np.uint64 or known.ndim != 1:
        return None
    keys = np.fromiter(map(_key, examples), dtype=np.uint64, count=len(examples))
    return [WAY if is_known else "" for is_known in np.isin(keys, known).tolist()]


def remark(run: Path) -> str:
    """Say that a run of the version before does not tell its texts; "" of others, and of models."""
    folder = openings.home(run)
    if (folder / FILE).is_file() or not (folder / SPLITS).is_file():
        return ""
    return (
        f"whether training saw any of these texts is not known: {folder} has no {FILE}, which "
        "runs of the version before did not keep"
    )


def _key(example: Example) -> int:
    return alike.fingerprint(alike.plain_of(example))
