"""Places of spans become characters: what they count is decided by what fits the words of a file.

Tools count characters, units of UTF-16 (JavaScript, Java) or bytes, and name as the end either the
first character after a span or its last one.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

CHARACTERS = "characters"
READINGS = {
    CHARACTERS: "characters",
    "utf-16": "units of UTF-16, as JavaScript counts them",
    "bytes": "bytes of UTF-8",
    "characters, last": "characters, the end being the last one of a span",
    "utf-16, last": "units of UTF-16, the end being the last one of a span",
    "bytes, last": "bytes of UTF-8, the end being the last one of a span",
}
"""What places may count, in words."""

SURE = 0.95  # share of spans that fit in a reading, from which it is believed
BETTER = 0.2  # by which that share must be larger than that of plain characters
MOST = 100_000  # spans that are counted
LEAST = 5  # spans below which nothing is concluded


class OffsetCensus:
    """Counts in which readings spans begin and end where words do."""

    def __init__(self) -> None:
        self.spans = 0
        self._fit: Counter[str] = Counter()

    def add(self, text: str, start: int, end: int, surface: str | None) -> None:
        """Take a span into account; its surface decides where the file has it."""
        if self.spans >= MOST:
            return
        self.spans += 1
        for reading in READINGS:
            first, after = to_characters(text, start, end, reading)
            if not 0 <= first < after <= len(text):
                continue
            is_word = _is_border(text, first) and _is_border(text, after)
            there = text[first:after]
            self._fit[reading] += (
                is_word and there == there.strip() if surface is None else (there == surface)
            )

    def reading(self) -> str:
        """Name the reading in which the spans fit: characters, unless another is clearly right."""
        plain = self._fit[CHARACTERS]
        best = max(READINGS, key=lambda reading: self._fit[reading])
        is_sure = self._fit[best] >= SURE * self.spans
        is_better = self._fit[best] - plain >= BETTER * self.spans
        return best if self.spans >= LEAST and is_sure and is_better else CHARACTERS


def to_characters(text: str, start: int, end: int, reading: str) -> tuple[int, int]:
    """Give the first character of a span and the one after its last, -1 where there is none."""
    end += reading.endswith("last")
    unit = reading.partition(",")[0]
    if unit == CHARACTERS or (text.isascii() and unit != CHARACTERS):
        return start, end
    return _character(text, unit, start), _character(text, unit, end)


def _character(text: str, unit: str, place: int) -> int:
    places = _places(text, unit)
    found = bisect_left(places, place)
    return found if found < len(places) and places[found] == place else -1


@lru_cache(maxsize=4)  # the spans of a text come one after the other
def _places(text: str, unit: str) -> "array[int]":
    """Return where each character begins, counted in units, and where the text ends."""
    return array("q", accumulate((_size(sign, unit) for sign in text), initial=0))


def _size(sign: str, unit: str) -> int:
    if unit == "utf-16":
        return 1 + (sign > "\uffff")
    return len(sign.encode(errors="surrogatepass"))


def _is_border(text: str, place: int) -> bool:
    """Tell whether no word goes on over a place."""
    around: Sequence[str] = text[max(0, place - 1) : place + 1]
    return place in (0, len(text)) or not (around[0].isalnum() and around[1].isalnum())
