"""The state of a learning encoder becomes a checkpoint, and a checkpoint that state again."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from textune.config import Settings
from textune.corpus import Corpus
from textune.encoder import weights
from textune.errors import CheckpointError
from textune.training import checkpoint, optim
from textune.training.checkpoint import Checkpoint
from textune.training.optim import AdamW

BEST = Path("checkpoints") / "best.safetensors"
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


def take(
    model: nn.Module, optimizer: AdamW, progress: Progress, prints: dict[str, str]
) -> Checkpoint:
    """Take everything from which the run continues to the same weights."""
    tensors = {f"model.{name}": value for name, value in _contiguous(model).items()}
    tensors |= checkpoint.optimizer_tensors(optimizer) | checkpoint.rng_tensors()
    return Checkpoint(tensors, {"progress": asdict(progress), "fingerprints": prints})


def put_back(found: Checkpoint, model: nn.Module, optimizer: AdamW, schedule: LambdaLR) -> Progress:
    """Put a checkpoint's state into a model, an optimizer, a schedule and the generators."""
    prefix = "model."
    tensors = {
        name.removeprefix(prefix): value
        for name, value in found.tensors.items()
        if name.startswith(prefix)
    }
    model.load_state_dict(tensors)
    checkpoint.restore_optimizer(optimizer, found.tensors)
    progress = Progress(**found.state["progress"])
    optim.move_schedule(schedule, progress.step)
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


def fingerprints(corpus: Corpus, settings: Settings) -> dict[str, str]:
    """Name by content all that the remaining steps depend on."""
    values = settings.model_dump(mode="json", exclude={"device", "tensorboard"})
    data = hashlib.sha256(corpus.store.key.encode())
    for part in (corpus.targets, corpus.split.train, corpus.split.valid):
        data.update(np.ascontiguousarray(part).tobytes())
    text = json.dumps(values, sort_keys=True)
    return {
        "the data": data.hexdigest(),
        "the settings": hashlib.sha256(text.encode()).hexdigest(),
    }


def keep_best(folder: Path, model: nn.Module, decay: float) -> None:
    """Write the weights as the best so far; of the embedding, those rows that are trained."""
    found = _contiguous(model) | {DECAY: torch.tensor(decay, dtype=torch.float64)}
    file = folder / BEST
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}")
    try:
        weights.write(found, unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def take_best(folder: Path, model: nn.Module) -> float:
    """Put the best weights so far into a model; return the decay of the rows beside them."""
    found = load_file(folder / BEST)
    decay = float(found.pop(DECAY))
    model.load_state_dict(found)
    return decay


def _contiguous(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().contiguous() for name, value in model.state_dict().items()}
