"""The names of labels become features, as texts do."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.encoder.model import Encoder
from textune.probing.features import answering_with_inputs, last_layer
from textune.text import batches
from textune.text.tokenizers import Ids


def features(encoder: Encoder, texts: Sequence[Ids]) -> NDArray[np.float32]:
    """Compute what the last linear layer reads of each name; (C, D)."""
    layer = last_layer(encoder)
    assert layer is not None, "a head that ends in a linear layer with a row for each label"
    batch = batches.pack_ids(texts, [len(text) for text in texts], device=encoder.device)
    with answering_with_inputs(encoder, layer):
        found: NDArray[np.float32] = encoder.logits(batch).float().cpu().numpy()
    return found
