"""A signal becomes a wish to stop, granted between two steps with the state saved."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


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
