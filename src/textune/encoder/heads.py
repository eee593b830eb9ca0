"""A base's head becomes a task's: rows of labels of the same name, the rest drawn anew."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder import keys, own_heads, weights
from textune.encoder.model import Encoder
from textune.errors import some

SHOWN = 5  # labels named in a remark
NUMBERS = "regression"  # a head in units of its own data: its rows mean nothing elsewhere


def initialise(
    place: str, model: Any, found: Mapping[str, Any], *, seed: int, mean: bool = False
) -> tuple[tuple[str, ...], bool]:
    """Give a model the rows of its base's head that belong to labels of the same name.

    The model is changed in place; what transformers `found` says which of its weights are new.
    Where it shall read a `mean`, its pooler is set to that afterwards.

    Returns:
        What is new, in words; and whether all of the head is.
    """
    is_pooler_new, is_head_new = keys.new_parts(model, found)
    remarks = (
        ("the base has no pooler: it is drawn anew with the head",)
        if is_pooler_new and not mean
        else ()
    )
    last_layer = last(model)
    if is_head_new or last_layer is None:
        return (*remarks, "head: new, the base has none"), True
    before, config = _labels(place)
    is_other = config.get("architectures") != [keys.architecture(model)]
    was_numbers = config.get("problem_type") == NUMBERS
    if is_other or was_numbers or model.config.problem_type == NUMBERS:
        _draw(model, _outside(model), seed)
        why = (
            "numbers have units of their own" if not is_other else "the base's was of another kind"
        )
        return (*remarks, f"head: new, for {why}"), True
    name, part = last_layer
    after = [label for _, label in sorted(model.config.id2label.items())]
    rows = {label: number for number, label in enumerate(before)}
    known = [label for label in after if label in rows]
    old = weights.read(Path(place), (f"{name}.weight", f"{name}.bias"))
    weight = old.get(f"{name}.weight")
    if weight is None or weight.shape != (len(before), part.in_features) or not known:
        _draw(model, _outside(model), seed)
        return (*remarks, "head: new, none of the base's labels has a name of these"), True
    if before == after:
        return remarks, False
    _draw(model, [part], seed)
    places = [number for number, label in enumerate(after) if label in rows]
    source = [rows[after[number]] for number in places]
    _put(part.weight, weight, places, source)
    if part.bias is not None and f"{name}.bias" in old:
        _put(part.bias, old[f"{name}.bias"], places, source)
    return (*remarks, _words(known, [label for label in after if label not in rows])), False


def last(model: Any) -> tuple[str, nn.Linear] | None:
    """Find the layer that has a row for each label."""
    if own_heads.of(model) is not None:
        return None  # of which nobody knows what it does
    names = {id(part): name for name, part in model.named_modules()}
    found = [
        (names[id(part)], part)
        for part in _outside(model)
        if isinstance(part, nn.Linear) and part.out_features == model.config.num_labels
    ]
    return found[-1] if found else None


@contextmanager
def answering_with_inputs(encoder: Encoder, layer: nn.Linear) -> Iterator[None]:
    """Let a layer answer with what it reads, and windows be averaged."""

    def give_input(_: nn.Module, inputs: tuple[Any, ...], __: Tensor) -> object:
        return inputs[0]

    pool, encoder.pool = encoder.pool, "mean"
    handle = layer.register_forward_hook(give_input)
    try:
        yield
    finally:
        handle.remove()
        encoder.pool = pool


def _labels(place: str) -> tuple[list[str], Mapping[str, object]]:
    """Read the names of the base's labels, in order, and its configuration."""
    config = json.loads((Path(place) / "config.json").read_text(encoding="utf-8"))
    named = config.get("id2label") or {
        number: f"LABEL_{number}" for number in range(int(config.get("num_labels") or 2))
    }
    return [name for _, name in sorted((int(key), name) for key, name in named.items())], config


@torch.no_grad()
def _put(own: Tensor, theirs: Tensor, places: list[int], source: list[int]) -> None:
    own[places] = theirs[source].to(own)


def _draw(model: Any, parts: Iterable[nn.Module], seed: int) -> None:
    """Draw the weights of some layers by the model's own rule."""
    torch.manual_seed(seed)
    for part in parts:
        for weight in part.parameters(recurse=False):
            vars(weight)["_is_hf_initialized"] = False  # else it is passed over
        model._init_weights(part)


def _outside(model: Any) -> list[nn.Module]:
    """Return the layers of the head, in order."""
    base = {id(part) for part in model.base_model.modules()}
    return [part for part in model.modules() if id(part) not in base and part is not model]


def _words(known: list[str], new: list[str]) -> str:
    old, others = (some(list(map(repr, names)), SHOWN) for names in (known, new))
    kept = f"head: the base's rows of {old} are kept, by name"
    return f"{kept}; new are {others}" if new else kept
