"""Two texts that are encoded apart become one answer: W [|u - v|, u * v, u · v] + b.

u and v are the last states of the first tokens of the two texts: of a sentence encoder, to which
`averaging` appends its layer, the standardised means of their tokens. Their product u · v, the sum
of u * v, is D times the cosine of such means: it stands beside its parts so that a head that few
labels taught goes mostly by it. The head lies in a file of its own; what is beside it is an encoder
as transformers and sentence-transformers load it.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textune.encoder import bases, headers, weights
from textune.errors import ModelError
from textune.records import Items
from textune.storage import atomic

REMARK = "head: new, on both texts of a pair, each encoded by itself"
LINEAR = "classifier.linear"  # among the weights of a model that has such a head
TRANSFORMER, POOLING = (
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
)


class FirstState(nn.Module):
    """Stands where the base has its pooler."""

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, D) → (B, D)."""
        return states[:, 0]


class Exact(nn.Linear):
    """A linear layer that computes in fp32, by whatever copies of its weights it is called with."""

    def forward(self, input: Tensor) -> Tensor:  # the name of torch's own argument
        """(…, D) → (…, C)."""
        return functional.linear(input, self.weight.float(), self.bias.float())


class PairHead(nn.Module):
    """Gives the states of texts as they are, and of those of two texts an answer.

    Args:
        width: D of a state.
        outputs: C of the answer.
    """

    def __init__(self, width: int, outputs: int):
        super().__init__()
        self.linear = Exact(2 * width + 1, outputs)

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, D), or what the pooler gives, → (B, D)."""
        return states[:, 0] if states.dim() == 3 else states

    def join(self, states: Tensor, items: Items) -> Tensor:
        """Answer for pairs; (2 I, D), both texts of a pair side by side → (I, C) fp32."""
        assert 2 * len(items.sizes) == len(states), "both texts of every pair"
        with torch.autocast(states.device.type, enabled=False):  # u · v is too large for bf16
            return self.answer(states[0::2].float(), states[1::2].float())

    def answer(self, first: Tensor, second: Tensor) -> Tensor:
        """Answer for the states of first and second texts; (I, D) fp32 each → (I, C)."""
        product = first * second
        parts = [(first - second).abs(), product, product.sum(1, keepdim=True)]
        found: Tensor = self.linear(torch.cat(parts, dim=1))  # of (I, 2 D + 1)
        return found


def of(model: Any) -> PairHead | None:
    """Return such a head of a model, if it has one."""
    found = getattr(model, "classifier", None)
    return found if isinstance(found, PairHead) else None


def put(model: Any, *, seed: int | None = None) -> None:
    """Give a model of BERT's build such a head instead of its own.

    Its weights are drawn where there is a seed, but for that of u · v.
    """
    config = model.config
    head = PairHead(config.hidden_size, config.num_labels)
    if seed is not None:
        torch.manual_seed(seed)
        nn.init.normal_(head.linear.weight, std=config.initializer_range)
        nn.init.zeros_(head.linear.bias)
        nn.init.zeros_(head.linear.weight[:, -1])  # of u · v, which is as large as the width
    model.classifier, model.dropout = head, nn.Identity()
    if getattr(model.base_model, "pooler", None) is not None:
        model.base_model.pooler = FirstState()


def to(encoder: Any, dtype: torch.dtype) -> None:
    """Let an encoder compute in a number format; such a head computes in fp32 all the same."""
    kept = copy.deepcopy(of(encoder.model))
    encoder.to(dtype)
    if kept is not None:
        encoder.model.classifier = kept


def read(folder: Path) -> dict[str, Tensor]:
    """Read the head of a saved model, by the names of a model that has it.

    Raises:
        ModelError: It is not there, or no such head.
    """
    file = folder / headers.PAIRS
    try:
        found = weights.read_file(file)
        head = {f"{LINEAR}.{name}": found[name].float() for name in ("weight", "bias")}
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(
            f"{file}: the head on both texts of a pair cannot be read: {error}; copy the whole "
            "folder again"
        ) from error
    weights.refuse_not_finite(head, file)
    return head


def fill(model: Any, folder: Path) -> None:
    """Give a model such a head with the weights of a saved one.

    Raises:
        ModelError: It is not there, or of another shape.
    """
    put(model)
    for name, value in read(folder).items():
        own = model.get_parameter(name)
        if own.shape != value.shape:
            raise ModelError(
                f"{folder / headers.PAIRS}: {name.removeprefix(f'{LINEAR}.')} has the shape "
                f"{tuple(value.shape)}, and {tuple(own.shape)} by config.json; take both from one "
                "model"
            )
        with torch.no_grad():
            own.copy_(value)


def save(model: Any, folder: Path) -> None:
    """Write the weights of a model with such a head: a sentence encoder's, and its own beside them.

    Raises:
        OSError: The disk is full or read-only.
    """
    tensors = {name: value.contiguous() for name, value in model.base_model.state_dict().items()}
    weights.write(tensors, folder / headers.WHOLE, metadata={"format": "pt"})
    head = of(model)
    assert head is not None
    own = {name: value.contiguous() for name, value in head.linear.state_dict().items()}
    weights.write(own, folder / headers.PAIRS, metadata={"format": "pt"})
    (folder / bases.POOLING).parent.mkdir(exist_ok=True)
    says = {
        "word_embedding_dimension": model.config.hidden_size,
        "pooling_mode_cls_token": True,
        "pooling_mode_mean_tokens": False,
    }
    atomic.write_json(folder / bases.POOLING, says)
    atomic.write_json(folder / "modules.json", [TRANSFORMER, POOLING])
