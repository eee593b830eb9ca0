"""What a loss asks of all texts of an optimizer batch is known before its parts are computed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from textune.fast.lacking import is_lack
from textune.objectives.work import Whole, Work
from textune.records import Batch
from textune.text import batches
from textune.training import generators
from textune.training.reducing import Adding


def differentiate(
    model: Callable[[Batch], Any],
    work: Work,
    reducer: Adding | None = None,
) -> tuple[Work, Whole | None]:
    """Differentiate a loss of a whole optimizer batch by the features of its parts.

    These are computed once more than is needed without such a loss.

    The masks of dropout are those that the parts will have when they are computed with gradients.

    Args:
        model: Computes logits from a batch.
        work: The update.
        reducer: Brings what other processes read; None where this one is alone.

    Returns:
        The update, and what its loss asks of the whole: None where it asks for nothing, or is
        computed as one.

    Raises:
        MemoryError: Another process lacks memory.
    """
    whole = work.whole
    if whole is None:
        return work, None
    parts = list(work.parts)
    whole.enter(None)
    if reducer is None and len(parts) == 1 and len(work.pieces(parts[0])) == 1:
        return replace(work, parts=parts), None
    device = whole.device  # the parts may lie elsewhere
    parts = [batches.moved(part, device) for part in parts]
    before = generators.state(device)
    try:
        features = [_features(model, whole, work.pieces(part)) for part in parts]
    except (RuntimeError, MemoryError) as error:
        if reducer is not None and is_lack(error):
            reducer.stack(None, device)
        raise
    generators.go_back(before, device)
    stack = None if reducer is None else partial(reducer.stack, device=device)
    whole.differentiate(parts, features, stack)
    return replace(work, parts=parts), whole


@torch.no_grad()
def _features(model: Callable[[Batch], Any], whole: Whole, pieces: Sequence[Batch]) -> Tensor:
    """Return the features of the windows of a part; (R, D)."""
    found = []
    with whole.keeping():
        for piece in pieces:
            model(piece)
            found.append(whole.features())
    return torch.cat(found)
