"""Tensors become a file as any other: as readable as its folder, and a full disk is an OSError."""

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from textune.errors import ModelError
from textune.storage import atomic


def write(
    tensors: Mapping[str, Tensor], file: Path, *, metadata: dict[str, str] | None = None
) -> None:
    """Write tensors as safetensors, whole or not at all.

    Raises:
        OSError: The disk is full or read-only.
    """
    with disk_errors(file), atomic.replacing_file(file) as unfinished:
        save_file(dict(tensors), unfinished, metadata)
        open_up(unfinished)


def read(folder: Path, names: Collection[str]) -> dict[str, Tensor]:
    """Read those of the named tensors that a folder's safetensors files hold."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in set(names).intersection(opened.keys()):
                found[name] = opened.get_tensor(name)
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
        is_number = tensor.is_floating_point() and tensor.device.type != "meta"
        if is_number and not tensor.sum().isfinite() and not tensor.isfinite().all():
            raise ModelError(
                f"{place}: the weights {name} hold NaN or infinity, and every answer would be; the "
                f"file is damaged, or a training that went wrong was saved"
            )


def open_up(file: Path) -> None:
    """Give a file the readers of its folder; safetensors makes it readable by its owner only."""
    file.chmod(file.parent.stat().st_mode & 0o666)


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Raise safetensors' own errors of the system as an OSError."""
    try:
        yield
    except SafetensorError as error:
        found = re.search(r"os error (\d+)", str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number), str(place)) from error
