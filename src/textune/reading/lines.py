"""A file on disk becomes checked text, in pieces that end where a line ends.

Text is UTF-8, with or without a byte order mark, or what its mark or its owner says. A line ends
with LF, CR or CRLF, in any mixture, and with nothing else, so that a line number is the one an
editor shows. NUL is refused; other control characters are text. Nothing here holds more than
`record_limit()` bytes of a file.
"""

import codecs
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from textune.errors import DataError, SettingsError, excerpt
from textune.reading import detecting, encodings, packing
from textune.reading.told import Told

PIECE = 1 << 18  # bytes read at a time
CELL_LIMIT = 1 << 20  # characters in a cell, where nobody allows more
RECORD_LIMIT = 8 << 20  # bytes in a line, or in a record of several lines
LARGER = "TEXTUNE_CELL_MIB"  # the variable that allows more: MiB in a cell
MOST_MIB = 1 << 10

LARGER_WAY_OUT = (
    "shorten it, split it over several rows, or allow larger cells: --max-cell-mib 64, or the "
    f"variable {LARGER}=64"
)
_ALLOWED: ContextVar[int | None] = ContextVar("max_cell_mib", default=None)
_MARK = re.compile(r"(?<=[\r\n])\ufeff")
BOM = b"\xef\xbb\xbf"


@contextmanager
def allowing(mib: int | None) -> Iterator[None]:
    """Read cells of so many MiB meanwhile; None for as many as the variable says."""
    before = _ALLOWED.set(mib)
    try:
        yield
    finally:
        _ALLOWED.reset(before)


def cell_limit() -> int:
    """Return how many characters a cell may have: 1 MiB, or as many as somebody allows.

    Raises:
        SettingsError: The variable holds no number of MiB.
    """
    if (allowed := _ALLOWED.get()) is not None:
        return allowed << 20
    given = os.environ.get(LARGER)
    if given is None or not given.strip():
        return CELL_LIMIT
    if not given.strip().isdecimal() or not 1 <= int(given) <= MOST_MIB:
        raise SettingsError(f"{LARGER}={given}: allowed: MiB in a cell, 1 to {MOST_MIB:,}")
    return int(given) << 20


def record_limit() -> int:
    """Return how many bytes a line, or a record of several lines, may have."""
    return max(RECORD_LIMIT, 8 * cell_limit())


def too_large(cell: str, where: str = "") -> str:
    """Say that a cell is larger than is read."""
    limit = cell_limit()
    said = f"a cell has more than {limit:,} characters ({limit >> 20} MiB)"
    return f"{said}{where}: {excerpt(cell)}"


def lines(path: Path) -> Iterator[str]:
    """Stream the lines of a file, each with its own line end.

    Raises:
        DataError: The file cannot be read, or is no UTF-8 text; see `pieces`.
    """
    return chain.from_iterable(StringIO(piece, newline="") for piece in pieces(path))


def pieces(path: Path) -> Iterator[str]:
    """Stream a text file in pieces of whole lines.

    What stands before a fault is yielded before the fault is raised.

    Raises:
        DataError: A byte that is not UTF-8, a NUL, a line beyond the limit, a damaged packed file.
    """
    held = ""
    for line, block in blocks(path, PIECE):
        text = held + block
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        if not end and len(text) > record_limit():
            raise DataError(
                f"{path.name}:{line}: the line has no end within {record_limit() >> 20} MiB: "
                f"{excerpt(text)}; write one record a line"
            )
        held = text[end:]
        if end:
            yield text[:end]
    if held:
        yield held


def blocks(path: Path, size: int) -> Iterator[tuple[int, str]]:
    """Stream a file as text, so many bytes at a time, each with the line on which it begins.

    It is parted anywhere but inside a CRLF.

    What stands before a fault, up to its line, is yielded before the fault is raised.

    Raises:
        DataError: A byte that is not UTF-8, a NUL, a damaged packed file.
    """
    line, column = 1, 0
    with opened(path) as file:
        data = file.read(size).removeprefix(BOM)
        while data:
            more = file.read(size)
            end = len(data) - (_begun(data) if more else 0)
            for text in _decoded(path, data[:end], line, column):
                if "\ufeff" in text:  # marks of files that were put one after the other
                    text = _MARK.sub("", text.removeprefix("\ufeff") if not column else text)
                yield line, text
                last = max(text.rfind("\n"), text.rfind("\r"))
                column = len(text) - last - 1 + (column if last < 0 else 0)
            line += line_ends(data[:end])
            data = data[end:] + more


def _decoded(path: Path, data: bytes, line: int, column: int) -> Iterator[str]:
    """Decode what begins on a line, after so many of its characters; up to a fault, whole lines."""
    at = data.find(b"\0")
    try:
        text = data[: None if at < 0 else at].decode()
    except UnicodeDecodeError as error:
        at = error.start
    if at < 0:
        yield text
    elif _is_tolerated(path, data):
        yield data.decode(errors="surrogateescape")
    else:
        yield from _before_fault(path, data, line, at, column)


def _is_tolerated(path: Path, data: bytes) -> bool:
    """Tell whether faulty bytes are to be left out with their rows, and are few.

    Where most lines are of another encoding, that is to be named.
    """
    if not isinstance(path, Told) or path.faults is None:
        return False
    if path.is_mixed is None:
        with opened(path) as file:
            found = detecting.census(file)
        path.is_mixed = found.is_mixed or not found.faulty
    return path.is_mixed and detecting.wide(data[:2000]) is None


def line_ends(data: bytes) -> int:
    """Count the line ends: CRLF is one."""
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file as `unpacked` does; text of another encoding comes as UTF-8."""
    with unpacked(path) as file:
        name = encodings.codec_of(path, _head(path, file), partial(unpacked, path))
        yield file if name is None else encodings.in_utf8(file, name, path)


def said_of(path: Path) -> str:
    """Say in which encoding a file is read, where it is not plainly UTF-8."""
    with unpacked(path) as file:
        return encodings.said(path, _head(path, file), partial(unpacked, path))


def _head(path: Path, file: BinaryIO) -> bytes:
    """Look at the first bytes of an open file; what cannot go back is opened once more."""
    if file.seekable():
        head = file.read(encodings.HEAD)
        file.seek(0)
        return head
    with unpacked(path) as other:
        return other.read(encodings.HEAD)


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or a member of a zip archive, for reading bytes; what is packed is unpacked.

    Raises:
        DataError: The file cannot be opened or read, or what packs it is damaged.
    """
    try:
        with packing.stored(path) as file:
            packed = packing.of_open(file, path)
            if packed is None:
                yield file
            else:
                with packed.unpacked(file) as plain:
                    yield cast(BinaryIO, plain)
    except packing.FAULTS as error:
        packing.refuse_damaged(path, error)
    except OSError as error:
        if error.errno is None:  # not the disk's: of what unpacks
            packing.refuse_damaged(path, error)
        raise packing.unread(path, error) from error


def mending(path: Path, command: str, *, mark: str) -> str:
    """Write the shell command that sends a file through another and keeps the result beside it."""
    name = path.name
    result = shlex.quote(f"{mark}-{name[: len(packing.bare(name))]}")
    if reading := packing.reading(path):
        return f"{reading} | {command} > {result}"
    return f"{command} < {shlex.quote(str(path))} > {result}"


def _begun(data: bytes) -> int:
    """Count the bytes at the end that are the beginning of a character or of a CRLF."""
    if data.endswith(b"\r"):
        return 1
    tail = data[-3:]
    return len(tail) - codecs.utf_8_decode(tail, "ignore", False)[1]


def _before_fault(path: Path, data: bytes, line: int, at: int, column: int) -> Iterator[str]:
    """Yield the lines before the first faulty byte, then raise."""
    start = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
    if start:
        yield data[:start].decode()
    column = len(data[start:at].decode()) + 1 + (0 if start else column)
    place = f"{path.name}:{line + line_ends(data[:start])}:{column}"
    if not data[at]:
        _refuse_nul(path, place, data)
    around = data[max(start, at - 20) : at + 40].split(b"\n")[0]
    shown = excerpt(around.decode(errors="backslashreplace"))
    with unpacked(path) as file:
        found = detecting.verdict(detecting.census(file))
    raise DataError(f"{place}: the byte 0x{data[at]:02x} is not UTF-8: {shown}; {found}")


def _refuse_nul(path: Path, place: str, data: bytes) -> NoReturn:
    """Explain a NUL: many of them are an encoding of wide units, few are damage."""
    if (name := detecting.wide(data[:2000])) is not None:
        raise DataError(f"{path.name}:1:1: {detecting.wide_verdict(data, name)}")
    raise DataError(
        f"{place}: a NUL character, which no text contains; the file is binary or damaged: export "
        "it again, or remove them: " + mending(path, "tr -d '\\000'", mark="clean")
    )
