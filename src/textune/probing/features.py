"""A frozen encoder and texts become features: what the last linear layer of its head reads."""

import numpy as np
from numpy.typing import NDArray
from torch import nn

from textune.encoder import heads
from textune.encoder.heads import answering_with_inputs
from textune.encoder.model import Encoder
from textune.evaluation import answered, evaluate
from textune.fast import threads
from textune.text.store import Store


def features(
    encoder: Encoder, store: Store, rows: NDArray[np.int64], *, micro_tokens: int
) -> NDArray[np.float32]:
    """Compute what the last linear layer reads of each item, without dropout.

    Several windows of one item give their mean: a linear layer's mean answer is its answer to the
    mean.

    Args:
        encoder: With the task's head; it is left as it was.
        store: Token ids.
        rows: (N,) which texts.
        micro_tokens: Most tokens computed at once, if fewer than is usual for the device.

    Returns:
        (I, D), in the order of `rows`: a row for each text, or for each word of the texts in turn
        where the head is asked about words; NaN for a word that no window shows.

    Raises:
        NumericsError: The encoder answers with NaN or infinity.
    """
    layer = last_layer(encoder)
    assert layer is not None, "a head that ends in a linear layer with a row for each label"
    with threads.shared(), answering_with_inputs(encoder, layer):
        parts = evaluate.logits(encoder, store, rows, micro_tokens=micro_tokens)
        found, _ = answered.in_order(parts, store, rows, width=layer.in_features)
    return found


def last_layer(encoder: Encoder) -> nn.Linear | None:
    """Return the linear layer that has a row for each label; None where the head has none."""
    found = heads.last(encoder.model)
    return None if found is None or found[1].bias is None else found[1]
