"""What a run tells on its way, gone through to the end, becomes what the run made."""

from collections.abc import Callable, Generator
from typing import TypeVar

Event = TypeVar("Event")
Made = TypeVar("Made")


def drained(
    events: Generator[Event, None, Made], show: Callable[[Event], object] = lambda _: None
) -> Made:
    """Go through events to their end, showing each, and return the generator's value."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            made: Made = end.value
            return made
        show(event)
