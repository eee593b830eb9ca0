"""An answer and its start, as a file has them, become the answer where it stands in its passage."""

import json
from collections.abc import Sequence
from typing import Any

from textune.errors import excerpt
from textune.records import Answer

ANYWHERE: Any = object()  # the start of an answer of which a file says no start


def look_up(passage: str, text: object, start: object) -> tuple[Answer, str]:
    """Find an answer in its passage, and say what had to be chosen or mended.

    A start at which other words stand is mended where the answer stands elsewhere in the passage:
    to the place that the start counts in another unit, else to the nearest.

    Raises:
        ValueError: With what is wrong: the answer is no text, or does not stand in the passage.
    """
    if not isinstance(text, str):
        raise ValueError(f"an answer holds {_said(text)}; allowed: a text")
    if not text.strip():
        raise ValueError("an answer has an empty text; where the passage has no answer, write []")
    if start is ANYWHERE or start is None:
        return _first(passage, text)
    if isinstance(start, float) and start.is_integer():
        start = int(start)
    if not isinstance(start, int) or isinstance(start, bool):
        raise ValueError(
            f"the answer {excerpt(text)} has {_said(start)} as its start; allowed: a whole number, "
            "the place of its first character in the passage, counted from 0"
        )
    if start >= 0 and passage.startswith(text, start):
        return Answer(text, start), ""
    if start >= 0 and passage.startswith(text.strip(), start):
        return _bare(text, start)
    return _mended(passage, text, start)


def places_of(passage: str, text: str) -> list[int]:
    """Find all places of a text in a passage."""
    places = []
    at = passage.find(text)
    while at >= 0:
        places.append(at)
        at = passage.find(text, at + 1)
    return places


def _first(passage: str, text: str) -> tuple[Answer, str]:
    places = places_of(passage, text) or places_of(passage, text.strip())
    if not places:
        raise ValueError(
            f"the answer {excerpt(text)} does not stand in the passage{_hint(passage, text)}"
        )
    if text not in passage:
        return _bare(text, places[0])
    if len(places) == 1:
        return Answer(text, places[0]), ""
    remark = (
        f"the answer {excerpt(text)} stands {len(places)} times in the passage; the first, at "
        f"{places[0]}, was taken"
    )
    return Answer(text, places[0]), remark


def _bare(text: str, place: int) -> tuple[Answer, str]:
    text = text.strip()
    return Answer(text, place), f"the space around the answer {excerpt(text)} was left out"


def _mended(passage: str, text: str, start: int) -> tuple[Answer, str]:
    """Take an answer where it stands, and say where it does not."""
    if start < 0 or start + len(text) > len(passage):
        size = len(passage)
        said = (
            f"the answer {excerpt(text)} cannot begin at {start}: its passage has {size} characters"
        )
    else:
        there = excerpt(passage[start : start + len(text)])
        said = f"the answer {excerpt(text)} is not at {start}, where {there} stands"
    bare = text.strip()
    places = places_of(passage, text)
    if not places and bare != text:
        text, places = bare, places_of(passage, bare)
    if not places:
        raise ValueError(f"{said}, nor anywhere in the passage{_hint(passage, text)}")
    places = sorted(places, key=lambda place: (abs(place - start), place))
    place, unit = _counted(passage, places, start)
    others = f" (and at {len(places) - 1} more places)" if len(places) > 1 else ""
    counted = f"; {start} is its place counted in {unit}, and characters are meant" if unit else ""
    return Answer(text, place), f"{said}; it is at {place}{others}, which was taken{counted}"


def _counted(passage: str, places: Sequence[int], start: int) -> tuple[int, str]:
    """Take the place that a number counts in another unit, and name it; the first if none does."""
    for place in places:
        before = passage[:place]
        if len(before.encode(errors="surrogatepass")) == start:
            return place, "bytes of UTF-8"
        if len(before.encode("utf-16-le", errors="surrogatepass")) == 2 * start:
            return place, "units of UTF-16, as JavaScript and Java count"
    return places[0], ""


def _hint(passage: str, text: str) -> str:
    lower = passage.lower()
    if len(lower) == len(passage) and text.lower() in lower:
        at = lower.index(text.lower())
        return f"; in other case it is at {at}: {excerpt(passage[at : at + len(text)])}"
    return ""


def _said(value: object) -> str:
    if isinstance(value, str):
        return f"the text {excerpt(value)}"
    return excerpt(json.dumps(value, ensure_ascii=False), most=40)[1:-1]
