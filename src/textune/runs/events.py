"""What a run tells on its way, gone through to the end, becomes what the run made."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from textune.records import Message

Event = TypeVar("Event")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class AuxiliaryStep:
    """An update in a training that is not the run's own, as one without the texts of a fold."""

    what: str  # is trained, in words
    step: int  # updates that are done
    steps: int | None  # of them all; None where time decides


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


def without(
    events: Generator[Event, None, Made], beginnings: tuple[str, ...]
) -> Generator[Event, None, Made]:
    """Pass events on but for messages that begin so; return what the events return."""
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            made: Made = ended.value
            return made
        if not (isinstance(event, Message) and event.text.startswith(beginnings)):
            yield event
