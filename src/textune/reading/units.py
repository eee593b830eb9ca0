"""Places counted in units of UTF-16, as Java and C# count them, become places of characters."""

from bisect import bisect_left
from collections.abc import Callable


def of_utf16(text: str) -> Callable[[int], int]:
    """Return what makes a place in a text, in units of UTF-16, one in characters.

    A place inside of a character, or beyond the text, is moved as many as there are before it.

    Example:
        >>> place = of_utf16("a 😀 b")
        >>> [place(unit) for unit in (0, 2, 4, 5)]
        [0, 2, 3, 4]
    """
    wide = [place for place, sign in enumerate(text) if sign > "\uffff"]
    if not wide:
        return lambda unit: unit
    begins = [place + before for before, place in enumerate(wide)]  # in units

    def place(unit: int) -> int:
        return unit - bisect_left(begins, unit)

    return place
