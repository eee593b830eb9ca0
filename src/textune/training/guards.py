"""Signals become a wish to stop between two steps; a lack of memory becomes a clear error."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import torch

from textune.errors import OutOfMemoryError

CPU_WORDS = ("can't allocate memory", "not enough memory")  # of torch, in a plain RuntimeError


@dataclass(slots=True)
class Wish:
    """Whether somebody asked this run to stop."""

    signal: int | None = None


@contextmanager
def stopping() -> Iterator[Wish]:
    """Note the first SIGINT or SIGTERM; a second one ends the process at once.

    Outside the main thread signals cannot be caught, and nothing is noted.
    """
    wish = Wish()
    before = {}

    def note(number: int, _: FrameType | None) -> None:
        wish.signal = number
        signal.signal(number, signal.SIG_DFL)

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, note)
    except ValueError:  # not the main thread
        before.clear()
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def memory(micro_tokens: int) -> Iterator[None]:
    """Translate torch's errors for a lack of memory.

    Raises:
        OutOfMemoryError: Naming the setting that needs less.
    """
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        is_lack = isinstance(error, torch.OutOfMemoryError)
        if not is_lack and not any(words in str(error) for words in CPU_WORDS):
            raise
        raise OutOfMemoryError(
            f"not enough memory for {micro_tokens:,} tokens at once; compute fewer, with the same "
            f"result: --set train.micro_tokens={max(micro_tokens // 4, 16)}"
        ) from error
