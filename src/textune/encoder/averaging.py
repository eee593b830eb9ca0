"""The mean of a text's tokens, where a head reads its first token: by one more layer of BERT.

A sentence encoder was trained to give the mean of its last states, and its first token alone means
little. The layer that is appended gives that mean to the first token, by BERT's own operations:
queries and keys are 0, so that it attends to all tokens alike; values are the states as they are;
what attention gives is multiplied so much that the first token's own state, which is added, is
less than a thousandth of it. The feed-forward part is 0. What comes out is the mean, standardised
by LayerNorm. So the saved model is one that transformers knows and computes alike.

The head's first layer begins as a tenth of the identity: its tanh leaves such numbers nearly as
they are, and the last layer reads the mean itself.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from textune.encoder import bases, description, headers
from textune.families.known import Family, family_of
from textune.records import Pooling
from textune.storage import atomic, objects

KEY = "textune_pooling"  # in config.json, of a model whose last layer was appended here
OWN_KEY = "classifier_pooling"  # in config.json, of a family whose head knows several ways
GAIN = 4096.0  # of the mean over the first token's own state; in float16, too, it is finite
SHARE = 0.1  # of the identity, in the head's first layer
_WAYS = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens")
MEAN, FIRST = "the mean of a text's tokens", "a text's first token"
LEFT_OUT = "the base's last layer, which only gives the mean of a text's tokens, is left out"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done so that a head reads texts as it shall, and what is said of it."""

    remark: str = ""
    is_appended: bool = False  # a layer has to be appended
    is_dropped: bool = False  # the base's own layer of this kind has to go
    config: Mapping[str, object] = field(default_factory=dict)  # what the model is loaded with


def choose(place: str, asked: Pooling, *, whole: bool) -> Choice:
    """Choose how the head on a base's states reads a text.

    Args:
        place: The base's directory.
        asked: "auto" for what the base's folder says, "base" for what the model itself has.
        whole: Whether the head reads texts as a whole, and not their tokens.

    Raises:
        ModelError: What its folder says of it cannot be read.
    """
    config = objects.read(Path(place) / "config.json")
    kind, has_one = str(config.get("model_type")), config.get(KEY) == "mean"
    if not whole:
        return Choice(LEFT_OUT if has_one else "", is_dropped=has_one)
    if asked == "base":
        return Choice()
    wants_mean, why = _wanted(place, asked, has_one=has_one)
    family = family_of(kind)
    if family.own_first:
        is_given = asked != "auto" or wants_mean
        own = str(config.get(OWN_KEY, family.own_first))
        return _of_its_head(family, wants_mean, why) if is_given else _as_it_is(family, own)
    takes_it = family.takes_averaging
    if not wants_mean:
        left = f"; {LEFT_OUT}" if has_one else ""
        what = FIRST if takes_it else f"as {kind} has it"
        return Choice(f"pooling: {what} ({why}){left}", is_dropped=has_one)
    if not takes_it:
        return Choice(
            f"pooling: as {kind} has it, and not {MEAN} ({why}), which is there for BERT, RoBERTa, "
            "ModernBERT and their like"
        )
    by = "" if has_one else ", by one more layer"
    return Choice(f"pooling: {MEAN}{by} ({why})", is_appended=not has_one)


def apply(model: Any, choice: Choice, *, is_head_new: bool) -> None:
    """Append the layer to a loaded model, or take it away, as was chosen.

    A head that is new begins with the mean as it is.
    """
    if choice.is_dropped:
        drop(model)
    if choice.is_appended:
        _append(model)
    if has_layer(model):
        for part in model.base_model.encoder.layer[-1].modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0  # a mean of tokens at random is none
        dense = _dense(model)
        is_inside = any(part is dense for part in model.base_model.modules())
        if is_head_new and (choice.is_appended or not is_inside):
            _identity(dense, SHARE)


def has_layer(model: Any) -> bool:
    """Tell whether a model's last layer is one that was appended here."""
    return bool(vars(model.config).get(KEY) == "mean")


def used(config: Any) -> Literal["mean", "first"]:
    """Tell what the head of a model with this configuration reads of a text."""
    return "mean" if "mean" in (vars(config).get(KEY), vars(config).get(OWN_KEY)) else "first"


def remark(config: Any) -> str:
    """Write for a model's page what its head on texts reads."""
    if vars(config).get(KEY) == "mean":
        return (
            f"\nIts head reads {MEAN}: the last of its {config.num_hidden_layers} layers was "
            "appended for that; it gives the mean to the first token.\n"
        )
    return f"\nIts head reads {MEAN}.\n" if used(config) == "mean" else ""


def is_in(place: Path) -> bool:
    """Tell whether a base's last layer is one that was appended here."""
    return objects.read(place / "config.json").get(KEY) == "mean"


def is_wanted(place: Path) -> bool:
    """Tell whether a base says that the mean of its states is to be read.

    Raises:
        ModelError: What its folder says of it cannot be read.
    """
    return _wanted(str(place), "auto", has_one=is_in(place))[0]


def hand_on(place: Path, folder: Path) -> None:
    """Let a model without a head say of its pooling what the base in `place` says.

    Raises:
        OSError: The disk is full or read-only.
    """
    if is_wanted(place):
        says = {"word_embedding_dimension": bases.width(place), "pooling_mode_mean_tokens": True}
        (folder / bases.POOLING).parent.mkdir(exist_ok=True)
        atomic.write_json(folder / bases.POOLING, says)


def drop(model: Any) -> str | None:
    """Take the appended layer away, where there is one; tell what is to be said of it."""
    if not has_layer(model):
        return None
    del model.base_model.encoder.layer[-1]
    model.config.num_hidden_layers -= 1
    delattr(model.config, KEY)
    return LEFT_OUT


@torch.no_grad()
def _append(model: Any) -> None:
    """Append the layer that gives the mean of a text's tokens to its first."""
    stack, config = model.base_model.encoder.layer, model.config
    layer = copy.deepcopy(stack[-1], {id(config): config})  # which all layers share
    for part in layer.modules():
        if getattr(part, "layer_idx", None) is not None:
            part.layer_idx = len(stack)
    for weight in layer.parameters():
        weight.zero_()
    _identity(layer.attention.self.value, 1.0)
    _identity(layer.attention.output.dense, GAIN)
    layer.attention.output.LayerNorm.weight.fill_(1.0)
    layer.output.LayerNorm.weight.fill_(1.0)
    stack.append(layer)
    config.num_hidden_layers += 1
    setattr(config, KEY, "mean")


@torch.no_grad()
def _identity(part: nn.Linear, scale: float) -> None:
    part.weight.copy_(torch.eye(part.out_features) * scale)
    part.bias.zero_()


def _dense(model: Any) -> nn.Linear:
    """Return the layer before the head's tanh."""
    pooler = getattr(model.base_model, "pooler", None)
    found: nn.Linear = model.classifier.dense if pooler is None else pooler.dense
    return found


def _wanted(place: str, asked: Pooling, *, has_one: bool) -> tuple[bool, str]:
    """Say whether the mean is wanted, and why."""
    if asked != "auto":
        return asked == "mean", "as train.pooling says"
    if has_one:
        return True, "as the base has it"
    ways = _said(Path(place) / bases.POOLING)
    if ways is None:
        return False, f"no {bases.POOLING} in the base's folder says otherwise"
    return "mean" in ways, f"the base's {bases.POOLING} says {' and '.join(ways) or 'nothing'}"


def _said(file: Path) -> tuple[str, ...] | None:
    """Read how sentence-transformers pools a base's states; None where nothing is said.

    Raises:
        ModelError: There is a file, and it cannot be read.
    """
    if not headers.is_regular(file):
        return None
    values = description.read_json(file, most=description.MOST_CONFIG)
    named = values.get("pooling_mode")
    if named is not None:
        return (
            tuple(f"{way!s:.40}" for way in named)
            if isinstance(named, list)
            else (f"{named!s:.40}",)
        )
    return tuple(way.removesuffix("_tokens") for way in _WAYS if values.get(f"pooling_mode_{way}"))


def _of_its_head(family: Family, wants_mean: bool, why: str) -> Choice:
    """Choose for a family whose head knows both ways."""
    name = "mean" if wants_mean else family.own_first
    return Choice(f"pooling: {MEAN if wants_mean else FIRST} ({why})", config={OWN_KEY: name})


def _as_it_is(family: Family, own: str) -> Choice:
    """Leave to such a family the way that its configuration names."""
    what = {"mean": MEAN, family.own_first: FIRST}.get(own, own)
    return Choice(f"pooling: {what} (as the base's config.json has it)")
