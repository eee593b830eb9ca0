"""Bytes of any encoding become bytes of UTF-8, by a byte order mark or by the name that was given.

A mark says what a file is, and needs no name. A name is for files that are not UTF-8: one that is
well-formed UTF-8, with signs beyond ASCII in it, is read as that, and it is said.
"""

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from difflib import get_close_matches
from encodings.aliases import aliases
from pathlib import Path
from typing import BinaryIO, cast

from textune.errors import DataError, SettingsError, excerpt
from textune.reading import detecting
from textune.reading.told import Told
from textune.records import ReadOptions

Opened = Callable[[], AbstractContextManager[BinaryIO]]
PIECE = 1 << 18  # bytes read at a time
HEAD = 8  # bytes that tell a mark, or that a file is no text
USUAL = "utf-8"
MARKS = (  # the longest first: that of UTF-16 begins one of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
BINARY = (b"PAR1", b"ARROW1", b"\xff" * 4, b"PK\x03\x04", b"FEA1", b"\x28\xb5\x2f\xfd", b"BZh")
TELLING = {"sheet": "a spreadsheet", "parquet": "a Parquet or Arrow file"}
LONGEST = 8 << 20  # bytes of a line that is looked at as one
SHIFTS = {b"\x1b$B": "iso2022_jp", b"\x1b$@": "iso2022_jp", b"\x1b$)C": "iso2022_kr"}
LEAST = 4  # signs beyond ASCII that do not happen to be UTF-8, in an encoding of several bytes
UNFIT = frozenset({"idna", "mbcs", "oem", "punycode", "undefined"})  # no encodings of whole files


def codec(name: str) -> str:
    """Return the name by which Python knows an encoding of text.

    "utf-8,cp1252" is UTF-8, and cp1252 for the lines that are not.

    Raises:
        SettingsError: There is none of this name.

    Example:
        >>> codec("Windows-1252")
        'cp1252'
    """
    first, comma, second = name.partition(",")
    if comma and codec(first) == USUAL and "," not in second:
        return detecting.BOTH + codec(second)
    try:
        found = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        found = None
    if found is not None and found._is_text_encoding and found.name not in UNFIT:
        return found.name
    known = sorted({*aliases, *aliases.values()} - UNFIT - {"base64", "base64_codec"})
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    near = get_close_matches(plain, known, n=3, cutoff=0.5) or ["cp1252", "latin_1", "shift_jis"]
    what = "is no encoding of text" if found is not None else "is not known"
    raise SettingsError(
        f"--encoding {name}: this encoding {what}; allowed: those of Python, for example "
        f"{', '.join(near)}"
    )


def marked(head: bytes) -> str | None:
    """Return the encoding that a byte order mark tells, if it is not UTF-8."""
    return next((name for mark, name in MARKS if head.startswith(mark)), None)


def codec_of(path: Path, head: bytes, opened: Opened) -> str | None:
    """Return the encoding to read a file by; None for UTF-8, and for what is no text.

    Args:
        path: Of the file, and what its owner says of it.
        head: Its first bytes.
        opened: Opens it from the start, as bytes.
    """
    if name := marked(head):
        return name
    if not isinstance(path, Told) or path.encoding is None:
        return None
    name = codec(path.encoding)
    if name in (USUAL, "utf-8-sig") or head.startswith((codecs.BOM_UTF8, *BINARY)):
        return None
    if path.is_utf8 is None:
        is_both = name.startswith(detecting.BOTH)
        with opened() as file:
            path.is_utf8 = _is_utf8(path, file, name.removeprefix(detecting.BOTH), is_both=is_both)
    if name in ("utf-16", "utf-32"):  # without a mark: as Windows and most others write it
        name = f"{name}-le"
    return None if path.is_utf8 else name


def useless(form: str, options: ReadOptions) -> Iterator[str]:
    """Say that an encoding was named of what says itself how its texts are written."""
    if options.encoding is not None and form in TELLING:
        what = f"{TELLING[form]} says itself how its texts are written"
        yield f"--encoding {options.encoding} is of no effect: {what}"


def said(path: Path, head: bytes, opened: Opened) -> str:
    """Say in words which encoding is read, where it is not plainly UTF-8."""
    name = codec_of(path, head, opened)
    if marked(head):
        return f"encoding: {str(name).upper()}, as the byte order mark says"
    if name is not None:
        return f"encoding: {name}, as told"
    if isinstance(path, Told) and path.is_utf8:
        return (
            f"encoding: UTF-8, of which it is well-formed throughout: --encoding {path.encoding} "
            "is for files that are not"
        )
    return ""


def refuse_shifts(path: Path, head: bytes) -> None:
    """Refuse text of seven bits, in which other alphabets stand between escapes.

    Raises:
        DataError: It would be read as ASCII.
    """
    for sign, name in SHIFTS.items():
        if sign in head:
            lines = [line for line in head.splitlines() if sign in line][: detecting.SHOWN]
            shown = "\n".join(
                f"  {excerpt(line.decode(name, 'replace'), most=80)}" for line in lines
            )
            raise DataError(
                f"{path.name}: by its escapes the text is {name}:\n{shown}\n"
                f"if it reads right so, say --encoding {name}"
            )


def in_utf8(file: BinaryIO, name: str, path: Path) -> BinaryIO:
    """Return a stream of the same text in UTF-8."""
    if name.startswith(detecting.BOTH):
        mended = _Mended(file, name.removeprefix(detecting.BOTH), path)
        return cast(BinaryIO, io.BufferedReader(mended, PIECE))
    return cast(BinaryIO, io.BufferedReader(_Recoded(file, name, path), PIECE))


def _is_utf8(path: Path, file: BinaryIO, name: str, *, is_both: bool) -> bool:
    """Tell whether a file with signs beyond ASCII is UTF-8, whatever its owner says.

    Raises:
        DataError: Most of its lines are, and the owner says that all of it is something else.
    """
    found = detecting.census(file)
    least = 1 if _is_of_single_bytes(name) else LEAST
    if found.is_mixed and found.faulty and not is_both and found.signs.total() >= least:
        raise DataError(
            f"{path.name}: --encoding {name} is not all of it: {detecting.verdict(found)}"
        )
    return not found.faulty and found.signs.total() >= least


def _is_of_single_bytes(name: str) -> bool:
    try:
        return len(bytes(range(0xA0, 0x100)).decode(name, "replace")) == 0x60
    except UnicodeError:
        return False


class _Recoded(io.RawIOBase):
    """A stream of another encoding, read as one of UTF-8."""

    def __init__(self, file: BinaryIO, name: str, path: Path) -> None:
        self._file, self._name, self._path = file, name, path
        self._errors = "strict"  # bytes of which no sign is made
        if isinstance(path, Told) and path.faults is not None and not name.startswith("utf"):
            self._errors = "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(name)(self._errors)
        self._held, self._begun, self._ended = b"", b"", False
        self._line, self._column, self._is_returned = 1, 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        while not self._held and not self._ended:
            self._held = self._more()
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count

    def _more(self) -> bytes:
        data = self._file.read(PIECE)
        self._ended = not data
        try:
            text = self._decoder.decode(data, self._ended)
        except UnicodeDecodeError as error:
            raise self._fault(error) from error
        except UnicodeError as error:
            raise DataError(
                f"{self._path.name}:{self._line}: this is not {self._name} ({error}); name the "
                "encoding of the file, or leave --encoding out"
            ) from error
        self._count(text)
        strict = self._errors == "strict"
        return text.encode(errors="surrogatepass" if strict else self._errors)

    def _count(self, text: str) -> None:
        """Count the lines, each of which ends with LF, CR or CRLF."""
        if text:
            is_joined = self._is_returned and text.startswith("\n")
            ends = text.count("\n") + text.count("\r") - text.count("\r\n") - is_joined
            last = max(text.rfind("\n"), text.rfind("\r"))
            self._line += ends
            self._column = len(text) - last - 1 + (self._column if last < 0 else 0)
            self._is_returned = text.endswith("\r")

    def _fault(self, error: UnicodeDecodeError) -> DataError:
        self._count(error.object[: error.start].decode(self._name, "replace"))
        shown = excerpt(
            error.object[max(0, error.start - 20) : error.start + 20].decode(
                self._name, "backslashreplace"
            )
        )
        return DataError(
            f"{self._path.name}:{self._line}:{self._column + 1}: the byte "
            f"0x{error.object[error.start]:02x} is not {self._name}: {shown}; name the encoding "
            "of the file, or leave --encoding out to be shown how it could read"
        )


class _Mended(_Recoded):
    """A stream of UTF-8 with some lines of another encoding, read as one of UTF-8."""

    def _more(self) -> bytes:
        data = self._begun + self._file.read(PIECE)
        self._ended = len(data) == len(self._begun)
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if self._ended or (not end and len(data) > LONGEST):
            end = len(data)
        whole, self._begun = data[:end], data[end:]
        return whole if _is_sound(whole) else b"".join(map(self._line_of, whole.splitlines(True)))

    def _line_of(self, line: bytes) -> bytes:
        try:
            return (
                line if _is_sound(line) else line.decode(self._name).encode(errors="surrogatepass")
            )
        except UnicodeDecodeError as error:
            shown = excerpt(line.decode(errors="backslashreplace"))
            raise DataError(
                f"{self._path.name}: {shown} is neither UTF-8 nor {self._name}: {error.reason}; "
                "name another encoding for such lines"
            ) from error


def _is_sound(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
