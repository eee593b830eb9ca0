"""A file is read to its end by what its ending says it is; what cannot be is said."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

from textune.errors import first_line
from textune.storage import folders, npy

PICTURE = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"  # of a PNG: how it begins and ends


def why_not(file: Path) -> str | None:
    """Say why a file cannot be read whole; None where it can, or its ending is not known."""
    if file.is_symlink() and not file.exists():
        return "is a link to nothing"
    if not file.is_file():
        return "is no file that can be read to its end"
    read = READERS.get(file.suffix)
    if file.name == "report.html":
        return None if folders.is_page(file) else "is not written to its end"
    try:
        return read(file) if read is not None else None
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or first_line(error, 120)
        return f"cannot be read: {why}"


def _json(file: Path) -> str | None:
    found = json.loads(file.read_text(encoding="utf-8"))
    return None if isinstance(found, dict | list) else "holds no object of JSON"


def _lines(file: Path) -> str | None:
    """Read lines of JSON; a line that was cut is found by its number."""
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                json.loads(line)
            except (ValueError, RecursionError):
                return f"cannot be read: line {number:,} is no JSON"
    return None


def _toml(file: Path) -> str | None:
    return None if tomllib.loads(file.read_text(encoding="utf-8")) else "is empty"


def _table(file: Path) -> str | None:
    """Read a table, a group of rows at a time."""
    import pyarrow as pa  # heavy, and not needed where there is none
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            for group in range(opened.num_row_groups):
                opened.read_row_group(group).validate(full=True)
    except pa.ArrowException as error:
        return f"cannot be read: {first_line(error, 120)}"
    return None


def _array(file: Path) -> str | None:
    npy.read(file)
    return None


def _picture(file: Path) -> str | None:
    content = file.read_bytes()
    begins, ends = PICTURE
    is_whole = content.startswith(begins) and content.endswith(ends)
    return None if is_whole else "is not written to its end"


READERS: dict[str, Callable[[Path], str | None]] = {
    ".json": _json,
    ".jsonl": _lines,
    ".toml": _toml,
    ".parquet": _table,
    ".npy": _array,
    ".png": _picture,
}
