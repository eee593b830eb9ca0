"""The user's files become a LightningDataModule: the corpus and the batches of `textune train`."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import rank_zero_only

from textune.corpora import corpus as corpora
from textune.corpora.corpus import Corpus
from textune.data.names import Columns
from textune.doors import keywords
from textune.encoder import bases
from textune.errors import CheckpointError, SettingsError, hinting_method
from textune.evaluation.evaluate import BUDGETS
from textune.lightning.loaders import Processes, Questions, Texts, Updates
from textune.objectives.labelled import Labelled
from textune.recipes import wishing
from textune.recipes.selection import choices
from textune.records import Annotators, Long, Message, Pool
from textune.runs.events import drained
from textune.settings import choosing, judging
from textune.settings.config import Settings
from textune.text import tokenizers
from textune.training.room import MICRO_TOKENS

log = logging.getLogger("lightning.pytorch.textune")
ELSEWHERE = {  # setting of the training → what it must be, and how it is had with Lightning
    "effort": ("normal", "use textune train"),
    "remedies": ("auto", "use textune train"),
    "contrast": (None, "use textune train"),
    "curve": (False, "use textune train"),
    "explain": (None, "use textune report RUN --explain"),
    "lora": (None, "use textune train"),
    "profile": (False, "give Trainer(profiler=…)"),
    "deterministic": (False, "give Trainer(deterministic=True)"),
    "judge_training": (False, "use textune train"),
    "keep_epochs": (False, "give ModelCheckpoint(save_top_k=-1)"),
    "keep_checkpoints": (False, "give Trainer(callbacks=[ModelCheckpoint(…)])"),
    "metric": (None, "give ModelCheckpoint(monitor='valid_…')"),
    "threads": (None, "call torch.set_num_threads(…)"),
    "precision": ("auto", "give Trainer(precision=…)"),
    "patience": (None, "give Trainer(callbacks=[EarlyStopping('valid_loss')])"),
    "validate_every": (None, "give Trainer(val_check_interval=…)"),
}

KEYWORDS = (
    *("text", "label", "task", "header", "delimiter", "rows", "sheet", "annotators", "quote"),
    *("encoding", "faulty", "merge_labels", "group", "names", "weight", "skip", "no_skip"),
    *("base", "batch_size", "max_tokens", "long", "pool", "seed", "limit"),
)


class TextData(LightningDataModule):
    """Texts and labels as `textune train` reads, splits, encodes and packs them.

    Args:
        source: As for `textune.train`, and so are all keywords that are named alike.
        text: Text column, or two.
        label: Label column or columns.
        task: Recognised if not given.
        header: Does the first row name the columns?
        delimiter: Character between cells.
        rows: Keys of JSON that lead to the rows.
        sheet: Sheet of a spreadsheet.
        annotators: Whose label is taken where several people annotated a text.
        quote: Character around cells.
        encoding: Encoding of files.
        faulty: What is done with faulty rows.
        merge_labels: Labels that are one.
        group: Rows equal in this column stay in one split.
        names: Names of classes that are numbers.
        weight: Column that says how much each text weighs in the loss.
        skip: Rows that are left out.
        no_skip: The opposite.
        valid: File to validate by; a tenth of the rows by default, however few they are.
        test: File that `Trainer.test` judges by.
        base: Encoder: a directory or a Hub name.
        batch_size: Texts in one update of the weights, over all processes and however many parts
            the Trainer accumulates; by the recipe if not given.
        max_tokens: Tokens of a text that are read at once.
        long: What is read of longer texts.
        pool: How the answers in the windows of a text become one.
        seed: Of everything random.
        limit: Use so many rows of each file.
        config: TOML file with settings; what is named beside it wins.
        settings: Any setting, as "data.valid_share=0.2".

    Raises:
        SettingsError: All wrong names and values at once.
    """

    @hinting_method
    def __init__(
        self,
        source: object,
        *,
        text: Columns | None = None,
        label: Columns | None = None,
        task: str | None = None,
        header: bool | None = None,
        delimiter: str | None = None,
        rows: str | None = None,
        sheet: str | None = None,
        annotators: Annotators | None = None,
        quote: str | None = None,
        encoding: str | None = None,
        faulty: str | None = None,
        merge_labels: str | Sequence[str] | None = None,
        group: str | None = None,
        names: str | Path | None = None,
        weight: str | None = None,
        skip: str | Sequence[str] | None = None,
        no_skip: str | Sequence[str] | None = None,
        valid: object | None = None,
        test: object | None = None,
        base: str | Path | None = None,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        long: Long | None = None,
        pool: Pool | None = None,
        seed: int | None = None,
        limit: int | None = None,
        config: str | Path | None = None,
        settings: str | Sequence[str] = (),
    ):
        super().__init__()
        self._source, self._valid, self._test = source, valid, test
        how = (text, label, task, header, delimiter, rows, sheet, annotators, quote, encoding)
        what = (faulty, merge_labels, group, names, weight, skip, no_skip)
        training = (base, batch_size, max_tokens, long, pool, seed, limit)
        self._given = dict(zip(KEYWORDS, (*how, *what, *training), strict=True))
        self._file = None if config is None else Path(config)
        self._changes = (settings,) if isinstance(settings, str) else tuple(settings)
        self._corpus: Corpus | None = None
        self.settings = self._resolved({}, ())
        self.padded = False  # whether the encoder pads, as the module finds out
        self.remarks: list[Message] = []  # on the files, for people
        self._updates: Updates | None = None  # that are gone through
        self._goes_on: dict[str, Any] | None = None  # where a checkpoint was written

    @property
    def corpus(self) -> Corpus:
        """The texts, their targets, token ids and split; read at first use.

        Raises:
            DataError: With every problem's file and line.
        """
        if self._corpus is None:
            tokenizer = tokenizers.load(bases.find(self.settings.base))
            self._corpus = drained(
                corpora.gather(
                    self._source, self.settings, tokenizer, valid=self._valid, test=self._test
                ),
                self._tell,
            )
            self.settings = self.chosen({}, ())
        return self._corpus

    @property
    def objective(self) -> Labelled:
        """What there is to learn, by the settings."""
        found = self.corpus  # which may choose settings
        return Labelled.of(found, self.settings)

    def choose(self, given: Mapping[str, object], changes: Sequence[str]) -> Settings:
        """Take over what is asked of the training; the recipe chooses what is left out.

        Args:
            given: Keywords: "lr", "epochs".
            changes: Settings, as "train.schedule=one-cycle".

        Raises:
            DataError: A file of costs is not as it should be.
            SettingsError: All wrong names and values at once; or the task, or the texts as they
                were read before, have no place for what is asked.
        """
        asked = self._resolved(given, changes)
        if self._corpus is None:
            self.settings = asked
        pairs = self.corpus.store.shape.pairs
        if "pairs" in asked.train.model_fields_set and asked.train.pairs != pairs:
            raise SettingsError(
                f"train.pairs={asked.train.pairs}: the texts were read before, {pairs}; give it to "
                f"TextData(…, settings='train.pairs={asked.train.pairs}')"
            )
        self.settings = self.chosen(given, changes)
        wishing.check(self.settings, self.corpus.task)
        return self.settings

    def chosen(self, given: Mapping[str, object], changes: Sequence[str]) -> Settings:
        """Return the settings with what the recipe chooses for these texts."""
        found = self.corpus
        settings = choices.choose(self._resolved(given, changes), found).settings
        return choosing.changed(settings, {"contrast": 0.0})  # which Lightning's module has not

    def setup(self, stage: str) -> None:
        """Read the files."""
        del stage
        log.debug("%d texts", len(self.corpus.examples))

    def train_dataloader(self) -> Updates:
        """Return the optimizer batches, in the parts that the Trainer accumulates."""
        kind = "cpu" if self.trainer is None else self.trainer.strategy.root_device.type
        most = self.settings.train.micro_tokens or MICRO_TOKENS[kind]
        self._updates = Updates(
            self.objective, self._processes(), micro_tokens=most, padded=self.padded
        )
        if self._goes_on is not None:
            self._updates.load_state_dict(self._goes_on)
            self._goes_on = None
        return self._updates

    def val_dataloader(self) -> Questions:
        """Return the validation texts."""
        return self.questions(self.texts("valid"))

    def test_dataloader(self) -> Questions:
        """Return the test texts.

        Raises:
            SettingsError: There are none.
        """
        if not len(self.corpus.split.test):
            raise SettingsError(
                "there are no test texts; give TextData(…, test=FILE) or "
                "settings='data.test_share=0.1'"
            )
        return self.questions(self.texts("test"))

    def predict_dataloader(self) -> Questions:
        """Return the test texts, or the validation texts where there are none, in their order."""
        part = "test" if len(self.corpus.split.test) else "valid"
        return self.questions(self.texts(part), in_order=True)

    def texts(self, part: str) -> Texts:
        """Return the texts of "train", "valid" or "test"."""
        found, objective = self.corpus, self.objective
        rows: np.ndarray[Any, np.dtype[np.int64]] = getattr(found.split, part)
        return Texts(found.store, rows, found.part(part), found.targets, objective)

    def questions(self, texts: Texts, *, in_order: bool = False) -> Questions:
        """Return some texts, as validation, test and prediction take them."""
        kind = "cpu" if self.trainer is None else self.trainer.strategy.root_device.type
        budget = BUDGETS.get(kind, BUDGETS["cpu"])
        most = min(budget, self.settings.train.micro_tokens or budget)
        dealt = self._processes()
        return Questions(texts, dealt, micro_tokens=most, padded=self.padded, in_order=in_order)

    def state_dict(self) -> dict[str, Any]:
        """Return how far a pass has come, and of which texts.

        The Trainer keeps that of its loaders, too, but does not give it back where something asked
        for the loaders before it has read the checkpoint (`estimated_stepping_batches`).
        """
        amid = None if self._updates is None else self._updates.state_dict()
        return {"of": self._of(), "amid": amid}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Hold a checkpoint's texts against these.

        Raises:
            CheckpointError: They are others.
        """
        now = self._of()
        other = [name for name, value in state_dict["of"].items() if now.get(name) != value]
        if other:
            raise CheckpointError(
                f"the checkpoint was written by a run with other {' and '.join(other)}; make "
                "TextData as it was made there, or load the weights alone with "
                "TextModule.load_from_checkpoint"
            )

        self._goes_on = state_dict["amid"]
        if self._updates is not None and self._goes_on is not None:
            self._updates.load_state_dict(self._goes_on)

    def _of(self) -> dict[str, Any]:
        """Return by what it is seen whether a run goes on with the same texts."""
        batch_size, seed = self.settings.train.batch_size, self.settings.seed
        return {"texts": self.objective.fingerprint(), "batch_size": batch_size, "seed": seed}

    def _processes(self) -> Processes:
        trainer = self.trainer
        if trainer is None:
            return Processes()
        parts = trainer.accumulate_grad_batches
        return Processes(parts=parts, rank=trainer.global_rank, world=trainer.world_size)

    def _resolved(self, given: Mapping[str, object], changes: Sequence[str]) -> Settings:
        """Return the settings as asked for.

        Raises:
            SettingsError: All wrong names and values at once; or what Lightning itself does.
        """
        found = keywords.resolve(
            Settings, {**self._given, **given}, self._file, (*self._changes, *changes)
        )
        if found.tensorboard or found.track or found.device != "auto":
            raise SettingsError(
                "track, tensorboard and device mean nothing where Lightning trains; give "
                "Trainer(logger=TensorBoardLogger(…), accelerator=…)"
            )
        for name, (usual, way_out) in ELSEWHERE.items():
            if (value := getattr(found.train, name)) != usual:
                raise SettingsError(
                    f"train.{name}={value}: means nothing where Lightning trains; {way_out}"
                )
        if found.data.valid_share is None and self._valid is None:
            data = found.data.model_copy(update={"valid_share": judging.SHARE})
            found = found.model_copy(update={"data": data})
        return found

    def _tell(self, message: Message) -> None:
        self.remarks.append(message)
        _say(logging.WARNING if message.is_warning else logging.INFO, message.text)


@rank_zero_only
def _say(level: int, text: str) -> None:
    """Tell people, in one process, where Lightning tells them."""
    log.log(level, text)
