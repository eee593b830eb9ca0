"""Labels whose names are words become features: what a label is called tells what it means."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.encoder.model import Encoder
from textune.probing.features import answering_with_inputs, last_layer
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.text import batches
from textune.text.tokenizers import Ids, Tokenizer

MOST = 1_000  # labels; of more the texts tell enough
_NO_WORD = re.compile(r"(label|class|category|cat|tag|topic|type|group)?[\W_]*[\w]?[\W_]*\d*", re.I)


def words(task: Task) -> list[str] | None:
    """Return the labels as texts; None where they are no words, or the task cannot use them."""
    if not registry.of(task.name).probes_names or len(task.labels) > MOST:
        return None
    if any(
        _NO_WORD.fullmatch(label) or not re.search(r"[^\W\d_]{2}", label) for label in task.labels
    ):
        return None
    parted = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label) for label in task.labels)
    return [re.sub(r"[\s_\-/.]+", " ", label).strip() for label in parted]


def ids(texts: Sequence[str], tokenizer: Tokenizer) -> list[Ids]:
    """Return the ids of each name, special tokens included."""
    return [tokenizer.wrap(found, None)[0] for found in tokenizer.encode(texts)]


def features(encoder: Encoder, texts: Sequence[Ids]) -> NDArray[np.float32]:
    """Compute what the last linear layer reads of each name; (C, D)."""
    layer = last_layer(encoder)
    assert layer is not None, "a head that ends in a linear layer with a row for each label"
    batch = batches.pack_ids(texts, [len(text) for text in texts], device=encoder.device)
    with answering_with_inputs(encoder, layer):
        found: NDArray[np.float32] = encoder.logits(batch).float().cpu().numpy()
    return found
