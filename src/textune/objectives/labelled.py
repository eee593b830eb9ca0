"""A labelled corpus becomes an objective: batches with targets, judged on validation texts."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.corpora.corpus import Corpus
from textune.encoder import adapters, freezing, load, near, vocabulary, ways_of_pooling
from textune.encoder.adapters import Lora
from textune.encoder.model import Encoder
from textune.encoder.vocabulary import SubTable
from textune.errors import some
from textune.evaluation import evaluate
from textune.metrics import catalogue
from textune.metrics.metrics import Report
from textune.objectives import work
from textune.objectives.contrast import Contrast
from textune.objectives.objective import Prior
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Message
from textune.settings import selection
from textune.settings.config import Settings
from textune.settings.train_config import TrainSettings
from textune.tasks import label_texts, registry
from textune.tasks.interface import Task
from textune.tasks.own import Own
from textune.text import batches, plan
from textune.text.buckets import Size
from textune.text.tokenizers import Ids

SHOWN = 4  # labels, and words near the name of each


def forewarnings(
    train: TrainSettings, per_epoch: int, *, is_probed: bool = False
) -> Iterator[Message]:
    """Say what will not happen by these settings: no update, no end of the warm-up."""
    total = per_epoch * train.epochs
    if not total and is_probed:
        yield Message("epochs 0: the frozen encoder with the linear head is what is saved")
        return
    if not total:
        yield Message(
            "epochs 0: nothing will be learned; the model keeps the base's weights, and a head "
            "that is new answers by chance",
            is_warning=True,
        )
        return
    wanted = train.warmup_steps
    if wanted is None and train.warmup_epochs is not None:
        wanted = round(train.warmup_epochs * per_epoch)
    if wanted is not None and wanted >= total:
        yield Message(
            f"the warm-up of {wanted:,} steps does not end before the last of {total:,} updates: "
            f"the learning rate rises all the time and never falls; give train.warmup_steps below "
            f"{total:,}, or more epochs",
            is_warning=True,
        )


def _shown(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + " …" * (len(words) > SHOWN) or "none"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is learned from a corpus."""

    corpus: Corpus
    task: Task  # with class weights where asked for
    metric: str
    batch_size: int
    seed: int
    looks_first: bool = False  # whether a linear head on frozen features is what it starts from
    judge_training: bool | int = False  # whether training texts are judged, too, or how many
    contrast: Contrast | None = None  # what is added to the loss of the labels

    @classmethod
    def of(cls, corpus: Corpus, settings: Settings) -> "Labelled":
        """Make the objective of a corpus.

        Raises:
            SettingsError: The task has no such metric as shall select.
        """
        train, task = settings.train, corpus.task
        metric = task.main_metric
        if train.metric is not None:
            metric = selection.metric(task, train.metric)
        task = selection.weighed(task, train, corpus.targets[corpus.split.train])
        return cls(
            corpus,
            task,
            metric,
            train.batch_size,
            settings.seed,
            judge_training=train.judge_training,
        )

    @property
    def own(self) -> Own:
        """Return what of it the user brought."""
        return self.task.own

    @property
    def unbeaten(self) -> Message:
        """Say that the frozen encoder is kept."""
        return Message(
            f"no update was better than the linear head on frozen features, by "
            f"{catalogue.title(self.metric)} of the validation texts: the frozen encoder with that "
            "head is what is saved"
        )

    @property
    def tie_metric(self) -> str:
        """Return the metric that decides between models with the same main metric."""
        return self.task.tie_metric

    @property
    def prior(self) -> Prior | None:
        """Return what the frequencies of the training labels say; None of a loss of one's own."""
        if self.own.loss is not None:
            return None
        kind, task = registry.of(self.task.name), self.task
        is_exclusive = kind.has_classes and not kind.several and not kind.by_column
        known = self.corpus.targets[self.corpus.split.train]
        return Prior(task.prior(known), task.labels if is_exclusive else ())

    @property
    def names(self) -> list[Ids]:
        """Return the ids of each label's name, where a linear head can learn from it."""
        corpus = self.corpus
        return label_texts.ids(self.task, corpus.tokenizer, corpus.examples)

    @property
    def is_judged(self) -> bool:
        """Tell whether there are validation texts."""
        return len(self.corpus.split.valid) > 0

    @property
    def per_epoch(self) -> int:
        """Return the updates of one pass."""
        return plan.steps_in_epoch(len(self.corpus.split.train), self.batch_size)

    @property
    def tokens(self) -> int:
        """Return the tokens of one pass."""
        return int(self.corpus.store.lengths[self.corpus.split.train].sum())

    def encoder(
        self, place: str, train: TrainSettings, device: torch.device
    ) -> tuple[Encoder, SubTable | None]:
        """Load the base with the task's head, of its embedding only the rows that are needed."""
        task = self.task
        encoder = load.load(
            place,
            model_class=task.model_class,
            config=task.config(),
            per_token=task.asks != "texts",
            seed=self.seed,
            rate=train.rate,
            quick=device.type == "cpu",
            pooling=train.pooling,
            pairs=self.corpus.store.shape.pairs,
            head=task.own.head,
            mapped=train.adapters is None,
        )
        encoder.pool_as(self.corpus.pool, len(task.labels))
        encoder.to(device)
        freezing.freeze(encoder.model, train.freeze)
        names = self.names if train.probe or train.effort == "quick" else []
        self._name(encoder, names, place, train.name_words)
        sub = None
        if not (train.keep_epochs or self.own.optimizer):  # which write, or update, all rows
            used = self.corpus.store.used(encoder.model.get_input_embeddings().weight.shape[0])
            for text in chain(names, *encoder.named):
                used[text] = True
            sub = vocabulary.shrink(encoder, used, place=place)
        if train.adapters is not None:
            adapters.put(encoder.model, Lora(*train.adapters), seed=self.seed)
        return encoder, sub

    def _name(self, encoder: Encoder, names: list[Ids], place: str, most: int) -> None:
        """Find words near the labels' names, where few texts have one label each."""
        is_exclusive = registry.of(self.task.name).judged.is_exclusive
        are_few = len(self.corpus.split.train) < label_texts.MANY * len(names)
        if not (most and is_exclusive and are_few and ways_of_pooling.is_wanted(Path(place))):
            return
        found = near.find(encoder, self.corpus.tokenizer, names, most)
        if found is None:
            return
        encoder.named = [(name, *texts) for name, texts in zip(names, found.texts, strict=True)]
        told = zip(self.task.labels, found.words, strict=True)
        shown = some([f"{label} ({_shown(words)})" for label, words in told], SHOWN)
        most = max(map(len, found.words))
        encoder.remarks += (f"words near the labels' names, at most {most} each: {shown}",)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the sum of losses over a batch."""
        found = self.task.loss(output, batch)
        return found if self.contrast is None else found + self.contrast.loss(batch)

    @property
    def learned(self) -> "Labelled | None":
        """Return what judges by training texts, always the same ones, where that is asked for."""
        if not self.judge_training:
            return None
        split = self.corpus.split
        rows = split.train
        if self.judge_training is not True and self.judge_training < len(rows):
            draw = np.random.default_rng(self.seed)
            rows = np.sort(draw.choice(rows, self.judge_training, replace=False))
        return replace(self, corpus=replace(self.corpus, split=replace(split, valid=rows)))

    def judge(self, encoder: Encoder, *, micro_tokens: int, ranks: Ranks = ALONE) -> Report:
        """Compute every metric of the validation texts."""
        corpus = self.corpus
        scores = evaluate.score(
            encoder,
            self.task,
            corpus.store,
            corpus.split.valid,
            decision=self.task.default_decision(),
            targets=corpus.targets,
            micro_tokens=micro_tokens,
            ranks=ranks,
        )
        return self.task.judge(scores, corpus.part("valid"))

    def assist(self, encoder: Encoder, *, micro_tokens: int, ranks: Ranks) -> None:
        """Compute this process's share of the validation texts."""
        corpus = self.corpus
        evaluate.assist(
            encoder, corpus.store, corpus.split.valid, micro_tokens=micro_tokens, ranks=ranks
        )

    def fingerprint(self) -> str:
        """Name by content the texts, their targets and their split."""
        corpus = self.corpus
        found = hashlib.sha256(corpus.store.key.encode())
        everything = corpus.targets[np.arange(len(corpus.store))]
        weights = np.zeros(0) if corpus.weights is None else corpus.weights
        shares = np.zeros(0) if corpus.shares is None else corpus.shares
        for part in (everything, corpus.split.train, corpus.split.valid, weights, shares):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

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
        updates = self.planned(encoder, epoch, micro_tokens, place)
        first = (epoch - 1) * self.per_epoch + 1
        for number, update in enumerate(updates, start=first):
            if number > after:
                found = self.one(encoder, update, number, epoch, device or encoder.device)
                yield replace(found, micro_tokens=micro_tokens)

    def smallest(self, device: torch.device) -> Batch:
        """Return the batch of the shortest text that is learned from."""
        train = self.corpus.split.train
        return self.batch(train[[self.corpus.store.lengths[train].argmin()]], device)

    def sizes(self, encoder: Encoder, *, micro_tokens: int) -> Iterator[Size]:
        """Yield how large the micro-batches of the first pass are, before they are made."""
        train = self.corpus.split.train
        for update in self.planned(encoder, 1, micro_tokens, FIRST):
            for part in filter(len, update.parts):
                yield batches.size_of(self.corpus.store, train[part])

    def planned(
        self, encoder: Encoder, epoch: int, micro_tokens: int, place: Place
    ) -> list[plan.Update]:
        """Return all updates of one pass, of which nothing is packed yet."""
        train = self.corpus.split.train
        return plan.epoch(
            self.corpus.store.lengths[train],
            seed=self.seed,
            number=epoch,
            batch_size=self.batch_size,
            micro_tokens=micro_tokens,
            padded=not encoder.packed,
            copies=self.task.copies(self.corpus.targets[train]),
            rank=place.rank,
            world=place.world,
        )

    def batch(self, rows: NDArray[np.int64], device: torch.device | str = "cpu") -> Batch:
        """Pack some texts of the corpus with their targets, and what these weigh; (T,) rows."""
        corpus = self.corpus
        weights, shares = corpus.weights_of(rows), corpus.shares_of(rows)
        return replace(
            batches.pack(corpus.store, rows, targets=corpus.targets[rows], device=device),
            weights=None
            if weights is None
            else torch.from_numpy(weights.astype(np.float32)).to(device),
            shares=None if shares is None else torch.from_numpy(shares).to(device),  # (T, C)
        )

    def count(self, rows: NDArray[np.int64]) -> float:
        """Return what the sum of losses over some texts of the corpus is divided by."""
        return self.task.count(self.corpus.targets[rows], self.corpus.weights_of(rows))

    def one(
        self,
        encoder: Encoder,
        update: plan.Update,
        number: int,
        epoch: int,
        device: torch.device,
    ) -> Work:
        """Pack the texts of an update."""
        corpus = self.corpus
        mine = corpus.split.train[update.rows]
        parts = [corpus.split.train[part] for part in update.parts if len(part)]
        made = [self.batch(part, device) for part in parts]
        tokens = int(corpus.store.lengths[mine].sum())
        return Work(
            number=number,
            epoch=epoch,
            parts=made,
            count=self.count(mine),
            texts=len(mine),
            tokens=tokens,
            computed=work.computed(encoder, made, tokens),
            join=encoder.join,
            whole=self.contrast,
        )
