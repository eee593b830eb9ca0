"""A file becomes its JSON values: one a line, the members of one array, or one after another."""

import json
import math
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from textune.errors import DataError, excerpt
from textune.reading import near_json, yaml_values
from textune.reading.lines import PIECE, blocks, line_ends, lines, record_limit

Layout = Literal["lines", "array", "sequence", "one"]
"""A value on each line; members of an array; values one after another; a single value."""
WHOLE = 1 << 28  # bytes of the largest file that is parsed as one value
KINDS: dict[type, str] = {  # of values, in words
    **{str: "a text", list: "a list", dict: "an object", bool: "a truth value", type(None): "null"},
    **dict.fromkeys((int, float), "a number"),
}
NAN = "NaN"  # as pandas and Python write a missing number
_SHORT = 4_096  # characters by which an array is known that another program wrote
_SPACE = re.compile(r"[ \t\r\n]*")


class Value(NamedTuple):
    """A JSON value of a file, or what is wrong where one should be."""

    line: int
    value: Any
    fault: str  # "" where there is a value
    shown: str  # how it begins in the file
    number: int = 0  # of the value, where its line is no place of its own
    is_last: bool = False  # whether nothing after a fault can be read

    def place(self, name: str) -> str:
        """Name where it stands in a file of this name."""
        return f"{name}: row {self.number}" if self.number else f"{name}:{self.line}"


def values(path: Path) -> Iterator[Value]:
    """Stream the values of a file of any layout, of any kind; YAML is taken for what it says.

    Raises:
        DataError: It is nearly JSON, as Python or JavaScript write it, or damaged at the beginning.
    """
    if yaml_values.is_yaml(path):
        return (Value(one.line, one.value, "", "") for one in yaml_values.members(path))
    found = layout(path)
    if found == "lines":
        return values_of_lines(path)
    if found == "one":
        return iter([Value(1, whole(path), "", "")])
    return _numbered(_members(path) if found == "array" else _sequence(path))


def layout(path: Path) -> Layout:
    """Tell how values stand in a file, by its beginning.

    Raises:
        DataError: As `values`.
    """
    text = _Text(blocks(path, PIECE))
    sign = text.peek()
    if not sign:
        return "lines"
    first, second = text.lines()
    if sign == "[":
        is_list = _is_value(first) and second.startswith("[")
        near_json.refuse_array(path, text.text[text.at : text.at + _SHORT])
        return "lines" if is_list else "array"
    if sign == "{" and _is_value(first):
        return "lines"
    if sign != "{":
        near_json.refuse_beginning(path, text.text, first)
        return "lines"
    if second.startswith("{"):
        near_json.refuse_first(path, first)
        return "lines"
    return _spread(path, text)


def _spread(path: Path, text: "_Text") -> Layout:
    """Tell one object from several, where they do not stand on a line each."""
    found, end = text.value()
    if found.fault and text.is_cut:  # larger than is looked at here
        return "one"
    if not end:
        if text.fault_at < 0:
            raise DataError(f"{path.name}:{text.line}: {found.fault}; {near_json.ROWS}")
        ahead = text.text[text.at :]
        raise DataError(near_json.refusal(path, ahead, text.fault_at - text.at, text.line))
    text.skip(end)
    if text.peek() == "{":
        return "sequence"
    if text.peek():
        near_json.refuse_after(path, text.text[text.at :], text.line)
    return "one"


def whole(path: Path) -> object:
    """Parse a file that is one value.

    Raises:
        DataError: No JSON, with line and column; or more than is read as one value.
    """
    taken: list[str] = []
    size = 0
    for _, piece in blocks(path, PIECE):
        taken.append(piece)
        size += len(piece)
        if size > WHOLE:
            raise DataError(
                f"{path.name}: this is one JSON value of more than {WHOLE >> 20} MiB, which is "
                "read into memory as a whole; write one row a line, with the keys that lead to "
                "the rows in place of data: jq -c '.data[]' FILE > rows.jsonl"
            )
    text = "".join(taken)
    try:
        return parse(text)
    except json.JSONDecodeError as error:
        raise DataError(near_json.refusal(path, text, error.pos, 1)) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name}: {_reason(error)}; write the file again") from error


def values_of_lines(path: Path) -> Iterator[Value]:
    """Stream the values of a file that has one on each line, whatever the first is."""
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            try:
                yield Value(number, parse(line), "", line)
            except (ValueError, RecursionError) as error:
                fault = f"{_reason(error)}: {excerpt(line.strip())}"
                yield Value(number, None, fault, line)


def parse(text: str) -> object:
    """Parse one JSON value strictly.

    Raises:
        ValueError: No JSON, a key twice in one object, or a number that is none or too large.
        RecursionError: Nested too deeply.
    """
    return _DECODER.decode(text)


def _is_value(line: str) -> bool:
    try:
        parse(line)
    except (ValueError, RecursionError):
        return False
    return True


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON object (column {error.colno}: {error.msg})"
    if isinstance(error, RecursionError):
        return "no JSON that can be read (nested too deeply)"
    return str(error)


def _numbered(members: Iterator[Value]) -> Iterator[Value]:
    """Number values, where they do not begin on lines of their own."""
    head = list(islice(members, 2))
    is_dense = len(head) == 2 and head[0].line == head[1].line and not head[1].fault
    for number, found in enumerate(chain(head, members), start=1):
        yield found._replace(number=number) if is_dense and not found.fault else found


def _members(path: Path) -> Iterator[Value]:
    """Stream the members of one array, however its lines are broken, up to the first fault."""
    text = _Text(blocks(path, PIECE))
    text.peek()
    text.skip(1)
    if text.peek() == "]":
        return
    sign = ","
    while sign == "," and text.peek():
        if text.peek() == "]":
            fault = "a comma stands before the closing bracket, which JSON does not allow"
            yield Value(text.line, None, fault, "", is_last=True)
            return
        found, end = text.value()
        yield found
        if not end:
            return
        text.skip(end)
        sign = text.peek()
        text.skip(1 if sign in ",]" else 0)
    if sign != "]" or text.peek():
        broken = excerpt(text.text[text.at :].lstrip())
        yield Value(text.line, None, f"the array breaks off here: {broken}", "", is_last=True)


def _sequence(path: Path) -> Iterator[Value]:
    """Stream values that stand one after another, up to the first fault."""
    text = _Text(blocks(path, PIECE))
    while text.peek():
        found, end = text.value()
        yield found
        if not end:
            return
        text.skip(end)


class _Text:
    """Text that is read as far as the next value needs, with the number of its line."""

    def __init__(self, source: Iterator[tuple[int, str]]) -> None:
        self.text, self.at, self.line = "", 0, 1
        self.is_cut = False  # whether a value went on beyond what is looked at
        self.fault_at = -1  # where the last value was no JSON
        self._source = source
        self._ended = False

    def peek(self) -> str:
        """Skip white space and show the sign after it; empty at the end."""
        while True:
            rest = len(self.text) - self.at
            space = _SPACE.match(self.text, self.at)
            self.skip(space.end() - self.at if space else rest)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def skip(self, count: int) -> None:
        """Go on by so many signs."""
        if count:
            self.line += line_ends(
                self.text[self.at : self.at + count].encode(errors="surrogatepass")
            )
            self.at += count

    def lines(self) -> tuple[str, str]:
        """Show the line that begins here and the next that is not blank, as far as they are short.

        The first goes on to the end of what is read where it has no end there.
        """
        while True:
            ahead = self.text[self.at :]
            first, *others = re.split(r"[\r\n]+", ahead, maxsplit=1)
            second = others[0].lstrip() if others else ""
            if second or len(ahead) > record_limit() or not self._more():
                return first.strip(), second

    def value(self) -> tuple[Value, int]:
        """Read a value, or say what is wrong; then its length, 0 where the reading must end."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                is_open = error.pos >= len(self.text) - 8 or error.msg.startswith("Unterminated")
                if is_open and not self._ended:
                    self.is_cut = len(self.text) - self.at >= record_limit()
                    if not self.is_cut and self._more():
                        continue
                self.fault_at = error.pos
                reason = near_json.reason(self.text, error.pos) or error.msg
                return self._fault(f"no JSON object ({reason})"), 0
            except (ValueError, RecursionError) as error:
                return self._fault(_reason(error)), 0
            if end == len(self.text) and self._more():  # a number may go on
                continue
            shown = self.text[self.at : self.at + 80]
            return Value(self.line, value, "", shown), end - self.at

    def _fault(self, what: str) -> Value:
        shown = self.text[self.at : self.at + 80]
        fault = f"{what}: {excerpt(self.text[self.at :])}"
        return Value(self.line, None, fault, shown, is_last=True)

    def _more(self) -> bool:
        """Read on, as much again as waits already: a long value is parsed a few times only."""
        waiting = len(self.text) - self.at
        taken, size = [self.text[self.at :]], 0
        for _, piece in self._source:
            taken.append(piece)
            size += len(piece)
            if size >= waiting:
                break
        else:
            self._ended = True
        if size:
            self.text, self.at = "".join(taken), 0
        return size > 0


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object, none of whose keys stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the key {excerpt(twice)} stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > 1_000:
        raise ValueError(f"the number {text[:40]}… is too large")
    return int(text)


def _constant(text: str) -> None:
    """Take NaN, which Python's programs write for what is missing, as null.

    Raises:
        ValueError: Another one, which is infinite.
    """
    if text != NAN:
        raise ValueError(f"{text} is not JSON; write null, or the text in quotes")


_DECODER = json.JSONDecoder(
    object_pairs_hook=unique,
    parse_float=_finite,
    parse_int=_integer,
    parse_constant=_constant,
)
