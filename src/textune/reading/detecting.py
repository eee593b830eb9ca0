"""Bytes that are not UTF-8 become what they may be: an encoding, and lines as they would read.

Nothing is read by such a verdict: it is shown, with the option by which its owner may take it.
"""

import codecs
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from textune.errors import excerpt

BOTH = "utf-8,"  # before the encoding of the lines that are not UTF-8
PIECE = 1 << 18  # bytes read at a time
LINE = 1 << 12  # bytes of a line that are looked at
SAMPLE = 1 << 14  # bytes that are judged
USUAL_CHAOS = 0.15  # of an encoding that nobody proposes
# signs, none of letters, that may follow a letter: a hard space, quotes, dashes, a dot, (R), TM
INSIDE = frozenset(
    "\u00a0\u00ab\u00bb\u00b7\u00b0\u00ae\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2122"
)
SIGNS = 1_000  # different signs, and lines of them, by which sound text is known
SHOWN = 3  # lines shown as they would read
OTHERS = 3  # other encodings that are named
LISTED = 10  # lines whose numbers are given
# the most widely used first: where two are as likely
COMMON = (
    *("cp1252", "cp1251", "gb18030", "cp932", "cp949", "big5", "euc_jp", "cp1250", "cp1256"),
    *("cp1254", "cp1253", "cp1255", "cp874", "cp1257", "koi8_r", "cp866", "cp850", "cp437"),
    *("mac_roman", "iso8859_2", "iso8859_15", "latin_1", "cp1258", "iso2022_jp", "koi8_u"),
)
WIDE = (b"\0\0\0", "utf-32-le", "utf-32-be"), (b"\0", "utf-16-le", "utf-16-be")


@dataclass(slots=True)
class Census:
    """The lines of a file in which there is more than ASCII."""

    sound: int = 0  # lines that are UTF-8
    faulty: int = 0
    first: list[tuple[int, bytes]] = field(default_factory=list)  # of the faulty ones
    signs: Counter[str] = field(default_factory=Counter)  # beyond ASCII, of the first sound ones

    @property
    def is_mixed(self) -> bool:
        """Whether lines are UTF-8 by more than chance, beside those that are not."""
        return self.sound > 1 and 4 * self.sound > self.faulty


@dataclass(frozen=True, slots=True)
class Guess:
    """An encoding that a file may be in, and how some of its lines read in it."""

    encoding: str
    lines: tuple[str, ...]


def census(file: BinaryIO) -> Census:
    """Count the lines that are UTF-8 and those that are not, in bounded memory."""
    found = Census()
    kept = 0
    for number, line in _lines(file):
        if line.isascii():
            continue
        try:
            text = line.decode()
            found.sound += 1
            if len(found.signs) < SIGNS and found.sound < SIGNS:
                found.signs.update(sign for sign in text if sign > "\x7f")
        except UnicodeDecodeError as error:
            if len(line) == LINE and error.start >= LINE - 3:  # it was cut inside a character
                found.sound += 1
                continue
            found.faulty += 1
            if kept < SAMPLE or len(found.first) < LISTED:
                found.first.append((number, line))
                kept += len(line)
    return found


def guesses(found: Census) -> list[Guess]:
    """Name the encodings that the faulty lines may be in, the likeliest first."""
    from charset_normalizer import from_bytes  # 40 ms, which a sound file does not need

    sample = b"\n".join(line for _, line in found.first)[:SAMPLE]
    seen = dict.fromkeys(COMMON, (USUAL_CHAOS, 0.0))
    for match in from_bytes(sample, threshold=0.3):
        names = [name for name in match.could_be_from_charset if not name.startswith("utf")]
        seen |= dict.fromkeys(names, (match.chaos, match.coherence))
    made: dict[str, tuple[tuple[float, ...], str]] = {}  # text → how unlikely, encoding
    for name, (chaos, coherence) in seen.items():
        if (text := _decoded(sample, name)) is None:
            continue
        rank = COMMON.index(name) if name in COMMON else len(COMMON)
        unlikely = (_strange(text, found.signs), rank == len(COMMON), chaos // 0.1)
        found_before = made.get(text)
        made[text] = min(
            found_before or ((9.0,), ""), ((*unlikely, -round(coherence, 1), rank), name)
        )
    return [Guess(name, _shown(found, name)) for _, name in sorted(made.values())]


def wide(head: bytes) -> str | None:
    """Name the encoding of text in which every other byte, or three of four, are NUL."""
    for zeros, little, big in WIDE:
        width = len(zeros) + 1
        whole = head[: len(head) // width * width]
        units = [whole[at : at + width] for at in range(0, len(whole), width)]
        for name, is_wide in ((little, bytes.endswith), (big, bytes.startswith)):
            if units and sum(is_wide(unit, zeros) for unit in units) > 0.7 * len(units):
                return name
            end = b"\n" + zeros if name == little else zeros + b"\n"
            if units.count(end) == whole.count(b"\n") > 1 and zeros + zeros not in units:
                return name  # of a script whose signs have no NUL in them
    return None


def wide_verdict(data: bytes, name: str) -> str:
    """Say that text has wide units, how its beginning reads, and the option by which it is read."""
    lines = [line for line in data[:SAMPLE].decode(name, "replace").splitlines() if line.strip()]
    shown = [line for line in lines if not line.isascii()][:SHOWN] or lines[:SHOWN]
    said = [f"by its NUL bytes the text is {name}, without a byte order mark:"]
    said += [f"  {excerpt(line, most=80)}" for line in shown]
    return "\n".join([*said, f"if it reads right so, say --encoding {name}"])


def _decoded(sample: bytes, name: str) -> str | None:
    """Decode a sample, which may end inside a character; None where it is something else."""
    try:
        return codecs.getincrementaldecoder(name)().decode(sample)
    except (LookupError, UnicodeError):
        return None


def _strange(text: str, known: Counter[str]) -> float:
    """Return the share of signs, roughly, that are not in use: in the file, or anywhere.

    Nor are signs of punctuation and capitals in use after the small letters of a word.
    """
    odd = signs = 0
    for before, sign in zip(f" {text}", text, strict=False):
        if sign > "\x7f":
            signs += 1
            inside = before.isalpha() and sign < "\u3000" and not sign.isalnum()
            is_capital = before.islower() and sign.isupper()
            inside = inside and sign not in INSIDE
            odd += sign not in known if known else inside or is_capital or _is_rare(sign)
    return round(20 * odd / max(1, signs)) / 20


def _is_rare(sign: str) -> bool:
    """Tell signs that a wrong encoding makes of a text from those that people write."""
    if "\u4e00" <= sign <= "\u9fff":  # the first levels of the national sets are those in use
        return not any(
            low <= sign.encode(name, "ignore")[:1] <= high
            for name, low, high in (
                ("gb2312", b"\xb0", b"\xd7"),
                ("shift_jis", b"\x88", b"\x98"),
                ("big5", b"\xa4", b"\xc6"),
            )
        )
    if "\uac00" <= sign <= "\ud7a3":
        return not sign.encode("euc_kr", "ignore")
    return "\x80" <= sign <= "\x9f" or "\u2500" <= sign <= "\u25ff" or "\uff61" <= sign <= "\uff9f"


def verdict(found: Census) -> str:
    """Say what faulty lines may be, how some read so, and the option by which they are read."""
    sample = b"".join(line for _, line in found.first)
    if 20 * sum(byte < 9 or 13 < byte < 27 for byte in sample) > len(sample):
        return "the file is binary or damaged: export it again"
    likely, *others = [*guesses(found)[: OTHERS + 1]] or [
        Guess("latin_1", _shown(found, "latin_1"))
    ]
    numbers = ", ".join(f"{number:,}" for number, _ in found.first[:LISTED])
    more = f" and {found.faulty - LISTED:,} more" if found.faulty > LISTED else ""
    count = f"{found.faulty:,} lines are not UTF-8" if found.faulty > 1 else "1 line is not UTF-8"
    mixed = (
        f" while {found.sound:,} with such signs are: encodings are mixed" if found.sound else ""
    )
    said = [f"{count}{mixed}: {numbers}{more}", f"by its bytes it may be {likely.encoding}:"]
    said += [f"  {line}" for line in likely.lines]
    said += [f"or {other.encoding}: {other.lines[0]}" for other in others if other.lines]
    if found.is_mixed:
        said.append(
            f"if it reads right so, say --encoding {BOTH}{likely.encoding}: UTF-8, and "
            f"{likely.encoding} for the lines that are not; or leave them out: --faulty skip"
        )
    else:
        said.append(f"if it reads right so, say --encoding {likely.encoding}")
    return "\n".join(said)


def _shown(found: Census, name: str) -> tuple[str, ...]:
    return tuple(
        f"line {number:,}: {excerpt(_near(line).decode(name, 'replace'), most=80)}"
        for number, line in found.first[:SHOWN]
    )


def _near(line: bytes) -> bytes:
    """Cut a long line around its first byte beyond ASCII."""
    at = next(place for place, byte in enumerate(line) if byte > 0x7F)
    start = 0 if at < 60 else line.rfind(b" ", 0, at - 30) + 1
    return line[start : start + 160].rstrip(b"\r\n")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Stream the beginnings of lines, with their numbers."""
    number, held, is_cut = 1, b"", False
    while data := file.read(PIECE):
        if data.endswith(b"\r"):  # which may be half of a line end
            data += file.read(1)
        *whole, rest = (held + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            if not is_cut:
                yield number, line[:LINE]
            number, is_cut = number + 1, False
        held = rest
        if len(held) > LINE:
            if not is_cut:
                yield number, held[:LINE]
            held, is_cut = b"", True
    if held and not is_cut:
        yield number, held[:LINE]
