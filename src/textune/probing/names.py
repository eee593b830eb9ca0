"""The names of labels, and words near them, become features, as texts do."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from textune.encoder.heads import answering_with_inputs
from textune.encoder.model import Encoder
from textune.probing.features import last_layer
from textune.text import batches
from textune.text.tokenizers import Ids


def features(encoder: Encoder, texts: Sequence[Sequence[Ids]]) -> NDArray[np.float32]:
    """Compute what the last linear layer reads of the texts of each label.

    Returns:
        (C, K, D), K being the texts of the label that has most; NaN after those of the others.
    """
    layer = last_layer(encoder)
    assert layer is not None, "a head that ends in a linear layer with a row for each label"
    every = list(chain.from_iterable(texts))
    batch = batches.pack_ids(every, [len(text) for text in every], device=encoder.device)
    with answering_with_inputs(encoder, layer):
        read: NDArray[np.float32] = encoder.logits(batch).float().cpu().numpy()
    counts = np.array([len(of_label) for of_label in texts])
    found = np.full((len(texts), counts.max(), read.shape[1]), np.nan, dtype=np.float32)
    found[np.arange(counts.max()) < counts[:, None]] = read
    return found
