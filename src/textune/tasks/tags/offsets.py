"""Places of spans become characters: what they count is decided by what fits the words of a file.

Tools count characters, units of UTF-16 (JavaScript, Java) or bytes, and name as the end either the
first character after a span or its last one.
"""

import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter
from functools import lru_cache
from itertools import accumulate

from textune.data.words import UNSPACED

CHARACTERS = "characters"
JOINER = "\u200d"  # joins signs to one, as the people of a family
READINGS = {
    CHARACTERS: "characters",
    "utf-16": "units of UTF-16, as JavaScript counts them",
    "bytes": "bytes of UTF-8",
    "characters, last": "characters, the end being the last one of a span",
    "utf-16, last": "units of UTF-16, the end being the last one of a span",
    "bytes, last": "bytes of UTF-8, the end being the last one of a span",
}
"""What places may count, in words."""
OTHERS = tuple(reading for reading in READINGS if reading != CHARACTERS)

MOST = 100_000  # spans that are counted
TIMES = 5  # by which spans that fit in a reading alone must be more than those it does not fit
NEEDED = {"last": 3, "first": 1}  # spans that fit in a reading, and not as plain characters
CERTAIN = 3  # as many is a span worth that cannot be meant otherwise: its surface says so


class OffsetCensus:
    """Counts in which readings spans begin and end where words do."""

    def __init__(self) -> None:
        self.spans = 0
        self._fit: Counter[str] = Counter()
        self._won: Counter[str] = Counter()  # spans that do not fit as plain characters
        self._lost: Counter[str] = Counter()  # spans that fit as plain characters only

    def add(self, text: str, start: int, end: int, surface: str | None) -> None:
        """Take a span into account; its surface decides where the file has it."""
        if self.spans >= MOST:
            return
        self.spans += 1
        fits_plainly = _fits(text, start, end, surface, CHARACTERS)
        self._fit[CHARACTERS] += fits_plainly
        for reading in OTHERS:
            fits = _fits(text, start, end, surface, reading)
            self._fit[reading] += fits
            self._won[reading] += (1 if surface is None else CERTAIN) * (fits > fits_plainly)
            self._lost[reading] += fits < fits_plainly

    def reading(self) -> str:
        """Name the reading in which most spans fit: characters, unless another is clearly right."""
        best = max(READINGS, key=lambda reading: self._fit[reading])
        needed = NEEDED["last" if best.endswith("last") else "first"]
        is_clear = self._won[best] >= max(needed, TIMES * self._lost[best])
        is_clear = is_clear and 2 * self._fit[best] >= self.spans
        return best if is_clear else CHARACTERS


def _fits(text: str, start: int, end: int, surface: str | None, reading: str) -> bool:
    """Tell whether a span holds its surface; or whole words, where no surface is given."""
    first, after = to_characters(text, start, end, reading)
    if not 0 <= first < after <= len(text):
        return False
    there = text[first:after]
    if surface is not None:
        return is_said(surface, there)
    return _is_border(text, first) and _is_border(text, after) and there == there.strip()


def is_said(surface: str, there: str) -> bool:
    r"""Tell whether a file says of a span what stands there, line ends written as \n or not.

    Label Studio writes them so.
    """
    return surface == there or surface == there.replace("\n", r"\n")


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
    if place in (0, len(text)):
        return True
    before, after = text[place - 1], text[place]
    if before == JOINER or after == JOINER or unicodedata.category(after)[0] == "M":
        return False
    is_within = _goes_on(before) and _goes_on(after)
    return not is_within or bool(UNSPACED.match(before) or UNSPACED.match(after))


def _goes_on(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign)[0] == "M"
