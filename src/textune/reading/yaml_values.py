"""A file of YAML becomes the values that JSON would hold: the members of a list, or one mapping.

Scalars stay as they are written ("no" is no truth value), but for whole numbers and null.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from textune.errors import DataError, excerpt
from textune.reading.kinds import ending
from textune.reading.lines import opened, pieces

ENDINGS = (".yaml", ".yml")
WAY_OUT = "write its texts and labels as CSV or as JSON, one object a row"
QUOTED = ("'", '"', "|", ">")  # styles of texts
HEAD = 4096  # bytes that tell
MOST = 1 << 26  # characters of the largest file that is parsed

_BEGINS = re.compile(
    r"(?:[ \t]*(?:#[^\n]*|---[^\n]*|%YAML[^\n]*)?\r?\n)*"
    r"[ \t]*(?:-\s|[\[{]|[^\s#][^\n]*:(?:\s|$))"
)
_ROWS = re.compile(  # of two keys or more, the second with the key of the first
    r"(?:(?:#[^\n]*|---)\r?\n)*- ([\w-]+): [^\n]*\r?\n(?:  [\w-]+: [^\n]*\r?\n)+- \1: "
)
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_SEVERAL = "but found another document"  # as the parser says it
_DEEP = "lists lie within lists too often"
_NULL = frozenset(["", "~", "null", "Null", "NULL"])


class Member(NamedTuple):
    """A value of a file, and where it begins."""

    line: int
    value: Any


def is_yaml(path: Path) -> bool:
    """Tell whether a file is YAML: by its ending, or where that says text, by its first rows."""
    if ending(path) != ".txt":
        return is_named(path)
    with opened(path) as file:
        return _ROWS.match(file.read(HEAD).decode("utf-8-sig", "replace")) is not None


def is_named(path: Path) -> bool:
    """Tell by its ending whether a file is YAML."""
    return ending(path) in ENDINGS


def begins(head: bytes) -> bool:
    """Tell by its first bytes whether a file holds a list, or names with values, or nothing."""
    return not head.strip() or _BEGINS.match(head.decode("utf-8-sig", "replace")) is not None


def members(path: Path) -> tuple[Member, ...]:
    """Return the members of a list; of anything else the whole.

    The last file that was asked for is kept in memory: a file is read several times.

    Raises:
        DataError: It is no YAML, is too large, has a key twice, or refers to another place.
    """
    found = path.stat()
    return _kept(path, (found.st_mtime_ns, found.st_size, found.st_ino))


@lru_cache(maxsize=1)
def _kept(path: Path, _: tuple[int, ...]) -> tuple[Member, ...]:
    return tuple(_members(path))


def composed(path: Path, text: str) -> Any:
    """Parse a file's text into a node, with the lines of all that is in it.

    Raises:
        DataError: It is no YAML.
    """
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or "it cannot be parsed"
        if said == _SEVERAL:
            raise DataError(
                f"{path.name}{place}: a second document begins here (---), and one is read: write "
                "them as one list, or each into a file of its own"
            ) from error
        raise DataError(
            f"{path.name}{place}: this is no YAML ({said}); repair it: a text that holds ': ' or "
            "' #', or begins with a sign, needs quotes"
        ) from error


def _members(path: Path) -> Iterator[Member]:
    try:
        document = composed(path, "".join(_bounded(path)))
    except RecursionError as error:
        raise DataError(f"{path.name}: {_DEEP}; {WAY_OUT}") from error
    seen: set[int] = set()
    nodes = document.value if isinstance(document, yaml.SequenceNode) else [document]
    for node in filter(None, nodes):
        line = node.start_mark.line + 1
        try:
            yield Member(line, _value(node, seen))
        except ValueError as error:
            raise DataError(f"{path.name}:{line}: {error}") from error
        except RecursionError as error:
            raise DataError(f"{path.name}:{line}: {_DEEP}; {WAY_OUT}") from error


def _bounded(path: Path) -> Iterator[str]:
    size = 0
    for piece in pieces(path):
        size += len(piece)
        if size > MOST:
            raise DataError(
                f"{path.name}: this is YAML of more than {MOST >> 20} MiB, which is read into "
                f"memory as a whole; {WAY_OUT}"
            )
        yield piece


def _value(node: Any, seen: set[int]) -> Any:
    """Make what JSON would hold of a node.

    Raises:
        ValueError: It stands in two places (an alias), or has a key twice, or one that is no text.
    """
    if id(node) in seen:
        raise ValueError(f"refers to what stands elsewhere (*name): {_begin(node)}; write it out")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, seen) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node)
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError("a key is a list or a mapping; write a name")
        if key.value in found:
            raise ValueError(f"the key {excerpt(key.value)} stands twice; is a '- ' missing?")
        found[key.value] = _value(value, seen)
    return found


def _scalar(node: Any) -> str | int | None:
    """Return a text as it is written; a whole number and null where they stand without quotes."""
    text = str(node.value)
    if node.style in QUOTED:
        return text
    if text in _NULL:
        return None
    return int(text) if _WHOLE.fullmatch(text) else text


def _begin(node: Any) -> str:
    return excerpt(str(node.value)) if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
