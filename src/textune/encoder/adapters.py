"""An encoder's linear layers get adapters of low rank (LoRA), and adapters become weights again.

Hu et al. (2021), by peft's own layers: what a linear layer W gives a state x is W x + (alpha / r)
B A x, of which A and B alone are trained. The base stays as it is and has neither gradients nor
moments. The head, and the pooler before it, are trained in full. Layers with adapters compute by
torch's own operations: the compiled kernels know whole matrices only.
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from textune.encoder import averaging, own_heads, pair_heads, pooling, weights
from textune.encoder.names import Targets
from textune.errors import MissingExtraError, SettingsError
from textune.fast import layers

NAME = "adapter"  # of the folder beside the merged weights
QUERY_VALUE = frozenset(
    (
        *("query", "value", "q_lin", "v_lin", "query_proj", "value_proj"),
        *("q_proj", "v_proj", "q", "v", "Wqkv", "in_proj"),  # of some, queries to values are one
    )
)
_OWN = "default"  # peft's name for the one adapter that there is


@dataclass(frozen=True, slots=True)
class Lora:
    """What adapters are made of."""

    rank: int
    alpha: float
    dropout: float
    targets: Targets


def check_installed() -> None:
    """Refuse adapters where peft is absent.

    Raises:
        MissingExtraError: It is not installed.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingExtraError(
            "train.lora needs peft, which is not installed: pip install 'textune[lora]'"
        )


def put(model: Any, wanted: Lora, *, seed: int) -> None:
    """Freeze the base and give its layers adapters, which change nothing before they are trained.

    Raises:
        MissingExtraError: peft is not installed.
        SettingsError: No layer of the base is known as a query or a value.
    """
    check_installed()
    from peft import inject_adapter_in_model  # heavy

    names = _targets(model, wanted.targets)
    layers.part(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(_config(wanted, names), model)  # freezes all others
    vars(model).pop("peft_config", None)
    for _, parameter in _head(model):
        parameter.requires_grad_(True)


def are_in(model: nn.Module) -> bool:
    """Tell whether a model has adapters."""
    return next(_adapted(model), None) is not None


@contextmanager
def merged(model: Any) -> Iterator[None]:
    """Add adapters to the weights, as a model has them while it is saved."""
    found = list(_adapted(model))
    try:
        for name, part in found:
            _replace(model, name, _sum(part))
        yield
    finally:
        for name, part in found:
            _replace(model, name, part)


def why_not_apart(model: Any) -> str | None:
    """Say why adapters alone, on the base as transformers loads it, would not be the model."""
    if pair_heads.of(model) is not None:
        return "pairs are encoded apart: give train.pairs=together, or train.lora_merge=true"
    if own_heads.of(model) is not None:
        return "its head is your own: give train.lora_merge=true"
    if pooling.sharpness(model) is not None:
        return "its windows are pooled by a learned weight: give another --pool"
    if averaging.used(model.config) == "mean":
        return "its head reads the mean of all tokens: give train.pooling=base"
    return None


def save(model: Any, folder: Path, wanted: Lora, *, base: str) -> None:
    """Write adapters and head so that `peft.PeftModel.from_pretrained` puts them onto the base.

    Raises:
        OSError: The disk is full or read-only.
    """
    names = [name for name, _ in _adapted(model)]
    head = dict(_head(model))
    found = dict[str, torch.Tensor](head)
    for name in names:
        for half in ("lora_A", "lora_B"):
            found[f"{name}.{half}.weight"] = model.get_parameter(f"{name}.{half}.{_OWN}.weight")
    folder.mkdir(exist_ok=True)
    weights.write(
        {
            f"base_model.model.{name}": each.detach().contiguous().cpu()
            for name, each in found.items()
        },
        folder / "adapter_model.safetensors",
        metadata={"format": "pt"},
    )
    config = _config(wanted, names)
    config.modules_to_save = sorted({_part_of_head(model, name) for name in head})
    config.base_model_name_or_path = base
    config.inference_mode = True
    config.save_pretrained(str(folder))


def _config(wanted: Lora, names: list[str]) -> Any:
    from peft import LoraConfig  # heavy

    return LoraConfig(
        r=wanted.rank,
        lora_alpha=cast("int", wanted.alpha),  # peft divides it by the rank
        lora_dropout=wanted.dropout,
        target_modules=names,
        bias="none",
    )


def _targets(model: Any, wanted: Targets) -> list[str]:
    """Name the linear layers of the base that get adapters, the pooler's excepted."""
    pooler = f"{model.base_model_prefix}.pooler."
    prefix = f"{model.base_model_prefix}."
    found = [
        name
        for name, part in model.named_modules()
        if isinstance(part, nn.Linear)
        and name.startswith(prefix)
        and not f"{name}.".startswith(pooler)
        and (wanted == "all" or name.rpartition(".")[2] in QUERY_VALUE)
    ]
    if not found:
        raise SettingsError(
            f"train.lora: no layer of {model.config.model_type} is known as a query or a value; "
            "give train.lora_targets=all, or leave train.lora out"
        )
    return found


def _adapted(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the layers that have adapters, with their names."""
    for name, part in model.named_modules():
        if hasattr(part, "lora_A"):
            yield name, part


def _head(model: Any) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield what is trained in full, with its names: the head, and the pooler before it."""
    prefix = f"{model.base_model_prefix}."
    for name, parameter in model.named_parameters():
        if not name.startswith(prefix) or name.startswith(f"{prefix}pooler"):
            yield name, parameter


def _part_of_head(model: Any, name: str) -> str:
    """Name the module of the head that a parameter is in, as a whole."""
    prefix = f"{model.base_model_prefix}.pooler"
    return prefix if name.startswith(prefix) else name.partition(".")[0]


@torch.no_grad()
def _sum(part: Any) -> nn.Linear:
    """Return a linear layer that gives what a layer and its adapter give."""
    base: nn.Linear = part.base_layer
    weight = base.weight + part.get_delta_weight(_OWN)
    made = nn.Linear(1, 1, bias=False)
    made.in_features, made.out_features = base.in_features, base.out_features
    made.weight, made.bias = nn.Parameter(weight), base.bias
    return made


def _replace(model: nn.Module, name: str, part: nn.Module) -> None:
    owner, _, own = name.rpartition(".")
    setattr(model.get_submodule(owner), own, part)
