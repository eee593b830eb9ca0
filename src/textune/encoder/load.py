"""A base's files become an Encoder with a head for the task."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import PreTrainedModel

from textune.encoder import weights
from textune.encoder.model import Encoder
from textune.errors import ModelError

FAULTS = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, SafetensorError)


def load(
    place: str,
    *,
    model_class: str,
    config: Mapping[str, Any],
    per_token: bool = False,
    seed: int = 0,
) -> Encoder:
    """Load an encoder; weights that the base lacks (a new head) are drawn from the seed.

    Args:
        place: A directory or Hub name, from `bases.find`.
        model_class: One of transformers' Auto classes: "AutoModelForSequenceClassification", …
        config: What the task sets in the model's configuration: label names, problem type.
        per_token: Whether the head speaks of tokens.
        seed: Seed of the new weights.

    Raises:
        ModelError: The base cannot be had, or its files and configuration do not fit each other.
    """
    model, _ = read_model(place, model_class, seed=seed, config=config)
    return Encoder(model, per_token=per_token)


def read_model(
    place: str, model_class: str, *, seed: int, config: Mapping[str, Any] | None = None
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Load a transformers model.

    Returns:
        The model, and what transformers says of "missing_keys" and "unexpected_keys".

    Raises:
        ModelError: The base cannot be had, or its files and configuration do not fit each other.
    """
    auto = getattr(transformers, model_class)
    torch.manual_seed(seed)
    with _quiet():
        try:
            model, found = auto.from_pretrained(
                place,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=Path(place).is_dir(),
                dtype=torch.float32,
                ignore_mismatched_sizes=bool(config),  # a head of another size is drawn anew
                output_loading_info=True,
                **(config or {}),
            )
        except FAULTS as error:
            raise ModelError(
                f"{place}: cannot be loaded as an encoder: {_first_line(error)}"
            ) from error
    return model, found


def build(config: Any, *, model_class: str, per_token: bool = False, seed: int = 0) -> Encoder:
    """Make an encoder of random weights from a transformers configuration."""
    torch.manual_seed(seed)
    return Encoder(getattr(transformers, model_class).from_config(config), per_token=per_token)


def save(encoder: Encoder, folder: Path) -> None:
    """Write configuration and weights so that plain transformers loads them.

    Args:
        encoder: With its whole embedding.
        folder: Exists.

    Raises:
        OSError: The disk is full or read-only.
    """
    with _quiet(), weights.disk_errors(folder):
        encoder.model.save_pretrained(folder)
    for file in folder.glob("*.safetensors"):
        weights.open_up(file)


def check_labels(encoder: Encoder, labels: Sequence[str], place: str) -> None:
    """Refuse a model whose label names are not, in order, those of its decisions.

    Raises:
        ModelError: They differ: somebody changed one file and not the other.
    """
    found = [name for _, name in sorted(encoder.config.id2label.items())]
    if found != list(labels):
        raise ModelError(
            f"{place}: config.json names the labels {found} and decision.json {list(labels)}; "
            f"they must be the same, in the same order"
        )


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' remarks about a new head and its progress bars off the terminal."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
