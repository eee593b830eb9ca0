"""The gradients of several processes become one: the exact mean over the whole optimizer batch.

Each process has divided its losses by what the whole batch counts, so the gradients are added:
where they lie, so that nothing is copied but those of biases and norms, and of those rows of an
embedding that some process has used, which go together.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from textune.fast.matrices import Rows
from textune.parallel.ranks import Ranks
from textune.training.optim import AdamW

LARGE = 1 << 16  # elements above which a gradient is added where it lies; others go together


def add(
    ranks: Ranks,
    optimizer: AdamW,
    total: Tensor,
    *,
    rows: Iterable[tuple[nn.Parameter, Rows]] = (),
) -> Tensor:
    """Add the gradients and the losses of all processes, in place.

    A parameter without a gradient here has zeros added for it where any process has one; where
    none has one it stays without, and is not updated, as with one process.

    Args:
        ranks: The processes.
        optimizer: Whose parameters have gradients now.
        total: () the loss of this process's texts, divided by the count of all.
        rows: Tables whose gradients are of a few rows, and what holds them; what goes are the rows
            that any process has used.

    Returns:
        The loss of all.
    """
    if not ranks.are_several:
        return total
    pairs, tables = list(optimizer.gradients()), list(rows)
    marks, used = _marked(ranks, pairs, tables)
    opened = [  # also where all rows go, so that all are cleared before the next update
        (id(table), held.open(table, places), places)
        for (table, held), places in zip(tables, used, strict=True)
        if len(places)
    ]
    some = {key: (whole, places) for key, whole, places in opened if len(places) < len(whole)}
    shared = [
        _laid_down(parameter, gradient)
        for (parameter, gradient), is_there in zip(pairs, marks, strict=True)
        if is_there and id(parameter) not in some
    ]
    large = [item for item in shared if item.numel() >= LARGE]
    small = [item for item in shared if item.numel() < LARGE]
    taken = [whole[places] for whole, places in some.values()]  # (R, D) each
    total = total.to(pairs[0][0].device)
    flat = torch.cat([total.reshape(1), *(item.reshape(-1) for item in (*small, *taken))])
    ranks.add([*large, flat])()
    _spread(flat[1:], [*small, *taken])
    for (whole, places), sums in zip(some.values(), taken, strict=True):
        whole[places] = sums
    return flat[0]


def _marked(
    ranks: Ranks,
    pairs: Sequence[tuple[nn.Parameter, Tensor | None]],
    tables: Sequence[tuple[nn.Parameter, Rows]],
) -> tuple[list[int], list[Tensor]]:
    """Return how many processes have each gradient, and which rows of tables any has, (R,) each.

    Whether a process was asked to stop goes the same way.
    """
    is_stopped = ranks.stop is not None and ranks.stop.signal is not None
    marks = torch.tensor([*(gradient is not None for _, gradient in pairs), is_stopped])
    parts = [marks, *(held.touched(table) for table, held in tables)]
    both = torch.cat(parts).to(torch.int32)
    ranks.add([both])()
    first, *used = both.split([len(part) for part in parts])
    *counts, stopped = first.tolist()
    ranks.are_stopped = bool(stopped)
    return counts, [found.nonzero()[:, 0] for found in used]


def _laid_down(parameter: nn.Parameter, gradient: Tensor | None) -> Tensor:
    """Let a parameter have a gradient in fp32 that can be added to; return it."""
    if gradient is None:
        parameter.grad = torch.zeros_like(parameter)
    elif not gradient.is_contiguous():
        parameter.grad = gradient.contiguous()
    assert parameter.grad is not None
    return parameter.grad


def _spread(flat: Tensor, parts: Sequence[Tensor]) -> None:
    """Lay sums back into the gradients that they are of."""
    with torch.no_grad():
        for piece, part in zip(flat.split([part.numel() for part in parts]), parts, strict=True):
            part.copy_(piece.view_as(part))
