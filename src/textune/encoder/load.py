"""A base's files become an Encoder with a head for the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from textune.encoder import (
    adapters,
    averaging,
    configuration,
    description,
    folding,
    heads,
    keys,
    light,
    own_heads,
    pair_heads,
    ways_of_pooling,
    weights,
)
from textune.encoder.model import Encoder
from textune.encoder.tree import Tree
from textune.encoder.units import Units
from textune.errors import ModelError, first_line
from textune.fast import dropout
from textune.records import Pairs, Pooling
from textune.storage import atomic
from textune.text.saving import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load(
    place: str,
    *,
    model_class: str,
    config: Mapping[str, Any],
    per_token: bool = False,
    seed: int = 0,
    finished: bool = False,
    rate: float | None = None,
    quick: bool = False,
    pooling: Pooling = "base",
    pairs: Pairs = "together",
    head: own_heads.Make | None = None,
    mapped: bool = True,
) -> Encoder:
    """Load an encoder; of a base's head what is known by name, the rest drawn from the seed.

    Args:
        place: The directory from `bases.find`.
        model_class: One of transformers' Auto classes: "AutoModelForSequenceClassification", …
        config: What the task sets in the model's configuration: label names, problem type.
        per_token: Whether the head has outputs for tokens.
        seed: Seed of the new weights.
        finished: Whether it is a run's model, of which no weight may be new.
        rate: All rates of dropout; None for those of the base.
        quick: Whether transformers may be left out where the build is known and kernels compute.
        pooling: What a head on texts reads of the last states.
        pairs: How the two texts of a pair are encoded.
        head: Makes a head of the user's own in place of that of the class.
        mapped: Whether weights may lie in the mapped file until they are copied: sooner there,
            and for that time twice in memory.

    Raises:
        ModelError: The base cannot be had, or its files and configuration do not fit each other.
    """
    choice = None
    if not finished:
        choice = ways_of_pooling.choose(place, pooling, whole=not per_token)
        config = {**config, **choice.config}
    is_apart = pairs == "apart"
    is_whole = (
        finished and not is_apart and head is None
    )  # else its head is new, or in a file of its own
    options: dict[str, Any] = {"seed": seed, "config": config, "finished": is_whole, "rate": rate}
    read = light.read_model(place, model_class, mapped=mapped, **options) if quick else None
    model, found = read or read_model(place, model_class, **options)
    remarks: tuple[str, ...] = ()
    if choice is not None:
        is_pooler_new, _ = keys.new_parts(model, found)
        is_mean = choice.is_appended or (averaging.has_layer(model) and not choice.is_dropped)
        remarks, is_new = heads.initialise(place, model, found, seed=seed, mean=is_mean)
        averaging.apply(model, choice, is_head_new=is_new, is_pooler_new=is_pooler_new)
        remarks = (pair_heads.REMARK,) if is_apart else remarks
        remarks = (*remarks, *filter(None, [choice.remark]))
    if is_apart and finished:
        pair_heads.fill(model, Path(place))
    elif is_apart:
        pair_heads.put(model, seed=seed)
    (folding.unfold if finished else folding.forget)(model)
    try:
        encoder = Encoder(model, per_token=per_token)
    except Exception as error:  # a family that is no encoder shows it when it computes
        raise ModelError(
            f"{place}: {model.config.model_type} does not compute as an encoder of texts: "
            f"{first_line(error)}; take an encoder such as BERT, RoBERTa, DeBERTa or ModernBERT"
        ) from error
    encoder.remarks = remarks
    if head is not None:
        own_heads.put(model, head, seed=seed)
        encoder.remarks = remarks[:0]
        if finished:
            own_heads.fill(model, Path(place))
    return encoder


def read_model(
    place: str,
    model_class: str,
    *,
    seed: int,
    config: Mapping[str, object] | None = None,
    finished: bool = False,
    rate: float | None = None,
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Load a transformers model.

    Returns:
        The model, and what transformers says of "missing_keys" and "unexpected_keys"; all of the
        encoder's own weights are in the base.

    Raises:
        ModelError: The base cannot be had, or its files and configuration do not fit each other.
    """
    import transformers  # heavy, and not needed for a base of BERT's own build

    auto = getattr(transformers, model_class)
    torch.manual_seed(seed)
    with quiet():
        try:
            dropped = {} if rate is None else _dropped(place, rate)
            model, found = auto.from_pretrained(
                place,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # a head of another size is filled by its labels
                output_loading_info=True,
                **(config or {}),
                **dropped,
            )
        except Exception as error:  # transformers raises many kinds of what it is not made for
            raise ModelError(
                f"{place}: cannot be loaded as an encoder: {_why(place, error)}"
            ) from error
    keys.check(place, model, found, finished=finished)
    weights.refuse_not_finite(model.state_dict(), place)
    if config is None and found["mismatched_keys"]:
        name, one, other = sorted(found["mismatched_keys"])[0]
        raise ModelError(
            f"{place}: cannot be loaded as an encoder: {name} has the shape {tuple(one)} in its "
            f"file and {tuple(other)} by its config.json; take both from one model"
        )
    return model, found


def _why(place: str, error: Exception) -> str:
    """Say what is wrong, by the name that config.json has for it where it is a single value."""
    file = Path(place) / "config.json"
    if isinstance(error, KeyError) and file.is_file():
        values = description.read_json(file, most=description.MOST_CONFIG)
        names = [name for name, value in values.items() if [value] == list(error.args)]
        if names:
            return (
                f"its config.json says {names[0]} = {error.args[0]!r:.60}, which transformers does "
                "not know; correct it, or take the file that came with the weights"
            )
    return first_line(error)


def _dropped(place: str, rate: float) -> dict[str, float]:
    """Return one rate for all dropout in a base's configuration."""
    from transformers import AutoConfig  # heavy

    found = AutoConfig.from_pretrained(place, trust_remote_code=False, local_files_only=True)
    return dropout.overrides(found.to_dict(), rate)


def build(config: Any, *, model_class: str, per_token: bool = False, seed: int = 0) -> Encoder:
    """Make an encoder of random weights from a transformers configuration."""
    import transformers  # heavy

    torch.manual_seed(seed)
    return Encoder(getattr(transformers, model_class).from_config(config), per_token=per_token)


def save(
    encoder: Encoder,
    folder: Path,
    *,
    numbers: Units | None = None,
    adapter: tuple[adapters.Lora, str] | None = None,
) -> bool:
    """Write configuration and weights so that plain transformers loads them.

    The embedding is whole, and adapters are merged; `numbers` are the
    units of the outputs, of a task of numbers. `adapter` describes adapters that are to be
    written beside it, too, and names their base.

    Returns:
        Whether its outputs are in these units.

    Raises:
        OSError: The disk is full or read-only.
    """
    with atomic.disk_errors(folder), folding.folded(encoder.model, numbers) as is_folded:
        if adapter is not None:
            adapters.save(encoder.model, folder / adapters.NAME, adapter[0], base=adapter[1])
        _save_merged(encoder, folder)
    for file in folder.glob("*.safetensors"):
        weights.open_up(file)
    return is_folded


def _save_merged(encoder: Encoder, folder: Path) -> None:
    """Write configuration and weights, adapters among them."""
    model = encoder.model
    has_own = pair_heads.of(model) is not None or own_heads.of(model) is not None
    if isinstance(model, Tree) and not has_own:
        _save_tree(model, folder)
        return
    with adapters.merged(model):
        if pair_heads.of(model) is not None:
            _save_config(model, folder, _architecture(model))
            pair_heads.save(model, folder)
        elif own_heads.of(model) is not None:
            _save_config(model, folder, _architecture(model))
            own_heads.save(model, folder)
        else:
            with quiet():
                model.save_pretrained(folder, state_dict=model.state_dict())


def _architecture(model: Any) -> str:
    """Return the name of transformers' class for a model without its head."""
    return model.architecture if isinstance(model, Tree) else type(model.base_model).__name__


def _save_tree(model: Tree, folder: Path) -> None:
    """Write what transformers' own model would, without importing its class: it takes seconds."""
    _save_config(model, folder, model.architecture)
    if adapters.are_in(model):
        whole, file = adapters.whole(model), folder / "model.safetensors"
        weights.write_one_by_one(whole, file, metadata={"format": "pt"})
        return
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    weights.write(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _save_config(model: Any, folder: Path, architecture: str) -> None:
    """Write a configuration as transformers does; by its own class, where a value is unusual."""
    values = model.config.to_dict()
    if isinstance(model, Tree) and configuration.is_known(values):
        configuration.write(values, folder, architecture=architecture)
        return
    from transformers import AutoConfig  # heavy, and needed at the end only

    config = AutoConfig.for_model(**values)
    config.architectures, config.dtype = [architecture], torch.float32
    with quiet():
        config.save_pretrained(folder)


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
