"""The state of a run goes to disk whole or not at all, and comes back byte for byte."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.optim import Optimizer

from textune.encoder import weights
from textune.errors import CheckpointError
from textune.storage import atomic, checksums, objects

KEEP = 2
_TENSORS, _STATE, _MANIFEST = "state.safetensors", "state.json", "MANIFEST.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything from which a run continues to the same weights."""

    tensors: dict[str, Tensor]  # "model.…", "optimizer.…", "rng.…"
    state: dict[str, Any]  # step, epoch, best so far, fingerprints

    def weights(self) -> dict[str, Tensor]:
        """Return those of the model, by their names in it."""
        prefix = "model."
        found = {name: item for name, item in self.tensors.items() if name.startswith(prefix)}
        return {name.removeprefix(prefix): item for name, item in found.items()}


def save(folder: Path, checkpoint: Checkpoint, *, step: int) -> Path:
    """Write a checkpoint beside the earlier ones and keep the newest two.

    Raises:
        OSError: The disk is full or read-only; earlier checkpoints are untouched.
    """
    place = folder / f"step-{step:08d}"
    with atomic.replacing_folder(place) as unfinished:
        weights.write(checkpoint.tensors, unfinished / _TENSORS)
        atomic.write_text(unfinished / _STATE, json.dumps(checkpoint.state, indent=1))
        files = {name: _describe(unfinished / name) for name in (_TENSORS, _STATE)}
        atomic.write_text(unfinished / _MANIFEST, json.dumps(files, indent=1))
    if is_sound(place):
        _forget_old(folder)
    return place


def latest(folder: Path) -> Checkpoint:
    """Read the newest sound checkpoint.

    Raises:
        CheckpointError: There is none.
    """
    places = sorted(folder.glob("step-*"), reverse=True)
    for place in places:
        found = _read(place)
        if found is not None:
            return found
    if places:
        raise CheckpointError(
            f"{folder}: none of the {len(places)} checkpoints is whole (sizes or sha256 "
            "differ from their "
            f"manifests); start again with --overwrite"
        )
    raise CheckpointError(
        f"{folder}: no checkpoint yet, the run was stopped before its first; start again "
        "with --overwrite"
    )


def at(folder: Path, step: int) -> Checkpoint | None:
    """Read the checkpoint of a step; None where there is none, or none that is whole."""
    return _read(folder / f"step-{step:08d}")


def newest_state(folder: Path) -> dict[str, object]:
    """Read what the newest checkpoint that can be read says beside its tensors; {} if none can."""
    for place in sorted(folder.glob("step-*"), reverse=True):
        if state := objects.read(place / _STATE):
            return state
    return {}


def exists(folder: Path) -> bool:
    """Tell whether any checkpoint was finished, whole or not."""
    return any(folder.glob("step-*"))


def is_sound(place: Path) -> bool:
    """Tell whether every file of a checkpoint has the size and sha256 of its manifest."""
    return not differences(place)


def differences(place: Path) -> dict[str, str]:
    """Name the files of a checkpoint that are not as its manifest has them, and how."""
    try:
        files = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
        if set(files) != {_TENSORS, _STATE}:
            return {_MANIFEST: "does not name the files of a checkpoint"}
    except (OSError, ValueError, TypeError) as error:
        return {_MANIFEST: f"cannot be read ({type(error).__name__})"}
    found = {}
    for name, expected in files.items():
        try:
            if _describe(place / name) != expected:
                found[name] = "is not as it was saved"
        except OSError as error:
            found[name] = f"cannot be read ({error.strerror})"
    return found


def damaged(folder: Path) -> list[str]:
    """Name the checkpoints that are newer than the newest sound one: they are passed over."""
    found: list[str] = []
    for place in sorted(folder.glob("step-*"), reverse=True):
        if is_sound(place):
            return found
        found.append(place.name)
    return found


def _read(place: Path) -> Checkpoint | None:
    if not is_sound(place):
        return None
    try:
        state = json.loads((place / _STATE).read_text(encoding="utf-8"))
        return Checkpoint(load_file(place / _TENSORS), state)
    except (OSError, ValueError, SafetensorError):
        return None


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Name every tensor of an optimizer's state by the parameter's number."""
    return dict(parts_of(optimizer))


def parts_of(optimizer: Optimizer) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of an optimizer's state by the parameter's number.

    Those that are parted between processes come whole, on the CPU: all processes go through them.
    """
    for number, values in sorted(_state_of(optimizer)["state"].items()):
        for name, value in values.items():
            if value is None:  # a momentum that an optimizer of the user's has not begun
                continue
            given = torch.as_tensor(value).detach()
            found = whole(given).cpu() if hasattr(given, "full_tensor") else given
            yield f"optimizer.{number}.{name}", found.contiguous()


def whole(part: Any) -> Tensor:
    """Gather what processes have some rows of each (DTensor), dealt as by `torch.chunk`.

    DTensor's own `full_tensor` now and then ends the process where gloo sends (torch 2.13): both of
    its threads note the name of their last operation, without a lock, in one string, and a name as
    long as that operation's is freed twice when they do so at once.
    """
    (placement,) = part.placements
    assert placement.is_shard(0)
    group = part.device_mesh.get_group()
    world = dist.get_world_size(group)
    mine, (rows, *rest) = part.to_local(), part.shape
    most = -(-rows // world)  # of the first process; the last ones may have fewer, or none
    padded = mine.new_zeros((most, *rest))
    padded[: len(mine)] = mine
    found = mine.new_empty((world * most, *rest))
    dist.all_gather(list(found.split(most)), padded, group=group)
    return found[:rows]


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` named."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, number, name = key.split(".", 2)
            state.setdefault(int(number), {})[name] = value
    whole = _state_of(optimizer)
    whole["state"] = state
    optimizer.load_state_dict(whole)


def _state_of(optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimizer's state; torch's decorator would import a compiler first: 60 MB."""
    found: dict[str, Any] = inspect.unwrap(type(optimizer).state_dict)(optimizer)
    return found


def rng_tensors() -> dict[str, Tensor]:
    """Return the state of torch's generators."""
    found = {"rng.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["rng.cuda"] = torch.cuda.get_rng_state()
    return found


def restore_rng(tensors: dict[str, Tensor]) -> None:
    """Put torch's generators back."""
    torch.set_rng_state(tensors["rng.cpu"])
    if torch.cuda.is_available() and "rng.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["rng.cuda"])


def _describe(file: Path) -> dict[str, object]:
    return {"bytes": file.stat().st_size, "sha256": checksums.sha256(file)}


def _forget_old(folder: Path) -> None:
    for place in sorted(folder.glob("step-*"), reverse=True)[KEEP:]:
        atomic.remove(place)
