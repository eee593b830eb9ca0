"""Files of every reader with bytes, lines, keys and values changed: read whole, or refused.

Where a file is read, every text that still stands in its bytes stands in a row of its own; rows
that are left out are counted in the findings. Nothing is shortened in silence.
"""

import json
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from proofs.readers_made import TEXTS, files
from proofs.trials import Setting, Trial

SAID = frozenset(["left out", "faulty", "empty"])  # findings that count rows
SECONDS = 5.0  # that reading one small file may take
PIECES = (
    *(b'"', b'""', b"\0", b"\r", b"\n", b",", b";", b"\t", b"\xff", b"[", b"{", b"}", b"]"),
    *(b"'", b"\\", b"\n\n", b"\xe2\x80\x8b", b"=1+1", b"9" * 400, b"1e999", b"\xef\xbb\xbf"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 2**70, 1e308, "", " ", [], {}, [[]], [None], {"a": {"b": [1]}}, "\x00"),
    *(["x", 3], {"text": "y"}, "9" * 5_000),
)
_NO_TEXT = re.compile(  # where the bytes of a text are part of something else
    rb"__label__\S*Dan|#Text=[^\n]*|^(?!\d{1,9}\|)[^\n]*\|t\|[^\n]*", re.MULTILINE
)
SIGNS = b",;\t|: \"'"
Change = Callable[[bytes, random.Random], bytes]


def readers(setting: Setting) -> Iterator[Trial]:
    """Change sound files of every reader and let them be checked, in this process."""
    good = files()
    for number in range(setting.count):
        name = setting.draw.choice(sorted(good))
        content = changed(good[name], setting.draw)
        file = setting.folder / name
        file.write_bytes(content)
        began = time.process_time()
        fault, outcome = judge(file, content)
        seconds = time.process_time() - began
        if seconds > SECONDS:
            fault = f"took {seconds:.1f} s"
        if fault is not None:
            shutil.copy(file, setting.folder / f"fault-{number}-{name}")
        yield Trial(f"{number}: {name}", fault, outcome)
        file.unlink()


def judge(file: Path, content: bytes) -> tuple[str | None, str]:
    """Check a file, and say what is wrong with how that ended, and how it did."""
    from textune.errors import TextuneError
    from textune.survey import survey

    try:
        found = survey.check(file, count_tokens=lambda texts: [len(texts)] * len(texts))
        cells = [row.cells for row in found.table.rows()]
    except TextuneError as error:
        is_named = file.suffix == ".zip" or file.name.partition(".")[0] in str(error)
        return (
            None if is_named else f"the message does not name the file: {error!s:.120}"
        ), "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.160}", "failed"
    left_out = sum(
        one.count for one in found.findings if one.kind in ("left out", "faulty", "empty")
    )
    lost = missing(cells, content)
    if len(lost) > left_out:
        return f"{len(lost)} texts of the file stand in no row of their own: {lost[0]!r}", "read"
    return None, "read"


def missing(rows: Sequence[Sequence[str]], content: bytes) -> list[str]:
    """Name the texts that stand in the bytes of a file, but in no cell of their own."""
    held = [cell for row in rows for cell in (*row, " ".join(row), *_joined(row))]
    alone = [cell for cell in held if len(_lines_with_texts(cell)) == 1]
    return [text for text in TEXTS if _stands(text, content) and not _among(text, alone)]


def _lines_with_texts(cell: str) -> list[str]:
    """Take the lines of a cell in which texts stand: of several, some are rows of their own."""
    return [line for line in cell.splitlines() if any(text in line for text in TEXTS)]


def _stands(text: str, content: bytes) -> bool:
    return text.encode() in _NO_TEXT.sub(b"", content)


def _among(text: str, cells: Sequence[str]) -> bool:
    return any(text in cell for cell in cells)


def _joined(row: Sequence[str]) -> Iterator[str]:
    """Join the words of cells that hold lists."""
    for cell in row:
        if cell.startswith("["):
            try:
                words = json.loads(cell)
            except ValueError:
                continue
            if all(isinstance(word, str) for word in words):
                yield " ".join(words)


def changed(content: bytes, draw: random.Random) -> bytes:
    """Change a file in one to three ways."""
    for _ in range(draw.randint(1, 3)):
        content = draw.choice(CHANGES)(content, draw)
    return content


def _bytes(content: bytes, draw: random.Random) -> bytes:
    data, at = bytearray(content), draw.randrange(len(content) + 1)
    kind = draw.randrange(4)
    if kind == 0:
        data[at : at + 1] = bytes([draw.randrange(256)])
    elif kind == 1:
        data[at:at] = draw.choice(PIECES)
    elif kind == 2:
        del data[at : at + draw.randint(1, 60)]
    else:
        data[at:at] = data[at : at + draw.randint(1, 200)]
    return bytes(data)


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _lines(content: bytes, draw: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at, kind = draw.randrange(len(lines)), draw.randrange(3)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, draw.choice(lines))
    else:
        lines.insert(at, draw.choice([b"\n", b"   \n", b"#\n", b"-DOCSTART- -X- O\n", b"{}\n"]))
    return b"".join(lines)


def _signs(content: bytes, draw: random.Random) -> bytes:
    """Put one sign in the place of another, everywhere or once."""
    one, other = bytes([draw.choice(SIGNS)]), bytes([draw.choice(SIGNS)])
    return content.replace(one, other, draw.choice([1, 3, -1]))


def _values(content: bytes, draw: random.Random) -> bytes:
    """Change a value, or a key, somewhere inside JSON."""
    text = content.decode(errors="replace")
    try:
        value = json.loads(text)
        return json.dumps(_spoilt(value, draw)).encode()
    except (ValueError, RecursionError):
        lines = text.splitlines()
    at = draw.randrange(len(lines) + 1)
    try:
        lines[at] = json.dumps(_spoilt(json.loads(lines[at]), draw))
    except (ValueError, IndexError, RecursionError):
        return content
    return "".join(f"{line}\n" for line in lines).encode()


def _spoilt(value: Any, draw: random.Random) -> Any:
    """Go down some way and put another value there, rename a key, or wrap what stands there."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        key = draw.choice(list(value))
        if draw.random() < 0.3:
            return {
                draw.choice(["x", "", f"{key} "]) if k == key else k: v for k, v in value.items()
            }
        return value | {key: _spoilt(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        return [*value[:at], _spoilt(value[at], draw), *value[at + 1 :]]
    return draw.choice([*VALUES, [value], {"x": value}, {"text": value}])


CHANGES: tuple[Change, ...] = (_bytes, _bytes, _cut, _lines, _lines, _signs, _values, _values)
