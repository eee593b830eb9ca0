"""Hidden states become logits by a head of the user's own: a torch module on packed states.

Shapes: P tokens, B texts (or windows of them), L tokens of the longest, D width, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from textune.encoder import headers, weights
from textune.errors import ModelError, SettingsError, first_line

NAME = "own_head"  # among a model's modules
Make = Callable[[Any, int], nn.Module]  # of the base's configuration and the number of outputs


@dataclass(frozen=True, slots=True)
class States:
    """What an encoder says of a batch: the states of all tokens, text after text, not padded."""

    layers: tuple[Tensor, ...]  # (P, D) each: the embeddings, then every layer
    borders: Tensor  # (B + 1,) int64: text b holds the tokens borders[b] up to borders[b + 1]
    lengths: tuple[int, ...]  # B numbers, the same for the host
    pooler: Callable[[Tensor], Tensor] | None = None  # (B, 1, D) → (B, D), the base's own

    @property
    def last(self) -> Tensor:
        """Return the states of the last layer; (P, D)."""
        return self.layers[-1]

    def first(self, states: Tensor | None = None) -> Tensor:
        """Return the state of each text's first token, [CLS]; (B, D)."""
        return (self.last if states is None else states)[self.borders[:-1]]

    def mean(self, states: Tensor | None = None) -> Tensor:
        """Return the mean of each text's states; (B, D)."""
        found = self.last if states is None else states
        sizes = self.borders.diff()
        owner = torch.repeat_interleave(torch.arange(len(sizes), device=found.device), sizes)
        sums = found.new_zeros(len(sizes), found.shape[1]).index_add(0, owner, found)
        return sums / sizes[:, None]

    def padded(self, states: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return states in rows of one length, (B, L, D), and where there are tokens, (B, L)."""
        found = self.last if states is None else states
        rows = pad_sequence(list(found.split(self.lengths)), batch_first=True)
        places = torch.arange(rows.shape[1], device=found.device)
        return rows, places[None] < self.borders.diff()[:, None]

    def pooled(self) -> Tensor:
        """Return what the base's pooler makes of each first token; (B, D).

        Raises:
            SettingsError: The base has none.
        """
        if self.pooler is None:
            raise SettingsError("the head of your own: this base has no pooler; take first()")
        return self.pooler(self.first()[:, None])


def of(model: Any) -> nn.Module | None:
    """Return the user's head of a model, if it has one."""
    return getattr(model, NAME, None)


def put(model: Any, make: Make, *, seed: int) -> None:
    """Give a model a user's head instead of its own, drawn from a seed.

    Raises:
        SettingsError: It cannot be made, or is no torch module.
    """
    torch.manual_seed(seed)
    outputs = int(model.config.num_labels)
    name = getattr(make, "__qualname__", repr(make))
    try:
        head = make(model.config, outputs)
    except Exception as error:  # the user's code may raise anything
        raise SettingsError(
            f"the head of your own ({name}) failed: {type(error).__name__}: {first_line(error)}; "
            f"it is called with the base's configuration and the number of outputs, here {outputs}"
        ) from error
    if not isinstance(head, nn.Module):
        raise SettingsError(
            f"the head of your own ({name}): expected a torch.nn.Module, found "
            f"{type(head).__name__}"
        )
    for child, part in list(model.named_children()):
        if part is not model.base_model:
            setattr(model, child, nn.Identity())
    model.add_module(NAME, head)


def logits(model: Any, states: States, *, per_token: bool) -> Tensor:
    """Compute a user's head, in the number format of its weights; (B, C), or (P, C) of tokens.

    Raises:
        SettingsError: It fails, or returns another shape.
    """
    head: Any = of(model)
    dtype = next((each.dtype for each in head.parameters()), torch.float32)
    layers = tuple(layer.to(dtype) for layer in states.layers)
    given = States(layers, states.borders, states.lengths, states.pooler)
    try:
        found: Tensor = head(given)
    except Exception as error:  # the user's code may raise anything
        if isinstance(error, torch.OutOfMemoryError | MemoryError | SettingsError):
            raise
        raise SettingsError(
            f"the head of your own ({type(head).__qualname__}) failed: {type(error).__name__}: "
            f"{first_line(error)}; it is called with the states of {len(states.lengths)} texts, "
            f"here layers of the shape {tuple(states.last.shape)}"
        ) from error
    rows = sum(states.lengths) if per_token else len(states.lengths)
    wanted = (rows, int(model.config.num_labels))
    if getattr(found, "shape", None) != wanted:
        shown = tuple(getattr(found, "shape", ())) or type(found).__name__
        each = "token" if per_token else "text"
        raise SettingsError(
            f"the head of your own ({type(head).__qualname__}): expected logits of the shape "
            f"{wanted}, a row for each {each}, found {shown}"
        )
    return found


def save(model: Any, folder: Path) -> None:
    """Write the weights of a model with a user's head: the encoder's, and the head's beside them.

    Raises:
        OSError: The disk is full or read-only.
    """
    whole = {name: value.contiguous() for name, value in model.base_model.state_dict().items()}
    whole |= {name: value.contiguous() for name, value in model.named_parameters(recurse=False)}
    weights.write(whole, folder / headers.WHOLE, metadata={"format": "pt"})
    head: Any = of(model)
    own = {name: value.detach().clone() for name, value in head.state_dict().items()}
    weights.write(own, folder / headers.OWN, metadata={"format": "pt"})


def fill(model: Any, folder: Path) -> None:
    """Give a model's own head the weights of a saved one.

    Raises:
        ModelError: They are not there, or of another head.
    """
    file = folder / headers.OWN
    head: Any = of(model)
    try:
        found = weights.read_file(file)
        head.load_state_dict(found)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{file}: the head of your own cannot be filled with these weights: "
            f"{first_line(error)}; take the code that it was trained with"
        ) from error
    weights.refuse_not_finite(found, file)
