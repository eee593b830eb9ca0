"""A run's events are gone through to the end, alone in its process, which is left as it was.

Dropout draws from torch's generators, which belong to the process, not to a thread: two trainings
at once would draw from each other's. So a second one waits for the first.
"""

import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from textune.errors import StoppedError
from textune.runs.events import drained

Made = TypeVar("Made")
_alone = threading.RLock()


def finish(
    events: Generator[object, None, Made], show: Callable[[object], object] = lambda _: None
) -> Made:
    """Go through a run's events to its end, whatever modes of torch the caller is in.

    Args:
        events: Of the run.
        show: Shows an event to a person.

    Returns:
        What the run made.

    Raises:
        KeyboardInterrupt: Somebody pressed Ctrl-C; the state is saved.
    """
    with _alone, unchanged(), torch.inference_mode(mode=False), torch.enable_grad():
        try:
            return drained(events, show)
        except StoppedError as error:
            if error.exit_code != 128 + signal.SIGINT:
                raise
            raise KeyboardInterrupt(str(error)) from error


@contextmanager
def unchanged() -> Iterator[None]:
    """Leave torch's generators as they were found."""
    cpu = torch.get_rng_state()
    cards = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        if cards is not None:
            torch.cuda.set_rng_state_all(cards)
