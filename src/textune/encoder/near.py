"""The names of labels become words near them, of the base's vocabulary, as examples of each label.

That a label can be learned from words near its name is of Meng et al. (2018), WeSTClass.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from textune.encoder.heads import answering_with_inputs, last
from textune.encoder.model import Encoder
from textune.text import batches
from textune.text.tokenizers import Ids, Tokenizer

MOST_ROWS = 65_536  # of a vocabulary; the table of a larger one would have to be read for it
MOST_COMPARED = 1_000  # words that the encoder reads
MOST_LABELS = 7  # GoEmotions, which has 28, was answered worse with words
FEWEST_LETTERS = 3
AT_ONCE = 256  # words


@dataclass(frozen=True, slots=True)
class Near:
    """Words near the names of labels."""

    words: tuple[tuple[str, ...], ...]  # of each label, the nearest first
    texts: tuple[tuple[Ids, ...], ...]  # their ids, special tokens included


def find(encoder: Encoder, tokenizer: Tokenizer, names: Sequence[Ids], most: int) -> Near | None:
    """Find whole words that are nearer to the name of a label than to other labels' names.

    Those that are near by the input embedding are compared by what the last layer reads of them, by
    the cosine.

    Args:
        encoder: With the weights of the base and its whole vocabulary; it is left as it was.
        tokenizer: Of the base.
        names: Ids of each label's name, special tokens included.
        most: Words of a label.

    Returns:
        None where there are none: the labels are too many, two have one name, one is of nothing
        that the vocabulary knows, or the vocabulary is too large.
    """
    found = last(encoder.model)
    table: Tensor = encoder.model.get_input_embeddings().weight.detach()
    if found is None or not 2 <= len(names) <= MOST_LABELS or len(table) > MOST_ROWS:
        return None
    ids, words = _whole_words(tokenizer, len(table))
    if not len(ids):
        return None
    is_special = tokenizer.special()
    bare = [name[~is_special[name]] for name in names]
    if not all(map(len, bare)) or len({name.tobytes() for name in bare}) < len(bare):
        return None
    chosen = _likely(table.float().cpu(), ids, bare)
    texts = [tokenizer.wrap(np.asarray([one], dtype=np.int32), None)[0] for one in ids[chosen]]
    likeness = _read(encoder, found[1], texts) @ _read(encoder, found[1], names).T  # (W, C)
    nearest = likeness.argmax(axis=1)
    mine = [np.flatnonzero(nearest == label) for label in range(len(names))]
    mine = [at[np.argsort(-likeness[at, label])][:most] for label, at in enumerate(mine)]
    return Near(
        tuple(tuple(words[place] for place in chosen[at].tolist()) for at in mine),
        tuple(tuple(texts[place] for place in at.tolist()) for at in mine),
    )


def _whole_words(tokenizer: Tokenizer, size: int) -> tuple[Ids, list[str]]:
    """Return the pieces that are words by themselves, and these."""
    begins = tokenizer.word_starts() & ~tokenizer.special()
    ids = np.flatnonzero(begins[:size]).astype(np.int32)
    words = [
        word.strip() for word in tokenizer.backend.decode_batch([[one] for one in ids.tolist()])
    ]
    kept = [
        place for place, word in enumerate(words) if len(word) >= FEWEST_LETTERS and word.isalpha()
    ]
    return ids[kept], [words[place] for place in kept]


def _likely(table: Tensor, ids: Ids, names: Sequence[Ids]) -> Ids:
    """Return the places of the words whose embedding is most like that of some name."""
    rows = table[torch.from_numpy(ids.astype(np.int64))]
    center = rows.mean(dim=0)
    of_names = torch.stack([table[name.tolist()].mean(dim=0) for name in names])
    unit = nn.functional.normalize
    likeness = unit(of_names - center, dim=1) @ unit(rows - center, dim=1).T  # (C, W)
    each = min(MOST_COMPARED // len(names), len(ids))
    found: Ids = np.unique(likeness.topk(each, dim=1).indices.numpy())
    return found


def _read(encoder: Encoder, layer: nn.Linear, texts: Sequence[Ids]) -> np.ndarray[tuple[int, int]]:
    """Compute what the last layer reads of texts, of length 1; (N, D)."""
    found = []
    with answering_with_inputs(encoder, layer):
        for start in range(0, len(texts), AT_ONCE):
            part = texts[start : start + AT_ONCE]
            batch = batches.pack_ids(part, [len(text) for text in part], device=encoder.device)
            found.append(encoder.logits(batch).float())
    return nn.functional.normalize(torch.cat(found), dim=1).cpu().numpy()
