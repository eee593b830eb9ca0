"""The state of a learning encoder becomes a checkpoint, and a checkpoint that state again."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from textune.encoder import formats, weights
from textune.errors import CheckpointError
from textune.language_config import RunSettings
from textune.storage import atomic
from textune.training import checkpoint
from textune.training.checkpoint import Checkpoint
from textune.training.optim import AdamW

AnySettings = TypeVar("AnySettings", bound=RunSettings)

BEST = Path("checkpoints") / "best.safetensors"
NUMBERS = "the number format (train.precision)"
DECAY = "textune.decay"  # what weight decay has made of the embedding rows that do not occur


@dataclass(slots=True)
class Progress:
    """How far a run has come; all of it goes into every checkpoint."""

    step: int = 0
    epoch: int = 0
    best: float | None = None
    best_loss: float | None = None  # decides between equals
    best_step: int = 0
    since_best: int = 0  # validations
    validated: int = 0  # the step that was validated last
    seconds: float = 0.0  # of updates alone
    texts: int = 0
    tokens: int = 0
    computed: int = 0
    decay: float = 1.0  # of the embedding rows that do not occur
    clock: float = 0.0  # seconds since the run began, over all its sessions
    reserve: float = 0.0  # seconds that judging takes
    tenths: int = 0  # of a time budget at whose ends it was validated
    before: dict[str, Any] | None = None  # what was measured before the first step

    def measures(self) -> dict[str, Any]:
        """Return how much was learned and how fast; time times a rate gives the count again."""
        seconds = max(self.seconds, 1e-9)
        return {
            "steps": self.step,
            "train_seconds": round(self.seconds, 6),
            "examples_per_second": round(self.texts / seconds, 2),
            "tokens_per_second": round(self.tokens / seconds, 1),
            "padding": round(self.computed / self.tokens - 1, 4) if self.tokens else 0.0,
        }


def take(
    model: nn.Module, optimizer: AdamW, progress: Progress, prints: dict[str, str]
) -> Checkpoint:
    """Take everything from which the run continues to the same weights.

    Args:
        model: Whose weights are learned.
        optimizer: Of these weights.
        progress: How far the run has come.
        prints: As `fingerprints` names them.
    """
    tensors = {f"model.{name}": value for name, value in _contiguous(model).items()}
    tensors |= checkpoint.optimizer_tensors(optimizer) | checkpoint.rng_tensors()
    return Checkpoint(tensors, {"progress": asdict(progress), "fingerprints": prints})


def put_back(found: Checkpoint, model: nn.Module, optimizer: AdamW) -> Progress:
    """Put a checkpoint's state into a model, an optimizer and the generators."""
    prefix = "model."
    tensors = {
        name.removeprefix(prefix): value
        for name, value in found.tensors.items()
        if name.startswith(prefix)
    }
    _put(tensors, model)
    checkpoint.restore_optimizer(optimizer, found.tensors)
    progress = Progress(**found.state["progress"])
    checkpoint.restore_rng(found.tensors)
    return progress


def refuse_changed(found: Checkpoint, prints: dict[str, str], folder: Path) -> None:
    """Refuse to continue on other data or settings.

    Raises:
        CheckpointError: Naming what has changed.
    """
    before = found.state["fingerprints"]
    changed = [name for name, value in prints.items() if before.get(name) != value]
    if changed:
        raise CheckpointError(
            f"{folder}: cannot continue: {' and '.join(changed)} changed after the checkpoint "
            f"was written; repeat the command as it was, or start again with --overwrite"
        )


def fingerprints(data: str, settings: RunSettings) -> dict[str, str]:
    """Name by content all that the remaining steps depend on.

    Args:
        data: What names the texts, their targets and their split.
        settings: Of the run, with the number format that "auto" has chosen.
    """
    values = settings.model_dump(mode="json", exclude={"device", "tensorboard"})
    numbers = values["train"].pop("precision")
    values["train"].pop("threads")  # never decides a bit
    text = json.dumps(values, sort_keys=True)
    return {
        "the data": data,
        "the settings": hashlib.sha256(text.encode()).hexdigest(),
        NUMBERS: numbers,
    }


def choose_precision(
    settings: AnySettings, device: torch.device, *, width: int, resumed: Path | None
) -> tuple[AnySettings, str]:
    """Choose the number format of a run where its settings leave that to a measurement.

    Args:
        settings: Of the run.
        device: Where it will learn.
        width: Of the encoder's hidden states.
        resumed: Folder of a run that goes on: it keeps the format that it began with.

    Returns:
        Settings that name a format, and why it is this one.

    Raises:
        SettingsError: The format is not known.
    """
    wanted = settings.train.precision
    recorded = None if resumed is None else _recorded_precision(resumed)
    if wanted == "auto" and recorded is not None:
        numbers, why = recorded, "as this run began"
    else:
        numbers, why = formats.choose(wanted, device, width=width)
    train = settings.train.model_copy(update={"precision": numbers})
    return cast("AnySettings", settings.model_copy(update={"train": train})), why


def _recorded_precision(folder: Path) -> str | None:
    """Return the number format of the run whose checkpoints are in a folder, if any says it."""
    prints = checkpoint.newest_state(folder / "checkpoints").get("fingerprints", {})
    found = prints.get(NUMBERS) if isinstance(prints, dict) else None
    return found if found in {"fp32", "bf16"} else None


def keep_best(folder: Path, model: nn.Module, decay: float) -> None:
    """Write the weights as the best so far; of the embedding, those rows that are trained."""
    found = _contiguous(model) | {DECAY: torch.tensor(decay, dtype=torch.float64)}
    file = folder / BEST
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing_file(file) as unfinished:
        weights.write(found, unfinished)


def take_best(folder: Path, model: nn.Module) -> float:
    """Put the best weights so far into a model; return the decay of the rows beside them."""
    found = load_file(folder / BEST)
    decay = float(found.pop(DECAY))
    _put(found, model)
    return decay


def _contiguous(model: nn.Module) -> dict[str, Tensor]:
    """Name every tensor once, by the first of its names: a head may share the embedding's."""
    state, first = model.state_dict(), _first_names(model)
    return {name: state[name].detach().contiguous() for name in sorted(set(first.values()))}


def _put(tensors: dict[str, Tensor], model: nn.Module) -> None:
    first = _first_names(model)
    model.load_state_dict({name: tensors[first[name]] for name in first})


def _first_names(model: nn.Module) -> dict[str, str]:
    """Return for each name in a model's state the first one of the same memory."""
    found: dict[tuple[int, torch.Size], str] = {}
    return {
        name: found.setdefault((value.data_ptr(), value.shape), name)
        for name, value in model.state_dict().items()
    }
