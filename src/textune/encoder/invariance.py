"""Batch invariance: does a model compute the same of a text alone and beside others, padded?

A family whose layers or head do not heed the mask (XLNet's head reads the last place, FNet mixes
all places) computes other logits for each length of the longest text. Its texts are computed with
texts of the same length only, where there is no padding. B texts, P tokens, C outputs.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from textune.records import Batch

CLOSE = 2e-5  # most that logits may differ, of the largest: rounding is below 1e-6
LENGTHS = (2, 5, 9, 5)  # of the texts that are compared


def probe(choices: Tensor) -> Batch:
    """Make texts of some ids, as different as they can be.

    Args:
        choices: (N,) ids that texts may hold.
    """
    count = sum(LENGTHS)
    steps = torch.arange(count, device=choices.device) * max(1, len(choices) // count)
    ids = choices[steps % len(choices)]
    borders = torch.tensor([0, *LENGTHS]).cumsum(0)
    return Batch(
        ids=ids,
        positions=torch.cat([torch.arange(size) for size in LENGTHS]).to(ids.device),
        segments=torch.zeros_like(ids),
        borders=borders.to(ids.device),
        lengths=LENGTHS,
    )


def each(batch: Batch) -> list[Batch]:
    """Part a batch into its texts."""
    return [one_of(batch, [number]) for number in range(len(batch.lengths))]


def one_of(batch: Batch, numbers: list[int]) -> Batch:
    """Take some texts of a batch, in the order given."""
    sizes = list(batch.lengths)
    ids, positions, segments = (
        torch.cat([column.split(sizes)[number] for number in numbers])
        for column in (batch.ids, batch.positions, batch.segments)
    )
    taken = tuple(sizes[number] for number in numbers)
    borders = torch.tensor([0, *taken]).cumsum(0).to(ids.device)
    return Batch(ids=ids, positions=positions, segments=segments, borders=borders, lengths=taken)


def by_length(compute: Callable[[Batch], Tensor], batch: Batch, *, per_token: bool) -> Tensor:
    """Compute a batch, texts of one length at a time.

    `compute` returns logits, (B, C), or (P, C) of tokens.
    """
    found: dict[int, Tensor] = {}
    for size in sorted(set(batch.lengths)):
        numbers = [number for number, other in enumerate(batch.lengths) if other == size]
        part = compute(one_of(batch, numbers))
        rows = part.split(size if per_token else 1)
        found |= dict(zip(numbers, rows, strict=True))
    return torch.cat([found[number] for number in range(len(batch.lengths))])


def gap(one: Tensor, other: Tensor) -> float:
    """Return the largest difference of two tensors, as a share of the largest value or of 1."""
    if one.shape != other.shape:
        return float("inf")
    scale = max(1.0, float(other.abs().max()))
    return float((one - other).abs().max()) / scale
