"""What safetensors files say of themselves: names, formats and shapes, before all is read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from textune.errors import ModelError, first_line

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"
PAIRS = "pair_head.safetensors"  # beside them, of a model that encodes the texts of a pair apart
OWN = "own_head.safetensors"  # beside them, of a model with a head of the user's own
FORMATS = frozenset(  # of numbers that can be weights, or beside them: positions, counts
    ["F64", "F32", "F16", "BF16", "I64", "I32", "BOOL"]
)
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
        return sorted(
            file for file in folder.glob("*.safetensors") if file.name not in (PAIRS, OWN)
        )
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


def beside(folder: Path) -> dict[str, Entry]:
    """Read the headers of heads that lie beside a model's weights; nothing where there are none.

    Raises:
        ModelError: A file is damaged.
    """
    heads = [folder / name for name in (PAIRS, OWN) if is_regular(folder / name)]
    return {name: entry for file in heads for name, entry in _read(file).items()}


def _read(file: Path) -> dict[str, Entry]:
    try:
        with file.open("rb"):  # safetensors says of one that it may not open that it is not there
            pass
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error.strerror}); check who may read the file"
        ) from error
    try:
        with safe_open(file, framework="np") as opened:
            parts = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118
            found = {
                name: Entry(part.get_dtype(), tuple(part.get_shape()))
                for name, part in parts.items()
            }
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{file}: cannot be loaded as an encoder: {first_line(error, SHOWN)}; it is damaged or "
            f"was cut short: copy it again"
        ) from error
    for name, entry in found.items():
        if entry.format not in FORMATS:
            raise ModelError(
                f"{file}: {name} has the format {entry.format}: quantised weights cannot be "
                f"trained, and textune does not apply their scales; take the model in float32, "
                f"bfloat16 or float16"
            )
    return found


def is_regular(file: Path) -> bool:
    """Tell whether there is a file that can be read to its end: no pipe, no device, no folder."""
    return os.path.isfile(file)  # noqa: PTH113  # follows links, and is False for all others
