"""A text longer than the encoder reads becomes windows, by one rule for every task.

A window is made of stretches of its text, (first, end) places of tokens; all but "head+tail" have
one. Special tokens are not counted here.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.records import OVERLAP, Long

Stretch = tuple[int, int]
Window = tuple[Stretch, ...]


def cut(length: int, room: int, long: Long, *, overlap: float = OVERLAP) -> list[Window]:
    """Part one text.

    Args:
        length: Tokens of the text.
        room: Most tokens of a window; at least 1.
        long: What is read where the text is longer: its beginning ("head"), its end ("tail"), half
            the room of each ("head+tail"), or everything, in windows that overlap.
        overlap: Share of a window that the next one shows again, below 1.

    Returns:
        Windows in the order of the text, all of nearly one length; one window for a text that fits.
    """
    if length <= room:
        return [((0, length),)]
    if long == "window":
        return [(stretch,) for stretch in _spread(length, room, overlap)]
    return [_shorten(length, room, long)]


def cut_pair(
    lengths: tuple[int, int], room: int, long: Long, *, overlap: float = OVERLAP
) -> list[tuple[Window, Window]]:
    """Part a pair of texts so that both share the room.

    One that fits into half of it stays whole beside each window of the other; two longer ones go
    on side by side, so that the windows are as many as the longer one has.

    The room is that of both together, at least 2.
    """
    shares = share(*lengths, room)
    first, second = (
        cut(length, most, long, overlap=overlap)
        for length, most in zip(lengths, shares, strict=True)
    )
    count = max(len(first), len(second))
    return [
        (first[number * len(first) // count], second[number * len(second) // count])
        for number in range(count)
    ]


def cut_second(
    lengths: tuple[int, int], room: int, long: Long, *, overlap: float = OVERLAP
) -> list[tuple[Window, Window]]:
    """Part the second text beside the whole first, a question, of which half the room is read."""
    first = min(lengths[0], room // 2)
    seconds = cut(lengths[1], room - first, long, overlap=overlap)
    return [(((0, first),), second) for second in seconds]


def share(first: int, second: int, room: int) -> tuple[int, int]:
    """Give two lengths their shares of the room: the longer is shortened until both fit."""
    if first + second <= room:
        return first, second
    half = room // 2
    if first <= half:
        return first, room - first
    if second <= half:
        return room - second, second
    return room - half, half


def best_window(places: NDArray[np.int64], windows: Sequence[Window]) -> NDArray[np.int64]:
    """Find for tokens of a text the window in which they have most context on the poorer side.

    Returns:
        (M,) numbers of windows; -1 for a token that none shows.
    """
    found = np.full(len(places), -1, dtype=np.int64)
    most = np.full(len(places), -1, dtype=np.int64)
    for number, window in enumerate(windows):
        for first, end in window:
            context = np.minimum(places - first, end - 1 - places)  # (M,), below 0 outside
            is_better = context > most
            found[is_better], most[is_better] = number, context[is_better]
    return found


def tokens(window: Window) -> NDArray[np.int64]:
    """List the places of a window's tokens in its text."""
    return np.concatenate([np.arange(first, end) for first, end in window])


def _shorten(length: int, room: int, long: Long) -> Window:
    if long == "head":
        return ((0, room),)
    if long == "tail":
        return ((length - room, length),)
    end = room // 2
    return (0, room - end), (length - end, length)


def _spread(length: int, room: int, overlap: float) -> Iterator[Stretch]:
    """Lay the fewest windows evenly over a text, each sharing at least so much with the next."""
    shared = min(int(room * overlap), room - 1)
    count = -(-(length - shared) // (room - shared))
    size = -(-(length + (count - 1) * shared) // count)
    for number in range(count):
        first = number * (length - size) // (count - 1)
        yield first, first + size
