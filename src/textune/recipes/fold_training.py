"""The texts of some folds become weights, and the weights of the base come back after each."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from textune.corpora.corpus import Corpus
from textune.encoder import remarks
from textune.encoder.model import Encoder
from textune.objectives.labelled import Labelled
from textune.probing import heads
from textune.recipes.out_of_fold import Rows
from textune.records import LinearHead
from textune.training import loop
from textune.training.learner import Learner


@dataclass(frozen=True, slots=True)
class Trainer:
    """An encoder that is trained again and again from the same weights."""

    learner: Learner  # of all texts, whose settings it takes
    encoder: Encoder
    corpus: Corpus
    start: dict[str, Tensor]  # weights that an update changes, as they were

    @classmethod
    def of(cls, learner: Learner, encoder: Encoder, corpus: Corpus) -> "Trainer":
        """Keep the weights that every fold starts from."""
        start = {
            name: item.detach().clone()
            for name, item in encoder.model.named_parameters()
            if item.requires_grad
        }
        return cls(learner, encoder, corpus, start)

    def train(self, rows: Rows, head: LinearHead | None, *, seed: int) -> None:
        """Go through all updates that these texts make, from the weights of the start.

        Raises:
            NumericsError: A gradient is not finite.
        """
        self.restore()
        if head is not None:
            heads.install(self.encoder, head)
        objective = self.learner.objective
        assert isinstance(objective, Labelled)
        part = replace(self.corpus, split=replace(self.corpus.split, train=rows))
        mine = Learner.build(
            replace(objective, corpus=part, seed=seed), self.learner.settings, self.encoder
        )
        torch.manual_seed(seed)
        for _ in loop.train(
            mine.model,
            mine.objective.loss,
            mine.work(),
            mine.optimizer,
            mine.schedule,
            clip=mine.settings.train.clip,
            remedy=remarks.remedy(mine.precision),
        ):
            pass
        self.encoder.release()

    @torch.no_grad()
    def restore(self) -> None:
        """Put the weights of the start back."""
        for name, item in self.encoder.model.named_parameters():
            if name in self.start:
                item.copy_(self.start[name])
        self.encoder.refresh()
