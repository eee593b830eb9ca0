"""Tensors become a file as any other: as readable as its folder, and a full disk is an OSError."""

import hashlib
import json
import math
import struct
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from textune.errors import ModelError, first_line
from textune.storage import atomic


def write(
    tensors: Mapping[str, Tensor], file: Path, *, metadata: dict[str, str] | None = None
) -> None:
    """Write tensors as safetensors, whole or not at all.

    Raises:
        OSError: The disk is full or read-only.
    """
    with atomic.disk_errors(file), atomic.replacing_file(file) as unfinished:
        save_file(dict(tensors), unfinished, metadata)
        open_up(unfinished)


def write_one_by_one(
    parts: Mapping[str, Callable[[], Tensor]], file: Path, *, metadata: dict[str, str]
) -> None:
    """Write fp32 tensors as `write` does, made one after the other when their turn comes.

    What is made is let go of once its bytes are written: all of them at once would be a second
    model in memory.

    Raises:
        OSError: The disk is full or read-only.
    """
    sizes = {name: tuple(make().shape) for name, make in sorted(parts.items())}
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name, shape in sizes.items():
        start, end = end, end + math.prod(shape) * torch.float32.itemsize
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": (start, end)}
    told = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    told += b" " * (-len(told) % 8)
    with atomic.writing(file) as opened:
        opened.write(struct.pack("<Q", len(told)) + told)
        for name, shape in sizes.items():
            made = parts[name]().detach().cpu().contiguous()
            assert made.dtype == torch.float32
            assert made.shape == shape
            opened.write(made.reshape(-1).view(torch.uint8).numpy().data)


def read_one_by_one(file: Path) -> dict[str, Tensor]:
    """Read all tensors of a file into memory of their own, which `read_file` only maps.

    A layer that copies its weights afterwards would hold those of the file beside them.

    Raises:
        OSError: There is none that can be read.
        ValueError: It is damaged.
    """
    found = {}
    try:
        with safe_open(file, framework="pt") as opened:
            names = list(opened.keys())
        for name in names:
            with safe_open(file, framework="pt") as opened:  # which maps the file until it is shut
                found[name] = opened.get_tensor(name).clone()
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    return found


def read(folder: Path, names: Collection[str]) -> dict[str, Tensor]:
    """Read those of the named tensors that a folder's safetensors files hold.

    Raises:
        ModelError: A file is damaged, or gone meanwhile.
    """
    found, place = {}, folder
    try:
        for place in sorted(folder.glob("*.safetensors")):
            with safe_open(place, framework="pt") as opened:
                for name in set(names).intersection(opened.keys()):
                    found[name] = opened.get_tensor(name)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{place}: cannot be read ({first_line(error)}); copy the folder again, or try again "
            "if something was just writing there"
        ) from error
    return found


def digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Return the sha256 of tensors, their names, formats and sizes, and of what is said of them."""
    found = hashlib.sha256(json.dumps(dict(sorted(metadata.items()))).encode())
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        found.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def read_file(file: Path) -> dict[str, Tensor]:
    """Read all tensors of a file.

    Raises:
        OSError: There is none that can be read.
        ValueError: It is damaged.
    """
    try:
        return load_file(file)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def refuse_not_finite(tensors: Mapping[str, Tensor], place: object) -> None:
    """Refuse weights of which one is NaN or infinite: every logit would be.

    Raises:
        ModelError: With its name.
    """
    for name, tensor in tensors.items():
        if tensor.device.type != "meta" and not is_finite(tensor):
            raise ModelError(
                f"{place}: the weights {name} hold NaN or infinity, and every answer would be; the "
                f"file is damaged, or a training that went wrong was saved"
            )


def is_finite(tensor: Tensor) -> bool:
    """Tell whether none of a tensor's numbers is NaN or infinite."""
    is_sure = not tensor.is_floating_point() or bool(tensor.sum().isfinite())
    return is_sure or bool(tensor.isfinite().all())


def open_up(file: Path) -> None:
    """Give a file the readers of its folder; safetensors makes it readable by its owner only."""
    file.chmod(file.parent.stat().st_mode & 0o666)
