"""A base or a saved model of BERT's build becomes a tree, without importing transformers.

What is unusual, and what is wrong, is left to transformers.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from textune.encoder import (
    configuration,
    folding,
    headers,
    keys,
    manifest,
    pair_heads,
    pooling,
)
from textune.encoder.model import Encoder
from textune.encoder.plain import HEADS, is_usual
from textune.encoder.tree import Config, Tree
from textune.encoder.weights import read_one_by_one, refuse_not_finite
from textune.fast import calls, dropout
from textune.records import PASSAGES, Asks, Pairs, Pool

LEAST = 32  # positions: of fewer, `load` finds out whether texts can be computed at all
_FAULTS = (
    AttributeError,
    KeyError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)


def read_model(
    place: str,
    model_class: str,
    *,
    seed: int,
    config: Mapping[str, object],
    finished: bool = False,
    rate: float | None = None,
    pairs: Pairs = "together",
    mapped: bool = True,
) -> tuple[Tree, dict[str, object]] | None:
    """Load what `load.read_model` loads, with the same weights.

    Returns:
        The same; None where transformers must be asked.
    """
    asks = next((asks for asks, head in HEADS.items() if model_class == f"AutoModel{head}"), None)
    if asks is None or not calls.available():
        return None
    try:
        stored = json.loads((Path(place) / "config.json").read_text(encoding="utf-8"))
        if not _is_usual(stored) or not (finished or configuration.is_known(stored)):
            return None
        if rate is not None:
            stored |= dropout.overrides(stored, rate)
        with torch.device("meta"):
            model = Tree(_config(stored, config), asks)
            if pairs == "apart":
                pair_heads.put(model)
        found = _fill(model, Path(place), seed=seed, mapped=mapped)
        if found is None:
            return None
        keys.check(place, model, found, finished=finished)
        if not (finished and (Path(place) / manifest.NAME).exists()):  # looked at when sealed
            refuse_not_finite(model.state_dict(), place)
    except _FAULTS:
        return None
    return model, found


def load(
    folder: Path,
    labels: tuple[str, ...],
    *,
    asks: Asks = "texts",
    pool: Pool = "mean",
    pairs: Pairs = "together",
) -> Encoder | None:
    """Load a saved model for inference, if it is one of the usual build and whole.

    The folder is as `load.save` wrote it; its configuration must have these labels, in this order.

    Returns:
        None where transformers must be asked: for other families, and for what is wrong.
    """
    read = read_model(
        str(folder), f"AutoModel{HEADS[asks]}", seed=0, config={}, finished=True, pairs=pairs
    )
    if read is None:
        return None
    model = read[0]
    names = [name for _, name in sorted(model.config.id2label.items())]
    if model.config.architectures != [model.architecture] or (
        asks != PASSAGES and names != list(labels)
    ):
        return None
    folding.unfold(model)
    encoder = Encoder(model, per_token=asks != "texts")
    encoder.pool_as(pool, len(labels), pooling.saved(folder))
    return encoder.eval()


def _is_usual(stored: Mapping[str, Any]) -> bool:
    is_whole = stored["hidden_size"] % stored["num_attention_heads"] == 0
    is_roomy = stored["type_vocab_size"] > 0 and stored["max_position_embeddings"] > LEAST
    rates = (stored["hidden_dropout_prob"], stored["attention_probs_dropout_prob"])
    return is_usual(stored) and is_whole and is_roomy and max(rates) < 1.0


def _config(stored: Mapping[str, Any], task: Mapping[str, Any]) -> Config:
    """Join what config.json and a task say; labels without names get those of transformers."""
    named = task if "num_labels" in task else stored
    count = named.get("num_labels", 2)
    names = named.get("id2label") or {number: f"LABEL_{number}" for number in range(count)}
    names = {int(number): name for number, name in names.items()}
    labels = {
        "num_labels": len(names),
        "id2label": names,
        "label2id": {name: number for number, name in names.items()},
    }
    return Config(**{"initializer_range": 0.02, **stored, **task, **labels})


def _fill(model: Tree, folder: Path, *, seed: int, mapped: bool = True) -> dict[str, object] | None:
    """Give a tree the weights of a folder, and draw what is new in its head.

    Returns:
        What is missing and what is not known there; None where they do not fit.
    """
    if headers.files(folder) != [folder / headers.WHOLE]:
        return None
    prefix, wanted = f"{model.base_model_prefix}.", model.state_dict()
    there = (load_file if mapped else read_one_by_one)(folder / headers.WHOLE)
    if pair_heads.of(model) is not None:
        there |= pair_heads.read(folder)
    if not any(name.startswith(prefix) for name in there):
        inside = {name for name, _ in model.base_model.named_children()}
        there = {
            f"{prefix}{name}" if name.partition(".")[0] in inside else name: value
            for name, value in there.items()
        }
    known = {name: there[name] for name in wanted if name in there}
    others = {name for name, value in known.items() if value.shape != wanted[name].shape}
    if any(value.dtype != torch.float32 for value in known.values()):
        return None
    mismatched = [(name, known.pop(name).shape, wanted[name].shape) for name in sorted(others)]
    model.load_state_dict(known, strict=False, assign=True)
    torch.manual_seed(seed)
    new = [part for part in model.modules() if any(item.is_meta for item in _own(part))]
    for part in new:
        if not isinstance(part, nn.Linear) or not all(item.is_meta for item in _own(part)):
            return None
        for name, item in [*part.named_parameters(recurse=False)]:  # to_empty would import sympy
            setattr(part, name, nn.Parameter(torch.empty(item.shape)))
        model._init_weights(part)
    return {
        "missing_keys": wanted.keys() - known.keys() - others,
        "unexpected_keys": there.keys() - wanted.keys() - {pooling.NAME},
        "mismatched_keys": mismatched,
    }


def _own(part: nn.Module) -> list[nn.Parameter]:
    return list(part.parameters(recurse=False))
