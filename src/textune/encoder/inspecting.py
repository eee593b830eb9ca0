"""A base's or a run's folder becomes what its model is made of: named parameters, by groups."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.encoder import headers, ways_of_pooling
from textune.errors import ModelError, first_line
from textune.text.saving import quiet

LAYER = re.compile(r"\.(?:layer|layers|block|blocks|h)\.(\d+)\.")
OLD = {".gamma": ".weight", ".beta": ".bias"}  # names of LayerNorm's in the first BERTs
EMBEDDINGS, OUTPUT, OTHER = "embeddings", "output", "other"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter of a model."""

    name: str
    shape: tuple[int, ...]
    group: str  # "embeddings", "layer 1" and so on, "other" of the encoder, "output"
    is_new: bool  # whether training would draw it: no file of the base has it

    @property
    def size(self) -> int:
        """Return how many numbers it has."""
        found = 1
        for side in self.shape:
            found *= side
        return found


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a model is made of."""

    place: str
    architecture: str  # transformers' class
    parameters: tuple[Parameter, ...]
    tree: str  # of its modules
    pooling: str  # what a head on texts would read; nothing where there is one of another kind
    config: dict[str, Any]

    def groups(self) -> dict[str, list[Parameter]]:
        """Return the parameters by group, in the model's order."""
        found: dict[str, list[Parameter]] = {}
        for parameter in self.parameters:
            found.setdefault(parameter.group, []).append(parameter)
        return found

    @property
    def size(self) -> int:
        """Return how many numbers all have together."""
        return sum(parameter.size for parameter in self.parameters)

    def sizes(self) -> str:
        """Say what its configuration tells of its sizes."""
        names = {
            "layers": ("num_hidden_layers", "n_layers"),
            "wide": ("hidden_size", "dim"),
            "heads of attention": ("num_attention_heads", "n_heads"),
            "pieces": ("vocab_size",),
            "positions": ("max_position_embeddings",),
        }
        found = {
            words: next((self.config[key] for key in keys if self.config.get(key)), None)
            for words, keys in names.items()
        }
        kind = self.config.get("model_type", "encoder")
        said = (f"{value:,} {words}" for words, value in found.items() if isinstance(value, int))
        return f"{kind}: {', '.join(said)}"

    @property
    def new(self) -> list[str]:
        """Return the names of what the base's files do not have."""
        return [parameter.name for parameter in self.parameters if parameter.is_new]


def inspect(place: str, model_class: str) -> Inspected:
    """Describe a model without reading its weights.

    Of a head that lies beside them, as one of the user's own, names and shapes are told; its code
    is not run.

    Args:
        place: The directory from `bases.find`.
        model_class: One of transformers' Auto classes, of the model with its head.

    Raises:
        ModelError: Its configuration describes no encoder of texts.
    """
    import torch  # heavy, as the next
    import transformers

    heads = headers.beside(Path(place))
    with quiet():
        try:
            config = transformers.AutoConfig.from_pretrained(
                place, trust_remote_code=False, local_files_only=True
            )
            with torch.device("meta"):
                model = getattr(transformers, model_class).from_config(config)
        except Exception as error:  # transformers raises many kinds of what it is not made for
            raise ModelError(
                f"{place}: cannot be described as an encoder: {first_line(error)}"
            ) from error
    model = model.base_model if heads else model
    if (Path(place) / headers.PAIRS).is_file() and getattr(model, "pooler", None) is not None:
        model.pooler = None  # such a head reads states as they are
    of_heads = (Parameter(name, one.shape, OUTPUT, is_new=False) for name, one in heads.items())
    return Inspected(
        place=place,
        architecture=type(model).__name__,
        parameters=(*_parameters(model, place), *of_heads),
        tree=repr(model),
        pooling="" if heads else ways_of_pooling.choose(place, "auto", whole=True).remark,
        config=config.to_dict(),
    )


def _parameters(model: Any, place: str) -> Iterator[Parameter]:
    prefix = f"{model.base_model_prefix}."
    saved = {_plain(name, prefix) for name in headers.read(Path(place))}
    inside = model is model.base_model
    for name, weight in model.named_parameters():
        short = _plain(name, prefix)
        yield Parameter(
            name=name,
            shape=tuple(weight.shape),
            group=_group(name, is_inside=inside or name.startswith(prefix)),
            is_new=short not in saved,
        )


def _plain(name: str, prefix: str) -> str:
    """Write a name as of today, without that of the encoder around it."""
    for old, new in OLD.items():
        if name.endswith(old):
            name = name.removesuffix(old) + new
    return name.removeprefix(prefix)


def _group(name: str, *, is_inside: bool) -> str:
    if not is_inside or "pooler" in name:
        return OUTPUT
    if found := LAYER.search(f".{name}"):
        return f"layer {int(found[1]) + 1}"
    return EMBEDDINGS if "embed" in name else OTHER
