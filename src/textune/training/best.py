"""The best weights so far go into one file that holds its own checksum, and come back."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from textune.encoder import weights
from textune.errors import CheckpointError
from textune.training import checkpoint

NAME = "best.safetensors"
DECAY = "textune.decay"  # what weight decay has made of the embedding rows that do not occur


def write(folder: Path, tensors: Mapping[str, Tensor], *, step: int, decay: float) -> None:
    """Write the weights of a step in place of the best before, and the decay of other rows.

    Raises:
        OSError: The disk is full or read-only; the best before is unchanged.
    """
    everything = {**tensors, DECAY: torch.tensor(decay, dtype=torch.float64)}
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {"step": str(step), "sha256": _digest(everything, step)}
    weights.write(everything, folder / NAME, metadata=metadata)


def read(folder: Path, *, step: int) -> tuple[dict[str, Tensor], float]:
    """Read the weights of a step: the best, or those of a checkpoint of the same step.

    Returns:
        The weights, and the decay of the rows beside them.

    Raises:
        CheckpointError: They are absent, damaged, or those of another step.
    """
    found = _read(folder / NAME)
    if found is not None and found[1] == step:
        return _apart(found[0])
    same = checkpoint.at(folder, step)
    if same is not None:
        return same.weights(), float(same.state["progress"]["decay"])
    raise CheckpointError(
        f"{folder / NAME}: {_what(found)}, and the best weights of this run, those after step "
        f"{step:,}, are in no checkpoint either; start again with --overwrite"
    )


def step_of(folder: Path) -> int | None:
    """Return the step whose weights the file holds; None where it is absent or damaged."""
    found = _read(folder / NAME)
    return None if found is None else found[1]


def _read(file: Path) -> tuple[dict[str, Tensor], int] | None:
    """Read tensors and their step; None where any bit of the file is wrong."""
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        step = int(metadata["step"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None
    return (tensors, step) if metadata.get("sha256") == _digest(tensors, step) else None


def _digest(tensors: Mapping[str, Tensor], step: int) -> str:
    found = hashlib.sha256(str(step).encode())
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        found.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _apart(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], float]:
    return tensors, float(tensors.pop(DECAY))


def _what(found: tuple[dict[str, Tensor], int] | None) -> str:
    return "absent or damaged" if found is None else f"holds the weights after step {found[1]:,}"
