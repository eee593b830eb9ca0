"""A text with masks becomes the pieces that an encoder would put there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from textune.encoder import bases, devices, masked_lm
from textune.encoder.masked_lm import MaskedLMModel
from textune.errors import DataError, ModelError, SettingsError, hinting_methods
from textune.runs import sessions
from textune.text import batches, tokenizers
from textune.text.tokenizers import Tokenizer

MASKS = ("[MASK]", "<mask>")  # what people write, whatever the tokenizer's own mask is
TOP = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece for a mask."""

    piece: str  # as it is written in a text
    probability: float
    text: str  # the whole text with it, other masks left as they are


@hinting_methods
class Filler:
    """Fills in masks."""

    def __init__(self, loaded: MaskedLMModel, tokenizer: Tokenizer):
        self.encoder = loaded.encoder
        self.tokenizer = tokenizer
        self.encoder.train(False)
        self._pieces = torch.tensor(sorted(tokenizer.backend.get_vocab().values()))

    @classmethod
    def load(cls, place: str | Path, *, device: str = "auto") -> "Filler":
        """Load the encoder of a run, a directory, or a name.

        Raises:
            ModelError: It cannot be had, or has no masked-LM head or no mask.
        """
        found = bases.find(place)
        tokenizer = tokenizers.load(found)
        if tokenizer.mask_id is None:
            raise ModelError(f"{place}: its tokenizer has no mask token, so nothing can be filled")
        with sessions.unchanged():
            loaded = masked_lm.read(found)
        if loaded.has_new_head:
            raise ModelError(
                f"{place}: has no masked-LM head, so it cannot fill in masks; give it one with "
                f"textune adapt TEXT --base {place}"
            )
        masked_lm.require_rows(loaded, len(tokenizer.special()), place)
        loaded.encoder.to(devices.choose(device))
        return cls(loaded, tokenizer)

    @torch.inference_mode()
    def fill(self, text: str, *, top: int = TOP) -> list[list[Candidate]]:
        """Return the likeliest pieces for each mask of a text, best first.

        A mask is [MASK], or the tokenizer's own.

        Raises:
            DataError: The text has no mask, or is too long for the encoder.
            SettingsError: It is no text, or `top` no number from 1.
        """
        if not isinstance(text, str):
            raise SettingsError(f"fill takes a text, and this is {type(text).__name__}")
        if not hasattr(top, "__index__") or top < 1:
            raise SettingsError(f"--top {top!r:.40}: expected a whole number from 1")
        own = str(self.tokenizer.backend.id_to_token(self.tokenizer.mask_id or 0))
        written = text
        for mask in MASKS:
            written = written.replace(mask, own)
        ids = self.tokenizer.encode([written])[0]
        places = np.flatnonzero(ids == self.tokenizer.mask_id)
        if not len(places):
            raise DataError(f"{text[:80]!r}: has no {own} to be filled")
        limit = self.tokenizer.limit - self.tokenizer.specials(pair=False)
        if len(ids) > limit:
            raise DataError(
                f"a text of {len(ids):,} tokens: this encoder reads {limit} at once; shorten it "
                "around the mask"
            )
        chances = self._chances(ids, places)[:, self._pieces]  # (M, V): a table may have more rows
        best = chances.topk(min(top, chances.shape[1]), dim=1)
        return [
            [
                self._candidate(written, own, number, int(piece), float(chance))
                for piece, chance in zip(pieces, values, strict=True)
            ]
            for number, (pieces, values) in enumerate(
                zip(self._pieces[best.indices].tolist(), best.values.tolist(), strict=True)
            )
        ]

    def _chances(self, ids: tokenizers.Ids, places: np.ndarray) -> torch.Tensor:
        wrapped, first = self.tokenizer.wrap(ids, None)
        before = len(self.tokenizer.template.before)
        asked = torch.from_numpy(places.astype(np.int64) + before)
        batch = batches.pack_ids([wrapped], [first], asked=asked, device=self.encoder.device)
        chances: torch.Tensor = self.encoder(batch).logits().cpu().double().softmax(1)
        return chances

    def _candidate(self, text: str, own: str, number: int, piece: int, chance: float) -> Candidate:
        word = self.tokenizer.backend.decode([piece], skip_special_tokens=False).strip()
        parts = text.split(own)
        joined = own.join(parts[: number + 1]), own.join(parts[number + 1 :])
        name = str(self.tokenizer.backend.id_to_token(piece))
        glued = name.startswith("##")
        left = joined[0].rstrip() if glued else joined[0]
        return Candidate(
            word.removeprefix("##"), chance, f"{left}{word.removeprefix('##')}{joined[1]}"
        )


def lines(found: Sequence[Sequence[Candidate]]) -> list[dict[str, object]]:
    """Give candidates as plain values."""
    return [
        {
            "mask": number,
            "candidates": [
                {"piece": item.piece, "probability": item.probability, "text": item.text}
                for item in items
            ],
        }
        for number, items in enumerate(found, start=1)
    ]
