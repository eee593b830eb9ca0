"""Passages become a Batch with masks and their targets: BERT's masked language model."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from textune.errors import ModelError
from textune.records import Batch
from textune.text import batches
from textune.text.documents import Documents
from textune.text.passages import Passages
from textune.text.tokenizers import Ids, Tokenizer

USUAL = 0.15  # share of tokens that are chosen where encoders are compared (Devlin et al., 2019)
HELD_OUT = 0  # the epoch of texts that are held out: their masks never change


@dataclass(frozen=True, slots=True)
class Masking:
    """Which tokens are chosen, and what is put in their place.

    Of the chosen tokens `mask_share` become the mask, `random_share` another piece, the rest stay
    (Devlin et al., 2019: 80 %, 10 %, 10 %). Special tokens are neither chosen nor drawn.
    """

    rate: float  # of all tokens but special ones
    mask_share: float
    random_share: float
    whole_words: bool  # choose words, with all their pieces, instead of pieces
    mask_id: int
    special: NDArray[np.bool_]  # (V,)
    word_starts: NDArray[np.bool_]  # (V,) whether a piece begins a word

    @classmethod
    def of(
        cls,
        tokenizer: Tokenizer,
        *,
        rate: float = 0.15,
        mask_share: float = 0.8,
        random_share: float = 0.1,
        whole_words: bool = False,
    ) -> "Masking":
        """Make the rules for a tokenizer.

        Raises:
            ModelError: It has no token for a mask.
        """
        if tokenizer.mask_id is None:
            raise ModelError(
                f"{tokenizer.place}: its tokenizer has no mask token ([MASK], <mask>), without "
                "which nothing can be masked; choose another --base, or make one with textune "
                "pretrain"
            )
        return cls(
            rate=rate,
            mask_share=mask_share,
            random_share=random_share,
            whole_words=whole_words,
            mask_id=tokenizer.mask_id,
            special=tokenizer.special(),
            word_starts=tokenizer.word_starts(),
        )

    def apply(self, ids: Ids, draw: np.random.Generator) -> tuple[Ids, NDArray[np.int64]]:
        """Mask one text; (L,) ids → (L,) ids, and (M,) places of those chosen, ascending."""
        ordinary = ~self.special[ids]
        chosen = self._choose(ids, ordinary, draw)
        places = np.flatnonzero(chosen)
        fate = draw.random(len(places))
        masked = ids.copy()
        masked[places[fate < self.mask_share]] = self.mask_id
        is_random = (fate >= self.mask_share) & (fate < self.mask_share + self.random_share)
        candidates = np.flatnonzero(~self.special)
        drawn = draw.integers(len(candidates), size=int(is_random.sum()))
        masked[places[is_random]] = candidates[drawn]
        return masked, places

    def _choose(
        self, ids: Ids, ordinary: NDArray[np.bool_], draw: np.random.Generator
    ) -> NDArray[np.bool_]:
        if not self.whole_words:
            return ordinary & (draw.random(len(ids)) < self.rate)
        after_special = np.concatenate([[True], ~ordinary[:-1]])
        words = np.cumsum(self.word_starts[ids] | after_special | ~ordinary) - 1  # (L,)
        taken = draw.random(int(words[-1]) + 1 if len(words) else 0) < self.rate
        return ordinary & taken[words]


def masked_batch(
    documents: Documents,
    passages: Passages,
    rows: NDArray[np.int64],
    tokenizer: Tokenizer,
    masking: Masking,
    *,
    seed: int,
    epoch: int,
    device: torch.device | str = "cpu",
) -> Batch:
    """Pack passages end to end and mask them; the batch has `mlm_targets` and `nsp_labels`.

    What is masked in a passage depends on the seed, the epoch and the passage alone.

    Epochs count from 1; `HELD_OUT` is that of texts that are held out.
    """
    texts, first_sizes, asked, targets, start = [], [], [], [], 0
    for row in rows.tolist():
        ids, first = _passage(documents, passages, row, tokenizer)
        masked, places = masking.apply(ids, np.random.default_rng([seed, epoch, row]))
        texts.append(masked)
        first_sizes.append(first)
        asked.append(places + start)
        targets.append(ids[places])
        start += len(ids)
    batch = batches.pack_ids(texts, first_sizes, device=device)
    return replace(
        batch,
        asked=torch.from_numpy(np.concatenate(asked)).to(device),
        mlm_targets=torch.from_numpy(np.concatenate(targets).astype(np.int64)).to(device),
        nsp_labels=torch.from_numpy(passages.nsp_labels[rows]).to(device),
    )


def asked(
    documents: Documents,
    passages: Passages,
    rows: NDArray[np.int64],
    tokenizer: Tokenizer,
    masking: Masking,
    *,
    seed: int,
    epoch: int,
) -> int:
    """Count the tokens that are asked for in some passages, as `masked_batch` masks them."""
    count = 0
    for row in rows.tolist():
        ids, _ = _passage(documents, passages, row, tokenizer)
        count += len(masking.apply(ids, np.random.default_rng([seed, epoch, row]))[1])
    return count


def _passage(
    documents: Documents, passages: Passages, row: int, tokenizer: Tokenizer
) -> tuple[Ids, int]:
    """Return the ids of a passage, with special ones, and the size of its first segment."""
    spans = (passages.first[row], passages.second[row])
    one, two = (documents.ids[slice(*span.tolist())] for span in spans)
    return tokenizer.wrap(one, two if len(two) else None)
