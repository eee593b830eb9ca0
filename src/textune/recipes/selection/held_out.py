"""A labelled corpus becomes what is said of each text by models that did not learn from it."""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder import bases, devices, precision
from textune.encoder.model import Encoder
from textune.errors import DataError, SettingsError
from textune.metrics import written
from textune.objectives.labelled import Labelled
from textune.probing import features as probing
from textune.probing import heads
from textune.recipes.selection import choices, out_of_fold, probed
from textune.recipes.selection.guarded import Guard
from textune.recipes.selection.part_training import Trainer
from textune.records import LinearHead, Message
from textune.runs.events import AuxiliaryStep
from textune.settings import choosing
from textune.settings.config import Settings
from textune.splits import folds
from textune.training import snapshot

MICRO_TOKENS = 4096  # read at once of the frozen encoder
REPEATS = 2  # how often all texts are dealt into folds
SHORTER, HIGHER, FEWEST = 2, 2.0, 2  # passes are so many times fewer than the recipe's, at a
# rate so many times as high, and at least so many: the answers are as good, and sooner there

Logits = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a linear head reads of the frozen encoder, and what it says of texts held out."""

    corpus: Corpus
    read: Logits  # (I, D) of the items of all texts
    of_names: Logits | None
    borders: Rows  # (N + 1,) of the items of each text
    seed: int

    @classmethod
    def of(cls, corpus: Corpus, encoder: Encoder, seed: int) -> "Frozen":
        """Read all texts."""
        rows = np.arange(len(corpus.store))
        read = probing.features(encoder, corpus.store, rows, micro_tokens=MICRO_TOKENS)
        of_names = probed.named(encoder, corpus)
        return cls(corpus, read, of_names, out_of_fold.borders_of(corpus, rows), seed)

    def fit(self) -> tuple[LinearHead, Logits]:
        """Fit the head on all texts, which chooses its strength; answer each without it.

        Raises:
            DataError: No text could be held out.
        """
        corpus = self.corpus
        rows = np.arange(len(corpus.store))
        given: dict[str, Any] = {"seed": self.seed}
        head, of_fold = probed.fit(corpus, rows, self.read, self.of_names, **given)
        if not (of_fold >= 0).any():
            raise too_few(corpus)
        if head.held_out_logits is not None:
            return head, head.held_out_logits
        logits = _unknown(corpus, self.borders)
        for fold in _numbers(of_fold):
            items = out_of_fold.items_of(self.borders, np.flatnonzero(of_fold == fold))
            part = self.without(np.flatnonzero(of_fold != fold), head)
            logits[items] = self.read[items] @ part.weight.T + part.bias
        return head, logits

    def without(self, rows: Rows, like: LinearHead) -> LinearHead:
        """Fit a head as strongly regularised as another on some of the texts."""
        corpus = self.corpus
        return heads.fit(
            corpus.task,
            self.read[out_of_fold.items_of(self.borders, rows)],
            corpus.targets[rows],
            seed=self.seed,
            weights=corpus.weights_of(rows),
            names=self.of_names if like.reads_names else None,
            strengths=(like.strength,),
        )


def frozen(corpus: Corpus, settings: Settings) -> Logits:
    """Let a linear head on frozen features answer each text while it is held out; (I, C).

    Raises:
        SettingsError: The base has no head that can be fitted so.
        DataError: No text could be held out.
    """
    return read_frozen(corpus, settings).fit()[1]


def read_frozen(corpus: Corpus, settings: Settings) -> Frozen:
    """Read all texts with the frozen encoder.

    Raises:
        SettingsError: The base has no head that can be fitted on that.
    """
    objective, device = Labelled.of(corpus, settings), devices.choose(settings.device)
    encoder, _ = objective.encoder(corpus.tokenizer.place, settings.train, device)
    if not heads.can_probe(corpus.task, encoder):
        raise SettingsError(f"the head of {settings.base} on this task is not linear")
    return Frozen.of(corpus, encoder, settings.seed)


def thorough(
    corpus: Corpus, settings: Settings, *, repeats: int | None = None
) -> Generator[Message | AuxiliaryStep, None, Logits]:
    """Let fine-tuned encoders and a linear head on the frozen one answer texts held out; (I, C).

    The encoder is fine-tuned for each fold on the others, from a head that did not see it either;
    so again with texts dealt anew. The mean is taken of the logits of each time and of the head's.

    Args:
        corpus: All of whose texts are learned from.
        settings: The base and the seed.
        repeats: How often texts are dealt into folds; twice by default.

    Yields:
        How far it is.

    Raises:
        DataError: No text could be held out.
        NumericsError: An encoder answers with NaN or infinity.
    """
    repeats = REPEATS if repeats is None else repeats
    settings, device = _chosen(settings, corpus), devices.choose(settings.device)
    width = bases.width(Path(corpus.tokenizer.place))
    settings, _ = snapshot.choose_precision(settings, device, width=width, resumed=None)
    objective = Labelled.of(corpus, settings)
    encoder, _ = objective.encoder(corpus.tokenizer.place, settings.train, device)
    precision.wrap(encoder, settings.train.precision)
    known, head, plain = None, None, None
    if heads.can_probe(corpus.task, encoder):
        known = Frozen.of(corpus, encoder, settings.seed)
        head, plain = known.fit()
    trainer = Trainer.of(objective, encoder, guard=Guard(may_retry=settings.train.retry))
    found = []
    for number in range(repeats):
        own = settings.model_copy(update={"seed": settings.seed + number})
        of = f", round {number + 1} of {repeats}" if repeats > 1 else ""
        found.append((yield from _round(trainer, own, known, head, of)))
    return _mean(found if plain is None else [*found, plain])


def too_few(corpus: Corpus) -> DataError:
    """Make the refusal of texts that cannot be held out."""
    return DataError(
        f"{corpus.table.name}: {len(corpus.store):,} texts are too few, or their labels too rare, "
        "to hold some of them out; give more rows"
    )


def _chosen(settings: Settings, corpus: Corpus) -> Settings:
    """Choose as the recipe does, but for fewer passes at a higher rate."""
    chosen = choices.choose(settings, corpus).settings
    epochs = max(FEWEST, math.ceil(chosen.train.epochs / SHORTER))
    return choosing.changed(chosen, {"epochs": epochs, "lr": chosen.train.lr * HIGHER})


def _round(
    trainer: Trainer, settings: Settings, known: Frozen | None, head: LinearHead | None, of: str
) -> Generator[Message | AuxiliaryStep, None, Logits]:
    """Let each text be answered once."""
    corpus = trainer.corpus
    rows = np.arange(len(corpus.store))
    of_fold = probed.deal(corpus, rows, settings.seed)
    numbers = _numbers(of_fold)
    if not numbers:
        raise too_few(corpus)
    borders = out_of_fold.borders_of(corpus, rows)
    logits = _unknown(corpus, borders)
    for place, fold in enumerate(numbers, start=1):
        began = time.perf_counter()
        learned, held_out = np.flatnonzero(of_fold != fold), np.flatnonzero(of_fold == fold)
        first = None if known is None or head is None else known.without(learned, head)
        what = f"fine-tuning without fold {place} of {len(numbers)}{of}"
        found = yield from trainer.answer(learned, held_out, settings, first, what=what)
        logits[out_of_fold.items_of(borders, held_out)] = found
        if trainer.guard is not None:
            yield from trainer.guard.told()
        seconds = written.clock(time.perf_counter() - began)
        yield Message(f"{what}: {seconds}")
    return logits


def _numbers(of_fold: Rows) -> list[int]:
    """List the folds that have texts."""
    return [fold for fold in np.unique(of_fold).tolist() if fold != folds.ALWAYS]


def _unknown(corpus: Corpus, borders: Rows) -> Logits:
    return np.full((int(borders[-1]), len(corpus.task.labels)), np.nan, dtype=np.float32)


def _mean(found: list[Logits]) -> Logits:
    """Return the mean of those answers that there are; NaN where there is none."""
    stacked = np.stack(found)
    is_known = np.isfinite(stacked)
    count = is_known.sum(axis=0)
    total = np.where(is_known, stacked, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
