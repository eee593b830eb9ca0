"""The large weights of a model become buckets, whose gradients go to other processes as one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder.precision import Plain
from textune.fast.matrices import Block

LARGE = 1 << 16  # elements from which on gradients go by themselves; others go together


@dataclass(slots=True)
class Bucket:
    """Weights whose gradients go as one tensor."""

    weights: list[nn.Parameter]
    leaf: Tensor  # of autograd: its hooks run once all of these gradients are complete
    block: Block | None  # of kernels, which write these gradients; None: torch does
    place: slice  # of memory that all processes see
    is_complete: bool = False
    has: list[bool] = field(default_factory=list)  # which of the weights had gradients here
    is_half: bool = False  # whether they lie in bf16 in memory that all processes see
    wait: Any = None  # for the sums; None before they are begun


def of(model: Plain) -> Iterator[Bucket]:
    """Part the large weights, from the head down: the layers of kernels whole, others singly."""
    blocks = {id(part): block for block in model.blocks() for part in block.weights()}
    seen, start = {id(table) for table, _ in model.rows()}, 0
    for weight, copy in reversed(model.trained()):
        block = blocks.get(id(weight))
        weights = [weight] if block is None else block.weights()
        size = sum(part.numel() for part in weights)
        if size >= LARGE and weight.dim() > 1 and id(weight) not in seen:  # a bias goes with others
            place = slice(start, start := start + size)
            yield Bucket(weights, copy if block is None else block.leaf, block, place)
            seen.update(map(id, weights))


def places(buckets: Sequence[Bucket], model: Plain) -> dict[nn.Parameter, slice]:
    """Return where in one stretch of numbers each large weight has its own: tables last."""
    found = {}
    for bucket in buckets:
        start = bucket.place.start
        for weight in bucket.weights:
            found[weight] = slice(start, start := start + weight.numel())
    stop = buckets[-1].place.stop
    for table, _ in model.rows():
        if table.requires_grad and table.numel() >= LARGE and table not in found:
            found[table] = slice(stop, stop := stop + table.numel())
    return found


def shares(
    places: Mapping[nn.Parameter, slice],
    buckets: Sequence[Bucket],
    share: Callable[[int | None], slice],
) -> dict[nn.Parameter, slice]:
    """Return which elements of each weight this process updates.

    Args:
        places: Of all weights.
        buckets: Whose sums a process has of its share of all of them.
        share: Returns which of so many numbers are this process's, and of those of buckets: None.
    """
    summed, end, found = share(None), buckets[-1].place.stop, {}
    for weight, place in places.items():
        if place.start >= end:
            found[weight] = share(weight.numel())
            continue
        start, stop = (
            min(max(at, place.start), place.stop) - place.start
            for at in (summed.start, summed.stop)
        )
        found[weight] = slice(start, stop)
    return found


def are_halves(gradients: Sequence[Tensor | None]) -> bool:
    """Tell whether all of them are in bf16."""
    return all(one is not None and one.dtype == torch.bfloat16 for one in gradients)


def as_one(gradients: Sequence[Tensor | None], dtype: torch.dtype = torch.float32) -> Tensor | None:
    """See gradients of a format that lie end to end as one, (N,); None where they do not."""
    first = gradients[0]
    if first is None:
        return None
    at = first.data_ptr()
    for one in gradients:
        if one is None or one.dtype != dtype or not one.is_contiguous():
            return None
        if one.data_ptr() != at or one.untyped_storage().data_ptr() != _storage(first):
            return None
        at += one.numel() * one.element_size()
    return first.as_strided((sum(one.numel() for one in gradients if one is not None),), (1,))


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
