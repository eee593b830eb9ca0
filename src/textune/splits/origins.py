"""Origins of rows, as "a.csv:17", are kept as a few numbers each, and written again."""

from array import array
from collections.abc import Iterable


class Origins:
    """Origins of rows, without a string for each."""

    def __init__(self) -> None:
        self._starts: dict[str, int] = {}
        self._which = array("q")
        self._numbers = array("q")

    def add(self, origin: str) -> None:
        """Add the origin of one more row."""
        start = origin.rstrip("0123456789")
        digits = origin[len(start) :]
        if not 0 < len(digits) < 18 or digits[0] == "0":
            start, digits = origin, "-1"
        self._which.append(self._starts.setdefault(start, len(self._starts)))
        self._numbers.append(int(digits))

    def at(self, places: Iterable[int]) -> tuple[str, ...]:
        """Return the origins of rows, by their positions."""
        starts = list(self._starts)
        return tuple(
            starts[self._which[place]]
            + (str(self._numbers[place]) if self._numbers[place] >= 0 else "")
            for place in places
        )
