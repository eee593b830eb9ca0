"""Train only the rows of the embedding that the data uses; the others' decay is applied at the end.

A row that never occurs has no gradient, so AdamW changes it by weight decay alone, a known
factor. The rows that can occur are trained as a small table of their own, and written back when the
model is saved.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textune.encoder.invariance import CLOSE, gap, probe
from textune.encoder.model import Encoder
from textune.encoder.stored import Stored, find

LARGE = 8 * 2**20  # bytes from which a table is read again instead of being kept
SPECIAL = ("pad", "bos", "eos", "cls", "sep")
MOST_KEPT = 1000  # pieces up to the last of them
WORTH = 0.75  # a sub-table is used when it is smaller than this share of the vocabulary


@dataclass(slots=True)
class SubTable:
    """The embedding as it was, and which of its rows are being trained elsewhere."""

    rows: Tensor  # (U,) vocabulary ids of the sub-table's rows
    whole: Tensor | Stored  # (V, D) weights at the start, in memory or in the base's file
    name: str  # of the embedding's weight in the model's state
    decay: float = 1.0  # what weight decay has made of the rows that do not occur

    def step(self, lr: float, weight_decay: float) -> None:
        """Account for one update's weight decay."""
        self.decay *= 1.0 - lr * weight_decay

    @property
    def size(self) -> int:
        """Weights of the whole table."""
        return self.whole.shape[0] * self.whole.shape[1]

    def full(self, small: Tensor) -> Tensor:
        """Return the whole table with the trained rows in place; (U, D) → (V, D)."""
        if isinstance(self.whole, Stored):
            table = torch.empty(self.whole.shape)
            for first, rows in self.whole.blocks():
                torch.mul(rows, self.decay, out=table[first : first + len(rows)])
        else:
            table = self.whole * self.decay
        table[self.rows] = small.detach().to(table.device, table.dtype)
        return table


def shrink(
    encoder: Encoder, used: NDArray[np.bool_], *, place: str | None = None
) -> SubTable | None:
    """Replace the embedding by the rows that are used, where that is worth it.

    Args:
        encoder: Changed in place.
        used: (V,) which vocabulary ids the data can touch.
        place: The base, from whose file a large table can be read again when it is needed.
    """
    model = encoder.model
    table = model.get_input_embeddings()
    if not isinstance(table, nn.Embedding) or _is_shared(model, table):
        return None
    needed = used[: table.num_embeddings].copy()
    if table.padding_idx is not None:
        needed[table.padding_idx] = True
    if not encoder.packed:
        _keep_special(needed, encoder.config)
    if needed.mean() > WORTH:
        return None
    rows = torch.from_numpy(np.flatnonzero(needed))
    places = torch.zeros(table.num_embeddings, dtype=torch.int64)
    places[rows] = torch.arange(len(rows))
    weight = table.weight.detach()
    is_large = place is not None and weight.numel() * weight.element_size() > LARGE
    stored = find(place, weight) if place is not None and is_large else None
    padding = None if table.padding_idx is None else int(places[table.padding_idx])
    small = nn.Embedding.from_pretrained(
        weight[rows.to(weight.device)], freeze=not table.weight.requires_grad, padding_idx=padding
    )
    name = next(key for key, value in model.named_parameters() if value is table.weight)
    check = probe(_ordinary(rows, encoder.config).to(weight.device))
    before = None if encoder.packed else encoder.logits(check)
    model.set_input_embeddings(small)
    encoder.table = places.to(weight.device)
    if before is not None and not gap(encoder.logits(check), before) <= CLOSE:
        model.set_input_embeddings(table)
        encoder.table = None
        encoder.remarks += (
            "the whole vocabulary is trained: this model looks for some pieces by their number",
        )
        return None
    if stored is None:
        return SubTable(rows=rows.to(weight.device), whole=weight.clone(), name=name)
    encoder.own_memory()
    return SubTable(rows=rows, whole=stored, name=name)


def restore(encoder: Encoder, sub: SubTable) -> None:
    """Put the whole embedding back, trained rows included."""
    small = encoder.model.get_input_embeddings()
    assert isinstance(small, nn.Embedding)
    padding = None if small.padding_idx is None else int(sub.rows[small.padding_idx])
    whole = nn.Embedding.from_pretrained(
        sub.full(small.weight).to(small.weight.device),
        freeze=not small.weight.requires_grad,
        padding_idx=padding,
    )
    encoder.model.set_input_embeddings(whole)
    encoder.table = None


def _keep_special(needed: NDArray[np.bool_], config: object) -> None:
    """Let special pieces keep their numbers, where they are low, for models that look for them."""
    named = [getattr(config, f"{name}_token_id", None) for name in SPECIAL]
    last = max((number for number in named if isinstance(number, int)), default=-1)
    if last < MOST_KEPT:
        needed[: last + 1] = True


def _ordinary(rows: Tensor, config: Any) -> Tensor:
    """Return pieces that are no padding, of those that are used."""
    return rows[rows != config.pad_token_id] if len(rows) > 1 else rows


def _is_shared(model: nn.Module, table: nn.Embedding) -> bool:
    """Tell whether a head computes with the same table (masked-LM)."""
    owners = [
        part
        for part in model.modules()
        if part is not table
        and any(item is table.weight for item in part.parameters(recurse=False))
    ]
    return bool(owners)
