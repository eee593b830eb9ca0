"""A model's folder becomes one with fewer layers: what a smaller encoder begins to learn from.

Layers are kept evenly, the first and the last among them, with the embeddings and the head (Sanh
et al., 2019, DistilBERT).
"""

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from textune.encoder import averaging, load
from textune.errors import SettingsError
from textune.storage import atomic
from textune.text.saving import quiet

LEFT_BEHIND = frozenset(("config.json", "decision.json", "MANIFEST.json", "README.md"))
COUNTS = ("num_hidden_layers", "n_layers")  # what a configuration calls the number of layers


def kept(layers: int, count: int) -> tuple[int, ...]:
    """Choose which of some layers stay, evenly, the first and the last among them.

    Example:
        >>> kept(6, 3)
        (0, 2, 5)
    """
    return tuple(np.linspace(0, layers - 1, count).round().astype(int).tolist())


def size(model: Any) -> tuple[int, int]:
    """Return the layers and the width of a model; a layer that gives a mean does not count."""
    return len(_stack(model)) - averaging.has_layer(model), int(model.config.hidden_size)


def write(place: Path, folder: Path, *, model_class: str, layers: int, width: int | None) -> int:
    """Write a model with fewer layers, and its tokenizer, into a new folder.

    Args:
        place: A finished model's folder.
        folder: Made here.
        model_class: Of transformers.
        layers: How many of them.
        width: Of its states, if that is said.

    Returns:
        How many layers the model in `place` has.

    Raises:
        ModelError: The model cannot be loaded.
        SettingsError: It is not deeper than that, has another width, or layers of several kinds.
        OSError: The disk is full or read-only.
    """
    model: Any = load.read_model(str(place), model_class, seed=0, finished=True)[0]
    before, own = size(model)
    if width is not None and width != own:
        raise SettingsError(
            f"--to {layers}x{width}: the encoder of the run is {own} wide, and one made of its "
            f"layers is as wide; give --to {layers}x{own}, or --to {layers}"
        )
    if not 1 <= layers < before:
        raise SettingsError(
            f"--to {layers}: the encoder of the run has {before} layers; allowed: 1 to {before - 1}"
        )
    _cut(model, kept(before, layers), whole=before)
    with atomic.replacing_folder(folder) as made, quiet(), atomic.disk_errors(folder):
        model.save_pretrained(made)
        for file in sorted(place.iterdir()):
            is_other = file.name not in LEFT_BEHIND and file.suffix != ".safetensors"
            if file.is_file() and is_other and not (made / file.name).exists():
                atomic.copy(file, made / file.name)
    return before


def _cut(model: Any, places: tuple[int, ...], *, whole: int) -> None:
    """Leave some layers of a model, and the one that gives a mean."""
    config, stack = model.config, _stack(model)
    name = next((name for name in COUNTS if name in vars(config)), None)
    is_mixed = (
        getattr(config, "layer_types", None) is not None
        or len({tuple(each.shape for each in layer.parameters()) for layer in stack[:whole]}) > 1
    )
    if name is None or is_mixed:
        raise SettingsError(
            f"{config.model_type}: its layers are not all of one kind, so that fewer of them are "
            "no encoder; distil a run of BERT, RoBERTa, DistilBERT or their like"
        )
    left = [stack[place] for place in (*places, *range(whole, len(stack)))]
    del stack[:]
    for number, layer in enumerate(left):
        for part in layer.modules():
            if getattr(part, "layer_idx", None) is not None:
                part.layer_idx = number
        stack.append(layer)
    setattr(config, name, len(left))


def _stack(model: Any) -> nn.ModuleList:
    """Return the layers of a model: the longest list of parts that it has."""
    lists = [part for part in model.base_model.modules() if isinstance(part, nn.ModuleList)]
    if not lists:
        raise SettingsError(f"{model.config.model_type}: has no list of layers to choose from")
    return max(lists, key=len)
