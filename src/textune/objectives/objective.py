"""What there is to learn: the one interface by which a run takes its work and is judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.encoder.model import Encoder
from textune.metrics.metrics import Report
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Message
from textune.tasks.own import Own
from textune.text.buckets import Size


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of the answers without reading any text."""

    logits: NDArray[np.float64] | None  # (C,) that constant answers have; None where none are
    names: tuple[str, ...]  # of answers that exclude each other; () where they do not


class Objective(Protocol):
    """Texts, what is asked of them, and how the answers are judged."""

    @property
    def own(self) -> Own:
        """Return what of it the user brought."""

    @property
    def metric(self) -> str:
        """Return the metric that selects the best weights, by its name in the catalogue."""

    @property
    def tie_metric(self) -> str:
        """Return the metric that decides between equals; lower is better."""

    @property
    def looks_first(self) -> bool:
        """Tell whether the weights are judged before the first step, too."""

    @property
    def prior(self) -> Prior | None:
        """Return by what it is seen whether training learns; None where nobody looks."""

    @property
    def unbeaten(self) -> Message:
        """Say that the weights before the first step are kept, since none were better."""

    @property
    def is_judged(self) -> bool:
        """Tell whether texts are held out, by which the best weights are found."""

    @property
    def per_epoch(self) -> int:
        """Return the updates of one pass."""

    @property
    def tokens(self) -> int:
        """Return the tokens of one pass."""

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Return the sum of losses over a batch, in fp32."""

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
        """Yield the updates of one pass that come after this step of the run.

        Args:
            encoder: That will compute them.
            epoch: Which pass, from 1.
            after: Updates of all passes that are already done.
            micro_tokens: Most tokens computed at once.
            place: Of the process whose share of each update it is; counts are of the whole.
            device: Where batches are laid; None: where the encoder is.
        """

    def smallest(self, device: torch.device) -> Batch:
        """Return the batch of the shortest text that is learned from."""

    def sizes(self, encoder: Encoder, *, micro_tokens: int) -> Iterator[Size]:
        """Yield how large the micro-batches of the first pass are, before they are made."""

    @property
    def learned(self) -> "Objective | None":
        """Return what judges by training texts, where that is asked for."""

    def judge(self, encoder: Encoder, *, micro_tokens: int, ranks: Ranks = ALONE) -> Report:
        """Compute every metric of what is held out; of several processes the first does."""

    def assist(self, encoder: Encoder, *, micro_tokens: int, ranks: Ranks) -> None:
        """Compute this process's share of what the first one judges."""

    def fingerprint(self) -> str:
        """Name by content the texts, what is asked of them, and what is held out."""


def passes(
    objective: Objective,
    encoder: Encoder,
    epochs: int | None,
    *,
    after: int,
    micro_tokens: int,
    place: Place = FIRST,
    device: torch.device | None = None,
) -> Iterator[Work]:
    """Yield the updates of all passes that come after this one of the run; None: without end."""
    epoch = after // objective.per_epoch + 1
    given = {"after": after, "micro_tokens": micro_tokens}
    while epochs is None or epoch <= epochs:
        yield from objective.work(encoder, epoch, **given, place=place, device=device)
        epoch += 1
