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
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from textune.encoder import bases
from textune.encoder.ways_of_pooling import KEY, LEFT_OUT, MEAN, OWN_KEY, Choice, is_wanted
from textune.storage import atomic

GAIN = 4096.0  # of the mean over the first token's own state; in float16, too, it is finite
SHARE = 0.1  # of the identity, in the head's first layer


def apply(model: Any, choice: Choice, *, is_head_new: bool, is_pooler_new: bool = False) -> None:
    """Append the layer to a loaded model, or take it away, as was chosen.

    A head that is new, or a new pooler before it, begins with the mean as it is.
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
        if is_head_new and (choice.is_appended or is_pooler_new or not is_inside):
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
