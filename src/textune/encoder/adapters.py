"""An encoder's linear layers get adapters of low rank (LoRA), and adapters become weights again.

The base stays as it is and has neither gradients nor moments. The head, and the pooler before it,
are trained in full. Layers with adapters compute by torch's own operations: the compiled kernels
know whole matrices only. A folder of adapters is one that peft loads.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder import averaging, own_heads, pair_heads, pooling, weights
from textune.encoder.low_rank import OWN, LowRank
from textune.encoder.names import Targets
from textune.errors import SettingsError
from textune.fast import layers
from textune.storage import atomic

NAME = "adapter"  # of the folder beside the merged weights
QUERY_VALUE = frozenset(
    (
        *("query", "value", "q_lin", "v_lin", "query_proj", "value_proj"),
        *("q_proj", "v_proj", "q", "v", "Wqkv", "in_proj"),  # of some, queries to values are one
    )
)


@dataclass(frozen=True, slots=True)
class Lora:
    """What adapters are made of."""

    rank: int
    alpha: float
    dropout: float
    targets: Targets


def put(model: Any, wanted: Lora, *, seed: int) -> None:
    """Freeze the base and give its layers adapters, which change nothing before they are trained.

    Raises:
        SettingsError: No layer of the base is known as a query or a value, or the rank is above
            what one of them can have.
    """
    names = _targets(model, wanted.targets)
    most = min(min(model.get_submodule(name).weight.shape) for name in names)
    if wanted.rank > most:
        raise SettingsError(
            f"train.lora: {wanted.rank:,} is above the rank that layers of this base can have; "
            f"give 1 to {most:,} (4 to 64 are usual), or leave it out to train all weights"
        )
    layers.part(model)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    given: dict[str, Any] = {"rank": wanted.rank, "alpha": wanted.alpha, "dropout": wanted.dropout}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in names:
            part = LowRank(model.get_submodule(name), **given)
            _replace(model, name, part.train(model.training))
    for _, parameter in _head(model):
        parameter.requires_grad_(True)


def trained(model: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the weights of adapters: A and B of every layer that has one."""
    for _, part in _adapted(model):
        yield from part.lora_A.parameters()
        yield from part.lora_B.parameters()


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


def whole(model: nn.Module) -> dict[str, Callable[[], Tensor]]:
    """Name all weights as a model without adapters has them, each made when it is called for."""
    found: dict[str, Callable[[], Tensor]] = {
        name.replace(".base_layer.", "."): value.detach
        for name, value in model.state_dict().items()
        if ".lora_" not in name
    }
    return found | {f"{name}.weight": part.whole for name, part in _adapted(model)}


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
            found[f"{name}.{half}.weight"] = model.get_parameter(f"{name}.{half}.{OWN}.weight")
    folder.mkdir(exist_ok=True)
    weights.write(
        {
            f"base_model.model.{name}": each.detach().contiguous().cpu()
            for name, each in found.items()
        },
        folder / "adapter_model.safetensors",
        metadata={"format": "pt"},
    )
    parts = sorted({_part_of_head(model, name) for name in head})
    atomic.write_json(folder / "adapter_config.json", _config(wanted, names, parts, base))


def _config(wanted: Lora, names: list[str], parts: list[str], base: str) -> dict[str, object]:
    """Describe adapters as peft does; what is left out has peft's defaults."""
    return {
        "peft_type": "LORA",
        "base_model_name_or_path": base,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": wanted.alpha,
        "lora_dropout": wanted.dropout,
        "modules_to_save": parts,
        "r": wanted.rank,
        "target_modules": names,
        "task_type": None,
    }


def _targets(model: Any, wanted: Targets) -> list[str]:
    """Name the linear layers of the base that get adapters, the pooler's excepted.

    A layer that was appended gives the mean of all tokens, by weights up to 4096 times as large as
    others: it stays as it is.
    """
    prefix = f"{model.base_model_prefix}."
    others = [f"{prefix}pooler."]
    if averaging.has_layer(model):
        others.append(f"{prefix}encoder.layer.{model.config.num_hidden_layers - 1}.")
    found = [
        name
        for name, part in model.named_modules()
        if isinstance(part, nn.Linear)
        and name.startswith(prefix)
        and not f"{name}.".startswith(tuple(others))
        and (wanted == "all" or name.rpartition(".")[2] in QUERY_VALUE)
    ]
    if not found:
        raise SettingsError(
            f"train.lora: no layer of {model.config.model_type} is known as a query or a value; "
            "give train.lora_targets=all, or leave train.lora out"
        )
    return found


def _adapted(model: nn.Module) -> Iterator[tuple[str, LowRank]]:
    """Yield the layers that have adapters, with their names."""
    for name, part in model.named_modules():
        if isinstance(part, LowRank):
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


def _sum(part: LowRank) -> nn.Linear:
    """Return a linear layer that gives what a layer and its adapter give."""
    made = nn.Linear(1, 1, bias=False)
    made.in_features, made.out_features = part.in_features, part.out_features
    made.weight, made.bias = nn.Parameter(part.whole()), part.base_layer.bias
    return made


def _replace(model: nn.Module, name: str, part: nn.Module) -> None:
    owner, _, own = name.rpartition(".")
    setattr(model.get_submodule(owner), own, part)
