"""Patterns of a tokenizer that could search for ever are found before a text is searched."""

import json
import re
from collections.abc import Iterator
from typing import Any

ENDLESS = re.compile(r"(?:[*+]|\{\d*,\})(\+)?")  # a repetition without end; "+" more: no way back
BOUNDED = re.compile(r"(?:\?|\{\d+(?:,\d+)?\}|\{,\d+\})[+?]?")
LITERAL = re.compile(r"[^\\\[\](){}.*+?^$|]")


def of(part: Any) -> Iterator[str]:
    """Yield the patterns of a normaliser, a pre-tokeniser or a decoder of the library."""
    if part is not None:
        yield from _in(json.loads(part.__getstate__()))


def is_endless(pattern: str) -> bool:
    """Tell whether a pattern repeats what repeats, so that its time doubles with each sign.

    Example:
        >>> is_endless("(a+)+$"), is_endless(r"(?:ab|ac)*"), is_endless(r" ?[a-z]+|[0-9]{1,3}")
        (True, True, False)
    """
    groups = [_Group(0)]
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\":
            place += 2
        elif sign == "[":
            place = _end_of_class(pattern, place)
        elif sign == "(":
            groups.append(_Group(place))
            place += 1
            continue
        elif sign == ")" and len(groups) > 1:
            inner = groups.pop()
            place += 1
            again = ENDLESS.match(pattern, place)
            is_risky = inner.repeats or not _are_distinct(inner.inside(pattern, place - 1))
            if again is not None and again[1] is None and is_risky and not inner.is_atomic(pattern):
                return True
            groups[-1].repeats |= inner.repeats and not inner.is_atomic(pattern)
        else:
            place += 1
        found = ENDLESS.match(pattern, place)
        if found is not None:
            groups[-1].repeats = True
        found = found or BOUNDED.match(pattern, place)
        place = found.end() if found is not None else place
    return False


class _Group:
    """A group that is open."""

    def __init__(self, start: int):
        self.start, self.repeats = start, False

    def is_atomic(self, pattern: str) -> bool:
        return pattern.startswith(("(?>", "(?=", "(?!", "(?<=", "(?<!"), self.start)

    def inside(self, pattern: str, end: int) -> str:
        return re.sub(r"^\?(?:[a-z-]*:|>|<?[=!])?", "", pattern[self.start + 1 : end])


def _are_distinct(inside: str) -> bool:
    """Tell whether each of several ways begins with a sign of its own, or there is but one."""
    ways = inside.split("|")
    if len(ways) == 1:
        return True
    firsts = [way[:1] for way in ways]
    return all(LITERAL.fullmatch(first) for first in firsts) and len(set(firsts)) == len(firsts)


def _end_of_class(pattern: str, place: int) -> int:
    """Return the place after a class of signs, which may hold others."""
    depth, start = 0, place
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\":
            place += 1
        elif sign == "[":
            depth += 1
        elif sign == "]" and place > start + 1 and pattern[start + 1 : place] != "^":
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    return place


def _in(values: object) -> Iterator[str]:
    if isinstance(values, dict):
        found = values.get("Regex")
        if isinstance(found, str):
            yield found
        for value in values.values():
            yield from _in(value)
    elif isinstance(values, list):
        for value in values:
            yield from _in(value)
