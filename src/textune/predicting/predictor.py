"""Texts become Predictions, from a run's folder."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.data import given, naming, skipping
from textune.data.names import columns_meant
from textune.decisions.rule import Decision
from textune.encoder import bases, exported, manifest, names, plain
from textune.errors import DataError, RunError, SettingsError, hinting_methods
from textune.evaluation import answered
from textune.evaluation.answered import Windowed
from textune.extensions import kept
from textune.extensions import plugin as plugins
from textune.extensions.plugin import Given
from textune.predicting import asking, opened
from textune.predicting.explaining import explain as explaining
from textune.predicting.explaining.explanation import Explanation
from textune.predicting.explaining.model import Model
from textune.predicting.waiting import Waiting
from textune.reading import obtained, sources
from textune.records import Contract, Example, Prediction, ReadOptions, Scores, Table
from textune.runs import runs
from textune.runs.runs import Card
from textune.tasks import examples, installed, layout, lengths, own_tasks
from textune.tasks import registry as tasks
from textune.tasks.interface import Task
from textune.tasks.own import Own
from textune.text import pieces
from textune.text import store as stores
from textune.text.ragged import Targets
from textune.text.tokenizers import Tokenizer

if TYPE_CHECKING:
    from textune.evaluation.evaluate import Scorer
    from textune.predicting.features import Features

CHUNK = 4096
Text = asking.Text
FEW = 20_000  # characters that NumPy answers sooner than torch is imported


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file for a model: by its contract, but for what is named here."""

    text: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    file: ReadOptions = sources.USUAL
    skip: tuple[str, ...] = ()  # COLUMN=VALUE, besides those of the contract
    threshold: float | None = None
    device: str = "auto"
    precision: str = "auto"
    max_tokens: int | None = None  # in place of those of the training
    plugin: Given = None
    per_batch: int | None = None  # texts of a batch, each of which is judged as well
    by: tuple[str, ...] = ()  # columns whose values are judged apart
    batch_size: int | None = None  # texts that are computed at once, at most

    def open(
        self, source: object, card: Card, *, unlabelled: bool = False
    ) -> tuple[Table, Contract]:
        """Return the table and the contract to read it by.

        Args:
            source: A path or a data frame.
            card: What the model knows.
            unlabelled: Whether texts that nobody labelled are wanted, too.

        Raises:
            DataError: The source has several parts, and none is named.
        """
        sources.refuse_parts(source)
        agreed = card.contract
        rule: Any = next(iter(self._annotators(agreed)[1:]), self.file.annotators)
        file = replace(self.file, unlabelled=unlabelled or None, annotators=rule)
        file = replace(file, merge_labels=tuple(map("=".join, agreed.merged)) or None)
        header = replace(self, file=file)._header(source, card)
        table = sources.read(source, replace(file, header=header))
        text = columns_meant(self.text, table.columns)
        label = columns_meant(self.label, table.columns)
        if len(text) not in {0, len(agreed.text)}:
            raise SettingsError(
                f"--text {','.join(text)}: this model reads {len(agreed.text)} text column(s)"
            )
        is_fixed = agreed.form != "columns" or not tasks.of(agreed.task).has_classes
        if label and is_fixed and len(label) != max(1, len(agreed.label)):
            many = len(agreed.label)
            has = "one label column" if many < 2 else f"{many} label columns"
            raise SettingsError(f"--label {','.join(label)}: this model has {has}")
        if len({*label}) < len(label):
            raise SettingsError(f"--label {','.join(label)}: a column is named twice; name it once")
        skipping.named(table, self.skip)
        chosen = replace(
            agreed,
            text=text or agreed.text,
            label=label or agreed.label,
            group=None,
            weight=None,
            skip=(*agreed.skip, *self.skip),
            annotators=self._annotators(agreed),
        )
        held = tasks.of(agreed.task).in_cells(agreed, card.labels)
        known = (*held, *(value for value, _ in agreed.names))
        table, chosen = layout.fitted(
            table, chosen, known, text_named=bool(text), label_named=bool(label)
        )
        table = naming.named(table, chosen)
        useless = skipping.useless(table, self.skip, kind=layout.KIND)
        return replace(table, findings=(*table.findings, *useless)), chosen

    def _annotators(self, agreed: Contract) -> tuple[str, ...]:
        column, rule = agreed.annotators or ("", "")
        rule = self.file.annotators or ("majority" if rule == "soft" else rule)
        return (column, rule) if column else ()

    def _header(self, source: object, card: Card) -> bool | None:
        """Tell whether the first row names the columns: as in training, if nothing says otherwise.

        Raises:
            DataError: The model knows columns by number, and the file seems to have names for them.
        """
        if self.file.header is not None or not obtained.are_places(source):
            return self.file.header
        table = sources.read(source, self.file)
        if table.format not in layout.TABLES:
            return None
        if self.text:
            return card.header if all(map(str.isdigit, self.text)) else True
        found = layout.has_header(table, card.contract, trained=card.header)
        if found is None:
            raise layout.unnamed(table, card.contract)
        return found


@hinting_methods
@dataclass(frozen=True, slots=True)
class Predictor:
    """A fine-tuned model that answers.

    Examples:
        >>> predictor = Predictor.load("runs/reviews")  # doctest: +SKIP
        >>> predictor(["I really hate you"])[0].labels  # doctest: +SKIP
        ('toxic',)
    """

    card: Card
    task: Task
    encoder: "Scorer | Windowed | Waiting"
    tokenizer: Tokenizer

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        device: str = "auto",
        precision: str = "auto",
        plugin: Given | Own = None,
    ) -> "Predictor":
        """Load what `textune train` wrote.

        Args:
            path: The run's folder, its `model` folder, or hf://owner/name on the Hub.
            device: "auto", "cpu", "cuda", "cuda:N" or "mps".
            precision: "fp32", "bf16", "fp16", or "auto" for the format that the model was trained
                in, where this machine computes it natively; else fp32.
            plugin: Python file, or parts by their names, of a model with a head or preprocessing
                of its owner's; also metrics of your own.

        Raises:
            RunError: There is no finished model.
            ModelError: Its files are damaged.
        """
        found = cls.opened(path, device=device, precision=precision, plugin=plugin)
        if isinstance(found.encoder, Waiting):
            return replace(found, encoder=found.encoder.load())
        return found

    @classmethod
    def opened(
        cls,
        path: str | Path,
        *,
        device: str = "auto",
        precision: str = "auto",
        few: bool = False,
        plugin: Given | Own = None,
    ) -> "Predictor":
        """Read a model but for its weights, which are loaded when the first text is answered.

        Until then neither torch nor transformers is imported: what is wrong with a file or an
        option is said at once.

        Args:
            path: As for `load`.
            device: As for `load`.
            precision: As for `load`.
            few: A few texts will be asked, not a file: where the model is of a usual build, and
                neither a device nor a shorter format is asked for, they are answered in fp32
                without torch.
            plugin: As for `load`.

        Raises:
            RunError: There is no finished model.
            ModelError: Its files are damaged.
            SettingsError: There is no such device, or no such number format.
        """
        if not isinstance(path, str | os.PathLike):
            raise RunError(f"{path!r:.40} is no path; give the folder that `textune train` wrote")
        names.require_device(device)
        names.require_format(precision)
        installed.load()
        own = plugin if isinstance(plugin, Own) else plugins.of(plugin)
        folder = runs.model_folder(bases.of_address(path))
        is_exported = exported.is_in(folder)
        check = manifest.verify if is_exported else bases.check
        check(folder)
        card = runs.read_card(folder)
        runs.require_kind(folder, card)
        task = opened.task_of(card, folder, writer="textune train")
        kept.require(folder, card.own, own)
        task = own_tasks.extended(task, own)
        tokenizer = opened.tokenizer_of(card, folder)
        pairs = card.shape.pairs
        if is_exported:
            exported.refuse_other(folder, device=device, precision=precision)
            graph = exported.load(folder, asks=task.asks, pool=card.pool, pairs=pairs)
            return cls(card, task, graph, tokenizer)
        waiting = Waiting(folder, card, task, device, precision, own)
        if few and device in ("auto", "cpu") and precision in ("auto", "fp32"):
            quick = plain.load(folder, card.labels, asks=task.asks, pool=card.pool, pairs=pairs)
            return cls(card, task, quick or waiting, tokenizer)
        return cls(card, task, waiting, tokenizer)

    def __call__(
        self, texts: Sequence[Text], *, threshold: float | None = None
    ) -> list[Prediction]:
        """Label texts; the same as `predict`."""
        return self.predict(texts, threshold=threshold)

    def predict(self, texts: Sequence[Text], *, threshold: float | None = None) -> list[Prediction]:
        """Label texts.

        Args:
            texts: Texts, or pairs where the model was trained on pairs; or a data frame with the
                text column of the training, or with one column only. For tags a list of words is
                taken as it is: each of them gets a tag.
            threshold: Probability from which a label applies, instead of the model's own.

        Returns:
            One prediction a text, in the same order.

        Raises:
            SettingsError: Pairs are missing or not expected, there is no list of texts, or the
                threshold cannot be used.
            DataError: A data frame lacks the text column of the training.
        """
        self.decision(threshold)  # refused before anything is read
        return list(self.stream(self.examples(texts), threshold=threshold))

    def examples(self, texts: Sequence[Text]) -> list[Example]:
        """Take texts as they are given to `predict`."""
        if given.is_frame(texts):
            return list(self._of_frame(texts))
        listed = enumerate(given.to_list(texts), start=1)
        agreed = self.card.contract
        return [
            asking.to_example(text, number, task=self.task, contract=agreed)
            for number, text in listed
        ]

    def classify(self, text: Text, *, threshold: float | None = None) -> tuple[str, ...]:
        """Return the labels of one text; the names above the threshold where several may apply."""
        return self.predict([text], threshold=threshold)[0].labels

    def explain(
        self, texts: Sequence[Text], *, label: str | None = None, method: str | None = None
    ) -> list[Explanation]:
        """Say which words of texts moved the decisions, and how much.

        Args:
            texts: As for `predict`.
            label: What is explained, instead of what was decided: "why not joy?"
            method: "occlusion" (each word is left out) or "gradients" (integrated gradients); by
                default occlusion.

        Raises:
            SettingsError: There is no such label or method; or as for `predict`.

        Examples:
            >>> predictor.explain(["I really hate you"])[0].top()  # doctest: +SKIP
            [('hate', 4.1), ('really', 0.3), ('I', -0.1)]
        """
        return list(self.explanations(self.examples(texts), label=label, method=method))

    def explanations(
        self,
        examples: Iterable[Example],
        *,
        label: str | None = None,
        method: str | None = None,
        threshold: float | None = None,
    ) -> Iterator[Explanation]:
        """Explain examples as they come, in bounded memory."""
        if method == "gradients":
            explaining.require_gradients(self.encoder)
        model = self.asked(threshold)
        way = explaining.check(model, method=method, label=label)
        return explaining.explain(model, examples, method=way, label=label)

    def asked(self, threshold: float | None = None) -> Model:
        """Return what explanations need of the model."""
        decision, shape = self.decision(threshold), self.card.shape
        return Model(self.task, self.tokenizer, shape, decision, self._encoder)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for, without special tokens."""
        return pieces.decode(self.tokenizer, ids)

    def features(
        self, texts: Sequence[str], *, hidden_states: bool = False, attentions: bool = False
    ) -> "Features":
        """Compute what the encoder makes of texts, for other programs: `textune.features`."""
        from textune.predicting import features  # with torch, which takes a second to import

        listed = enumerate([texts] if isinstance(texts, str) else texts, start=1)
        read = [Example(text, f"text {number}") for number, text in listed]
        return features.features(
            self.tokenizer.place,
            [item.text for item in own_tasks.prepared(self.task, read)],
            hidden_states=hidden_states,
            attentions=attentions,
            max_tokens=self.card.shape.max_tokens,
        )

    def stream(
        self, examples: Iterable[Example], *, threshold: float | None = None
    ) -> Iterator[Prediction]:
        """Label examples as they come, in bounded memory."""
        decision = self.decision(threshold)
        rest = iter(examples)
        while chunk := list(islice(rest, CHUNK)):
            yield from self.task.predictions(self.score(chunk, decision), chunk)

    def score(
        self,
        examples: Sequence[Example],
        decision: Decision,
        *,
        targets: Targets | None = None,
        batch_size: int | None = None,
    ) -> Scores:
        """Compute logits, probabilities and decisions; the truth where targets are given."""
        texts = own_tasks.prepared(self.task, examples)
        store = stores.tokenize(texts, self.tokenizer, self.card.shape)
        known = None if targets is None else lengths.to_items(targets, store)
        rows = np.arange(len(store))
        if isinstance(self.encoder, Windowed):
            parts = answered.parts(self.encoder, store, rows)
            return answered.scores(parts, self.task, store, rows, decision=decision, targets=known)
        encoder = self._encoder()
        assert not isinstance(encoder, Windowed)
        from textune.evaluation import evaluate  # with torch, which takes a second to import

        given: Any = {"decision": decision, "targets": known, "batch_size": batch_size}
        return evaluate.score(encoder, self.task, store, rows, **given)

    def decision(self, threshold: float | None) -> Decision:
        """Return the model's own rule, or one with the given threshold.

        Raises:
            SettingsError: The threshold is no probability, or the task has no place for one.
        """
        return opened.rule(self.card, self.task, threshold)

    def _encoder(self) -> "Scorer | Windowed":
        return self.encoder.load() if isinstance(self.encoder, Waiting) else self.encoder

    def _of_frame(self, frame: object) -> Iterator[Example]:
        """Read the texts of a data frame; the one column that it has is its text."""
        columns = given.columns(frame)
        if not given.rows(frame):
            return iter(())
        is_plain = len(columns) == 1 == len(self.card.contract.text)
        table, agreed = Reading(text=columns if is_plain else ()).open(frame, self.card)
        for found in table.findings:
            if layout.BY_CONTENT in found.message and not is_plain:
                raise DataError(f"{found.message}; rename the column, or give its texts")
        return examples.read(table, agreed, labelled=False)
