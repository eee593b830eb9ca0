"""One optimizer step, as an objective hands it to the training loop."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from textune.encoder.model import Encoder
from textune.records import Batch, Items

Join = Callable[[Tensor, Items], Tensor]


@dataclass(frozen=True, slots=True)
class Work:
    """One optimizer step as it reaches the loop."""

    number: int  # from 1, over all epochs
    epoch: int  # from 1
    parts: Iterable[Batch]  # micro-batches; made when they are needed
    count: float  # what the sum of losses over the whole optimizer batch is divided by
    texts: int
    tokens: int
    computed: int
    micro_tokens: int | None = None  # computed at once, where the windows of one text are more
    join: Join | None = None  # pools the logits of each item over its windows


def computed(encoder: Encoder, parts: Sequence[Batch], tokens: int) -> int:
    """Return the tokens that go through the layers in an update, padding included.

    Args:
        encoder: That computes it.
        parts: The micro-batches of this process.
        tokens: Of the texts of all processes: the others are taken to pad as much.
    """
    mine = sum(sum(batch.lengths) for batch in parts)
    found = sum(encoder.computed_tokens(batch) for batch in parts)
    return found if mine in (0, tokens) else round(found * tokens / mine)
