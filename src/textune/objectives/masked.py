"""A library becomes an objective: masked passages, judged on fixed masks of those held out."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from textune.corpora.library import Library
from textune.encoder.model import Encoder
from textune.evaluation import language
from textune.evaluation.language import Tally
from textune.fast.decoding import MaskedLMOutput
from textune.metrics.metrics import Report
from textune.objectives import work
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Message
from textune.tasks.own import NOTHING
from textune.text import masking, plan
from textune.text.buckets import Size
from textune.text.passages import NO_TARGET, Passages


@dataclass(frozen=True, slots=True)
class Masked:
    """What is learned from plain text: masked pieces, and next sentences if there are pairs."""

    library: Library
    batch_size: int

    tie_metric = "loss"
    prior = None
    own = NOTHING
    learned = None
    unbeaten = Message(
        "no update made the held-out loss lower: the weights before the first are kept",
        is_warning=True,
    )

    @property
    def metric(self) -> str:
        """Return the loss that selects: of masked tokens, or of next sentences alone."""
        return "loss" if self.library.masking.rate else "nsp_loss"

    @property
    def is_judged(self) -> bool:
        """Tell whether something is held out."""
        return len(self.library.valid) > 0

    @property
    def looks_first(self) -> bool:
        """Tell whether the weights are judged before the first step, too."""
        return self.is_judged

    @property
    def per_epoch(self) -> int:
        """Return the updates of one pass."""
        return plan.steps_in_epoch(len(self.library.train), self.batch_size)

    @property
    def tokens(self) -> int:
        """Return the tokens of one pass."""
        return int(self.library.passages(1).lengths(self.library.specials).sum())

    def sampled(self, most_tokens: int) -> "Masked":
        """Return the objective with fewer passages held out, for judging often."""
        library = self.library
        sizes = np.cumsum(library.valid.lengths(library.specials))
        count = int(np.searchsorted(sizes, most_tokens)) + 1
        if count >= len(sizes):
            return self
        return replace(self, library=replace(library, valid=library.valid.take(np.arange(count))))

    def loss(self, output: MaskedLMOutput, batch: Batch) -> Tensor:
        """Return the sum of cross-entropies of masked tokens, with that of next sentences.

        Both are means over an optimizer batch once it is divided by the masked tokens, and count
        alike (Devlin et al., 2019).
        """
        assert batch.mlm_targets is not None
        assert batch.nsp_labels is not None
        losses = output.losses(batch.mlm_targets)  # (M,)
        total = (losses if batch.weights is None else losses * batch.weights).sum()
        if output.nsp_logits is None:
            return total
        nsp = functional.cross_entropy(
            output.nsp_logits.float(), batch.nsp_labels, reduction="sum", ignore_index=NO_TARGET
        )
        return total + batch.nsp_weight * nsp

    def work(
        self,
        encoder: Encoder,
        epoch: int,
        *,
        after: int,
        micro_tokens: int,
        place: Place = FIRST,
        device: torch.device | None = None,
    ) -> Iterator[Work]:
        """Yield the updates of one pass that come after this step of the run."""
        found = self.library.passages(epoch)
        lengths = found.lengths(self.library.specials)
        updates = self._plan(encoder, lengths, epoch, micro_tokens, place)
        first = (epoch - 1) * self.per_epoch + 1
        for number, update in enumerate(updates, start=first):
            if number > after:
                yield self._one(encoder, found, update, number, epoch, device or encoder.device)

    def smallest(self, device: torch.device) -> Batch:
        """Return the batch of the shortest passage that is learned from."""
        found = self.library.passages(1)
        row = found.lengths(self.library.specials).argmin()
        return self.library.masked_batch(found, np.array([row]), epoch=1, device=device)

    def sizes(self, encoder: Encoder, *, micro_tokens: int) -> Iterator[Size]:
        """Yield how large the micro-batches of the first pass are, before they are made.

        How many tokens will be masked is not known: hardly ever more than is said here.
        """
        lengths = self.library.passages(1).lengths(self.library.specials)
        for update in self._plan(encoder, lengths, 1, micro_tokens, FIRST):
            for part in filter(len, update.parts):
                tokens, rate = int(lengths[part].sum()), self.library.masking.rate
                asked = math.ceil(rate * tokens + 8 * math.sqrt(rate * tokens))
                longest = int(lengths[part].max())
                yield Size(tokens, len(part), asked=min(asked, tokens), longest=longest)

    def _plan(
        self,
        encoder: Encoder,
        lengths: NDArray[np.int64],
        epoch: int,
        micro_tokens: int,
        place: Place,
    ) -> list[plan.Update]:
        return plan.epoch(
            lengths,
            seed=self.library.seed,
            number=epoch,
            batch_size=self.batch_size,
            micro_tokens=micro_tokens,
            padded=not encoder.packed,
            rank=place.rank,
            world=place.world,
        )

    def judge(self, encoder: Encoder, *, micro_tokens: int, ranks: Ranks = ALONE) -> Report:
        """Compute loss, perplexity and masked accuracy of what is held out."""
        del micro_tokens  # the same order and sizes whatever a run computes at once
        library = self.library
        return language.judge(
            self._tallied(encoder, ranks), library.valid.owners, seed=library.seed
        )

    def assist(self, encoder: Encoder, *, micro_tokens: int, ranks: Ranks) -> None:
        """Compute this process's share of what is held out."""
        del micro_tokens
        self._tallied(encoder, ranks)

    def _tallied(self, encoder: Encoder, ranks: Ranks) -> Tally:
        """Count what is asked of what is held out, and how it is answered."""
        library = self.library
        return language.tally(
            encoder,
            library.valid.lengths(library.specials),
            lambda rows: library.masked_batch(
                library.valid, rows, epoch=masking.HELD_OUT, device=encoder.device
            ),
            ranks=ranks,
        )

    def fingerprint(self) -> str:
        """Name by content the text, what is asked of it, and what is held out."""
        library = self.library
        rules = library.masking
        found = hashlib.sha256(library.documents.key.encode())
        for value in (rules.rate, rules.mask_share, rules.random_share, rules.whole_words):
            found.update(f" {value}".encode())
        found.update(np.ascontiguousarray(library.valid.first).tobytes())
        return found.hexdigest()

    def _one(
        self,
        encoder: Encoder,
        found: Passages,
        update: plan.Update,
        number: int,
        epoch: int,
        device: torch.device,
    ) -> Work:
        library = self.library
        parts = [part for part in update.parts if len(part)]
        made = [library.masked_batch(found, part, epoch=epoch, device=device) for part in parts]
        asked = sum(len(batch.mlm_targets) for batch in made if batch.mlm_targets is not None)
        tokens = sum(sum(batch.lengths) for batch in made)
        if sum(map(len, parts)) < len(update.rows):  # the others are another process's
            asked = library.asked(found, update.rows, epoch=epoch)
            tokens = int(found.lengths(library.specials)[update.rows].sum())
        pairs = int((found.nsp_labels[update.rows] != NO_TARGET).sum())
        weight = max(asked, 1) / max(pairs, 1)
        made = [replace(batch, nsp_weight=weight) for batch in made]
        return Work(
            number=number,
            epoch=epoch,
            parts=made,
            count=float(max(asked, 1)),
            texts=len(update.rows),
            tokens=tokens,
            computed=work.computed(encoder, made, tokens),
        )
