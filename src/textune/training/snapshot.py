"""The state of a learning encoder becomes a checkpoint, and a checkpoint that state again."""

import json
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from textune.encoder import adapters, formats
from textune.encoder.model import Encoder
from textune.encoder.names import FORMATS
from textune.fast import build, threads
from textune.settings import choosing
from textune.settings.choosing import Before
from textune.settings.config import Settings
from textune.settings.language_config import RunSettings
from textune.tasks.own import NOTHING, Own
from textune.training import best, checkpoint, fingerprints
from textune.training.checkpoint import Checkpoint
from textune.training.fingerprints import Fingerprint
from textune.training.optim import AdamW
from textune.training.progress import Progress

AnySettings = TypeVar("AnySettings", bound=RunSettings)

CHECKPOINTS = "checkpoints"


def take(model: nn.Module, optimizer: AdamW, progress: Progress, prints: Fingerprint) -> Checkpoint:
    """Take everything from which the run continues to the same weights."""
    tensors = {f"model.{name}": value for name, value in _contiguous(model).items()}
    tensors |= checkpoint.optimizer_tensors(optimizer) | checkpoint.rng_tensors()
    return Checkpoint(tensors, {"progress": asdict(progress), "fingerprints": prints.values})


def put_back(found: Checkpoint, model: nn.Module, optimizer: AdamW) -> Progress:
    """Put a checkpoint's state into a model, an optimizer and the generators."""
    _put(found.weights(), model)
    checkpoint.restore_optimizer(optimizer, found.tensors)
    progress = Progress(**found.state["progress"])
    checkpoint.restore_rng(found.tensors)
    return progress


def fingerprint(
    data: str,
    settings: RunSettings,
    encoder: Encoder,
    own: Own = NOTHING,
    *,
    processes: int = 1,
) -> Fingerprint:
    """Name by content all that the remaining steps depend on; `data` names what is learned from."""
    parts = {part: f"{source.name} ({source.sha256[:12]})" for part, source in own.sources.items()}
    surroundings = {
        "textune": version("textune"),
        "torch": str(torch.__version__),
        "the layers": _layers(encoder),
        "the device": _device(encoder.device),
    }
    if encoder.device.type == "cpu" and threads.decide(by_kernels=encoder.has_kernels):
        surroundings["the threads"] = str(threads.used()[0])
    if processes > 1:  # sums are rounded otherwise, and dropout draws otherwise
        is_parted = settings.train.shard
        surroundings["the processes"] = f"{processes}{', sharded' if is_parted else ''}"
    surroundings |= {"the callbacks": parts.pop("callbacks")} if "callbacks" in parts else {}
    defaults = type(settings).model_construct().model_dump(mode="json")
    if isinstance(settings, Settings):  # runs from before there were recipes were classic
        defaults["train"] |= choosing.CLASSIC
    return fingerprints.make(
        data,
        settings.model_dump(mode="json") | ({"own": parts} if parts else {}),
        surroundings,
        defaults=defaults,
        choices=choosing.noted(settings) if isinstance(settings, Settings) else None,
        words=_words(encoder),
    )


def _words(encoder: Encoder) -> str | None:
    """Name by content the words near the labels' names, in any order; None where there are none."""
    if not encoder.named:
        return None
    ids = [sorted(text.tolist() for text in texts) for texts in encoder.named]
    return sha256(json.dumps(ids).encode()).hexdigest()


def _layers(encoder: Encoder) -> str:
    """Say by what the layers compute: the build of the kernels, or torch."""
    if not encoder.has_kernels:
        return "by torch's own operations"
    return f"by compiled kernels ({(build.key() or '')[:12]})"


def _device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"cpu ({torch.backends.cpu.get_cpu_capability()})"
    return device.type


def choose_precision(
    settings: AnySettings, device: torch.device, *, width: int, resumed: Path | None
) -> tuple[AnySettings, str]:
    """Choose the number format of a run where its settings leave that to a measurement.

    A run that goes on, in the folder `resumed`, keeps the format that it began with.

    Returns:
        Settings that name a format, and why it is this one.

    Raises:
        SettingsError: The format is not known.
    """
    wanted = settings.train.precision
    recorded = None if resumed is None else _recorded_precision(resumed)
    if wanted == "auto" and settings.train.shard:
        numbers, why = "fp32", "train.shard computes in it"
    elif wanted == "auto" and recorded is not None:
        numbers, why = recorded, "as this run began"
    else:
        numbers, why = formats.choose(wanted, device, width=width)
    train = settings.train.model_copy(update={"precision": numbers})
    return cast("AnySettings", settings.model_copy(update={"train": train})), why


def choices_before(folder: Path) -> Before | None:
    """Return what the recipe of the run in a folder chose when it began, if anything says it."""
    prints = fingerprints.recorded(folder).get("fingerprints")
    if not fingerprints.is_known(prints):
        return None
    return choosing.read_note(cast("Any", prints).get(fingerprints.CHOICES))


def _recorded_precision(folder: Path) -> str | None:
    """Return the number format of the run whose checkpoints are in a folder, if any says it."""
    prints = fingerprints.recorded(folder).get("fingerprints", {})
    found = prints.get(fingerprints.NUMBERS) if isinstance(prints, dict) else None
    return found if found in FORMATS[1:] else None


def keep_best(folder: Path, model: nn.Module, *, step: int, decay: float) -> None:
    """Write the weights as the best so far; of the embedding, those rows that are trained."""
    best.write(folder / CHECKPOINTS, _contiguous(model), step=step, decay=decay)


def take_best(folder: Path, model: nn.Module, *, step: int) -> float:
    """Put the best weights of a run into a model; return the decay of the rows beside them.

    Raises:
        CheckpointError: They are absent or damaged.
    """
    found, decay = best.read(folder / CHECKPOINTS, step=step)
    _put(found, model)
    return decay


def secure_best(folder: Path, progress: Progress, *, accept: bool) -> list[str]:
    """Make sure, before a run goes on, that its best weights will be there in the end.

    Where the file is damaged and a checkpoint has the same weights, it is written anew.

    Returns:
        What a person should know.

    Raises:
        CheckpointError: They are absent or damaged.
    """
    place = folder / CHECKPOINTS
    if progress.best is None and not progress.best_step:
        return []
    there = best.step_of(place)
    if there == progress.best_step:
        return []
    if there is not None and there > progress.step and not accept:
        return []  # written after this checkpoint: the same steps will write it again
    if (
        there is not None
        and there > progress.step
        and checkpoint.at(place, progress.best_step) is None
    ):
        progress.best = progress.best_loss = None
        progress.best_step = progress.since_best = 0
        return ["the best weights so far are of steps that are repeated: what is best counts anew"]
    tensors, decay = best.read(place, step=progress.best_step)
    best.write(place, tensors, step=progress.best_step, decay=decay)
    return [
        f"{place / best.NAME} was absent or damaged: written anew from the checkpoint of step "
        f"{progress.best_step:,}"
    ]


def _contiguous(model: nn.Module) -> dict[str, Tensor]:
    """Name every tensor once, by the first of its names: a head may share the embedding's.

    Beside adapters these are the trained ones: the others are the base's, and most of a model.
    """
    state, first = model.state_dict(), _first_names(model)
    names = set(first.values()) - _left_alone(model)
    return {name: state[name].detach().contiguous() for name in sorted(names)}


def _put(tensors: dict[str, Tensor], model: nn.Module) -> None:
    first, others = _first_names(model), _left_alone(model) - tensors.keys()
    kept = [name for name in first if first[name] not in others]
    found = model.load_state_dict({name: tensors[first[name]] for name in kept}, strict=not others)
    assert not found.unexpected_keys


def _left_alone(model: nn.Module) -> set[str]:
    """Name the weights of a base with adapters: they are the same from the first step to the last.

    A run of a version that kept them has them in its checkpoints.
    """
    if not adapters.are_in(model):
        return set()
    return {name for name, part in model.named_parameters() if not part.requires_grad}


def _first_names(model: nn.Module) -> dict[str, str]:
    """Return for each name in a model's state the first one of the same memory."""
    found: dict[tuple[int, torch.Size], str] = {}
    return {
        name: found.setdefault((value.data_ptr(), value.shape), name)
        for name, value in model.state_dict().items()
    }
