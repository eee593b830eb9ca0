"""Texts become Predictions of an exported model: the same as those of `textune.Predictor`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from textune.data import given
from textune.decisions.rule import Decision
from textune.encoder import exported, manifest
from textune.encoder.exported import Exported
from textune.errors import RunError, SettingsError, hinting_methods
from textune.evaluation import answered
from textune.predicting import asking, opened
from textune.predicting.asking import Text
from textune.records import Example, Prediction, Scores
from textune.runs import card as cards
from textune.runs.card import Card
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.text import store as stores
from textune.text.tokenizers import Tokenizer

CHUNK = 4096


@hinting_methods
@dataclass(frozen=True, slots=True)
class Predictor:
    """A model that textune export wrote, and that answers.

    It has the methods of `textune.Predictor` that texts are asked by.

    Examples:
        >>> predictor = Predictor.load("exported")  # doctest: +SKIP
        >>> predictor(["I really hate you"])[0].labels  # doctest: +SKIP
        ('toxic',)
    """

    card: Card
    task: Task
    encoder: Exported
    tokenizer: Tokenizer

    @classmethod
    def load(cls, path: str | Path) -> "Predictor":
        """Load a folder that textune export wrote.

        Raises:
            RunError: There is no exported model in it.
            ModelError: Its files are damaged.
            SettingsError: Its task is of a package that is not installed.
            MissingExtraError: What computes it is not installed.
        """
        if not isinstance(path, str | os.PathLike):
            raise RunError(f"{path!r:.40} is no path; give the folder that textune export wrote")
        folder = Path(path)
        if not exported.is_in(folder):
            why = "no exported model in it" if folder.is_dir() else "no such folder"
            raise RunError(f"{folder}: {why}; make one: textune export RUN --out {folder}")
        manifest.verify(folder)
        card = cards.read(folder)
        if card.task not in registry.TASKS:
            from textune.tasks import installed  # with the readers of files

            installed.load()
        task = opened.task_of(card, folder, writer="textune export")
        tokenizer = opened.tokenizer_of(card, folder)
        pairs = card.shape.pairs
        encoder = exported.load(folder, asks=task.asks, pool=card.pool, pairs=pairs)
        return cls(card, task, encoder, tokenizer)

    def __call__(
        self, texts: Sequence[Text], *, threshold: float | None = None
    ) -> list[Prediction]:
        """Label texts; the same as `predict`."""
        return self.predict(texts, threshold=threshold)

    def predict(self, texts: Sequence[Text], *, threshold: float | None = None) -> list[Prediction]:
        """Label texts.

        Args:
            texts: Texts, or pairs where the model was trained on pairs. For tags a list of words is
                taken as it is: each of them gets a tag.
            threshold: Probability from which a label applies, instead of the model's own.

        Returns:
            One prediction a text, in the same order.

        Raises:
            SettingsError: Pairs are missing or not expected, there is no list of texts, or the
                threshold cannot be used.
        """
        self.decision(threshold)  # refused before anything is read
        return list(self.stream(self.examples(texts), threshold=threshold))

    def classify(self, text: Text, *, threshold: float | None = None) -> tuple[str, ...]:
        """Return the labels of one text; the names above the threshold where several may apply."""
        return self.predict([text], threshold=threshold)[0].labels

    def examples(self, texts: Sequence[Text]) -> list[Example]:
        """Take texts as they are given to `predict`."""
        if given.is_frame(texts):
            raise SettingsError(
                "a data frame: an exported model takes a list of texts; give the column as a list, "
                "or the frame to textune.Predictor.load of the same folder"
            )
        listed = enumerate(given.to_list(texts), start=1)
        return [
            asking.to_example(text, number, task=self.task, contract=self.card.contract)
            for number, text in listed
        ]

    def typed(self, texts: Sequence[str]) -> list[Example]:
        """Take texts as they are written on a command line: of pairs two at a time."""
        return self.examples(asking.typed(texts, task=self.task, contract=self.card.contract))

    def stream(
        self, examples: Iterable[Example], *, threshold: float | None = None
    ) -> Iterator[Prediction]:
        """Label examples as they come, in bounded memory."""
        decision = self.decision(threshold)
        rest = iter(examples)
        while chunk := list(islice(rest, CHUNK)):
            yield from self.task.predictions(self.score(chunk, decision), chunk)

    def score(self, examples: Sequence[Example], decision: Decision) -> Scores:
        """Compute logits, probabilities and decisions."""
        store = stores.tokenize(examples, self.tokenizer, self.card.shape)
        rows = np.arange(len(store))
        parts = answered.parts(self.encoder, store, rows)
        return answered.scores(parts, self.task, store, rows, decision=decision)

    def decision(self, threshold: float | None) -> Decision:
        """Return the model's own rule, or one with the given threshold.

        Raises:
            SettingsError: The threshold is no probability, or the task has no place for one.
        """
        return opened.rule(self.card, self.task, threshold)
