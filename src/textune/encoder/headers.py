"""What safetensors files say of themselves: names, formats and shapes, before all is read."""

import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import ModelError

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"
MOST_HEADER = 100_000_000  # bytes, as the format itself has it
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes of a number that can be a weight
BUFFERS = {"I64": 8, "I32": 4, "BOOL": 1}  # beside them: positions, counts
SHOWN = 120  # characters of what was found


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor of a file."""

    format: str
    shape: tuple[int, ...]


def read(folder: Path) -> dict[str, Entry]:
    """Read the headers of all weights in a folder.

    Raises:
        ModelError: A file is damaged, quantised, or named outside the folder.
    """
    found: dict[str, Entry] = {}
    for file in files(folder):
        found |= _read(file)
    return found


def files(folder: Path) -> list[Path]:
    """Name the weights of a folder: one file, or those of its index.

    Raises:
        ModelError: The index is damaged, or names what is no safetensors file of this folder.
    """
    if (folder / WHOLE).is_file() or not (folder / INDEX).is_file():
        return sorted(folder.glob("*.safetensors"))
    index = folder / INDEX
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{index}: no index of weights that can be read: {error}") from error
    for name in names:
        is_plain = isinstance(name, str) and Path(name).name == name and "\\" not in name
        if not is_plain or not name.endswith(".safetensors"):
            raise ModelError(
                f"{index}: names {name!r:.80}; an index may name safetensors files beside it, no "
                f"pickles and nothing in other folders. Save the model anew with save_pretrained"
            )
        if not (folder / name).is_file():
            raise ModelError(f"{index}: names {name}, which is not there; copy the whole folder")
    return [folder / name for name in names]


def _read(file: Path) -> dict[str, Entry]:
    size = file.stat().st_size
    with file.open("rb") as opened:
        first = opened.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        if not 2 <= length <= min(size - 8, MOST_HEADER):
            raise _damaged(file, f"it is {size:,} bytes long and its header would be {length:,}")
        text = opened.read(length)
    try:
        header = json.loads(text)
        found = {name: header[name] for name in header if name != "__metadata__"}
        ends = [_end(name, entry) for name, entry in found.items()]
        entries = {
            name: Entry(str(entry["dtype"]), tuple(map(int, entry["shape"])))
            for name, entry in found.items()
        }
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _damaged(file, f"{type(error).__name__} in its header") from error
    if max(ends, default=0) != size - 8 - length:
        raise _damaged(
            file,
            f"its header speaks of {max(ends, default=0):,} bytes of weights, and it holds "
            f"{size - 8 - length:,}",
        )
    return entries


def _end(name: str, entry: Mapping[str, Any]) -> int:
    """Return where a tensor ends, having compared its place with its shape."""
    start, end = entry["data_offsets"]
    wide = {**SIZES, **BUFFERS}.get(entry["dtype"])
    if wide is None:
        raise ModelError(
            f"{name} has the format {entry['dtype']}: quantised weights cannot be trained, and "
            f"textune does not apply their scales; take the model in float32, bfloat16 or float16"
        )
    if not 0 <= start <= end or end - start != math.prod(entry["shape"]) * wide:
        raise ValueError(name)
    return int(end)


def _damaged(file: Path, why: str) -> ModelError:
    return ModelError(
        f"{file}: cannot be loaded as an encoder: {why:.{SHOWN}}; it is damaged or was cut short: "
        f"copy it again"
    )


def is_regular(file: Path) -> bool:
    """Tell whether there is a file that can be read to its end: no pipe, no device, no folder."""
    return os.path.isfile(file)  # noqa: PTH113  # follows links, and is False for all others
