"""The names of a base's weights, held against those of the encoder that its config.json describes.

What the file lacks would be drawn at random and what it has beyond would be left out, both without
a word: a prefix that is not known makes a random encoder. Only a head may be new, and a pooler.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from textune.encoder.tree import Tree
from textune.errors import ModelError, some

SHOWN = 3  # names of each kind in a message
POOLER = "pooler."
BUFFERS = ("position_ids", "token_type_ids", "inv_freq")  # that older versions saved, and are made


def check(place: str, model: Any, found: Mapping[str, Any], *, finished: bool) -> None:
    """Refuse weights that do not fit.

    `found` is what transformers says: "missing_keys", "unexpected_keys", "mismatched_keys". Of a
    finished run's model nothing at all may be new.

    Raises:
        ModelError: Weights of the encoder are absent, too many or of another shape.
    """
    missing, shapes = set(found["missing_keys"]), sorted(found["mismatched_keys"])
    if not finished:
        missing = {name for name in missing if _is_needed(name, model)}
        shapes = [item for item in shapes if _is_inside(item[0], model)]
    unexpected = [name for name in found["unexpected_keys"] if _is_needed(name, model)]
    if not missing and not shapes and not unexpected:
        return
    if missing and not unexpected:  # they may be there under another prefix
        unexpected = sorted(found["unexpected_keys"])
    named = [f"{name} ({_shape(one)} there, {_shape(other)} by it)" for name, one, other in shapes]
    parts = [
        f"{title} {some(names, SHOWN)}"
        for title, names in (
            ("missing are", sorted(missing)),
            ("of another shape are", named),
            ("not known are", sorted(unexpected)),
        )
        if names
    ]
    raise ModelError(
        f"{place}: its weights are not those of the {model.config.model_type} encoder that its "
        f"config.json describes: {'; '.join(parts)}. Take config.json and model.safetensors from "
        f"one model; if the names have another prefix, rename them as {architecture(model)} of "
        f"transformers has them"
    )


def architecture(model: object) -> str:
    """Return the name of a model's class in transformers."""
    return model.architecture if isinstance(model, Tree) else type(model).__name__


def new_parts(model: Any, found: Mapping[str, Any]) -> tuple[bool, bool]:
    """Tell whether a pooler is new, and whether all of the head is."""
    missing = set(found["missing_keys"])
    outside = {name for name, _ in model.named_parameters() if not _is_inside(name, model)}
    is_pooler = any(_bare(name, model).startswith(POOLER) for name in missing)
    return is_pooler, bool(outside) and outside <= missing


def _is_needed(name: str, model: object) -> bool:
    """Tell whether a weight belongs to the encoder itself."""
    is_made = name.rpartition(".")[2] in BUFFERS
    return _is_inside(name, model) and not is_made and not _bare(name, model).startswith(POOLER)


def _is_inside(name: str, model: Any) -> bool:
    """Tell whether a name is of the base model, with its prefix or without."""
    if name.startswith(f"{model.base_model_prefix}."):
        return True
    outside = {part for part, _ in model.named_children()}
    inside = {part for part, _ in model.base_model.named_children()} - outside
    return name.partition(".")[0] in inside


def _bare(name: str, model: Any) -> str:
    return name.removeprefix(f"{model.base_model_prefix}.")


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"
