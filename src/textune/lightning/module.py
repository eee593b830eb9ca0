"""An encoder with the head of a task becomes a LightningModule that learns as `textune train`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from textune.encoder import bases
from textune.encoder.model import Encoder
from textune.errors import ModelError, hinting_method
from textune.evaluation import fitting
from textune.extensions import kept as own_parts
from textune.lightning import kept, made, planned, wanted
from textune.lightning.data import TextData
from textune.lightning.judged import Answers, Predictions, numbers
from textune.lightning.loaders import Asked, Part, Processes, Questions, Texts
from textune.predicting.predictor import Predictor, Text
from textune.probing import heads
from textune.recipes import wishing
from textune.records import Batch
from textune.runs import runs
from textune.runs.runs import Card
from textune.settings.config import Settings
from textune.tasks.interface import Task
from textune.tasks.own import NOTHING
from textune.text import store as stores
from textune.text import tokenizers
from textune.training import checkpoint, optim, schedules


class TextModule(LightningModule):
    """An encoder with the head of a task. Make one by `for_data` or `from_run`.

    To change one thing, override one method: `head`, `logits`, `loss` or `configure_optimizers`.

    Args:
        place: Directory of the base, or of the model of a run.
        card: What it answers, and how it reads texts; plain values, as checkpoints hold them.
        settings: Of the training, as plain values.
        is_run: Whether the directory holds the head as well.
    """

    def __init__(
        self,
        place: str,
        card: Mapping[str, Any],
        settings: Mapping[str, Any],
        is_run: bool = False,  # as load_from_checkpoint passes it
    ):
        super().__init__()
        given = {"place": place, "card": dict(card), "settings": dict(settings), "is_run": is_run}
        self.save_hyperparameters(given, logger=False)
        self.card: Card = made.to_card(card)
        self.settings = Settings.model_validate(settings)
        self.task: Task = made.task_of(self.card)  # in training with class weights
        self.encoder: Encoder = made.encoder_of(place, self.card, self.settings, is_run=is_run)
        self._place = place
        made.put_head(self.encoder, self.head)
        self.train()  # transformers gives models in evaluation mode, and the Trainer leaves them so
        self._answers = Answers()
        self._loss: Tensor | float = 0.0  # of the parts of this optimizer batch so far
        self._is_amid = False  # whether parts of this optimizer batch are still to come
        self._kept: dict[str, Any] | None = None  # of a checkpoint, in a run that goes on
        self._carried: dict[str, Tensor] = {}  # gradients of parts before that

    @classmethod
    @hinting_method
    def for_data(
        cls,
        data: TextData,
        *,
        lr: float | None = None,
        epochs: int | None = None,
        settings: str | Sequence[str] = (),
    ) -> Self:
        """Make a module from the base of some data, with a head for its labels.

        Args:
            data: What it shall learn; read now, if it was not before.
            lr: Highest learning rate; by the recipe if not given.
            epochs: Passes after which the schedule ends; those of the Trainer if not given.
            settings: Any setting of the training, as "train.schedule=one-cycle".

        Raises:
            TextuneError: Any mistake in files and settings.

        Example:
            >>> data = TextData("reviews.csv", label="stars")  # doctest: +SKIP
            >>> model = TextModule.for_data(data, lr=2e-5, epochs=3)  # doctest: +SKIP
            >>> Trainer(max_epochs=3).fit(model, data)  # doctest: +SKIP
        """
        chosen = data.choose({"lr": lr, "epochs": epochs}, wanted.of_training(settings))
        card = made.to_values(made.card_of(data.corpus))
        found = cls(data.corpus.tokenizer.place, card, wanted.values(chosen))
        if chosen.train.probe and heads.can_probe(found.task, found.encoder):
            made.probe(found.encoder, data.corpus, data.objective.task, chosen)
        return found

    @classmethod
    @hinting_method
    def from_run(
        cls,
        run: str | Path | runs.Run,
        data: TextData | None = None,
        *,
        lr: float | None = None,
        epochs: int | None = None,
        settings: str | Sequence[str] = (),
    ) -> Self:
        """Make a module from what `textune train`, or `save`, has written, its head included.

        Args:
            run: Its folder.
            data: What it shall learn from now on, of the same labels; None to validate or predict.
            lr: As for `for_data`.
            epochs: As for `for_data`.
            settings: As for `for_data`.

        Raises:
            ModelError: Its files are damaged, or the data have other labels or tokens.
        """
        folder = runs.model_folder(run.path if isinstance(run, runs.Run) else Path(run))
        bases.check(folder)
        card, chosen = runs.read_card(folder), Settings.model_validate({})
        own_parts.require(folder, card.own, NOTHING)  # a head of its owner's is nobody else's
        if data is not None:
            asked = {"lr": lr, "epochs": epochs}
            chosen = data.choose(asked, wanted.of_training(settings))
            wanted.refuse_others(card, data, str(folder), place=str(folder))
        return cls(str(folder), made.to_values(card), wanted.values(chosen), is_run=True)

    @property
    def lr(self) -> float:
        """The highest learning rate, by the name that Lightning's Tuner looks for."""
        return self.settings.train.lr

    @lr.setter
    def lr(self, value: float) -> None:
        train = self.settings.train.model_copy(update={"lr": float(value)})
        self.settings = self.settings.model_copy(update={"train": train})
        self.hparams["settings"] = wanted.values(self.settings)

    def head(self, last: nn.Linear) -> nn.Module:
        """Return what stands in the place of the head's last layer; override for one's own.

        Args:
            last: The layer with a row for each label.
        """
        return last

    def logits(self, batch: Batch) -> Tensor:
        """Compute one row for each item that is asked about, (I, C); override for one's own."""
        found: Tensor = self.encoder(batch)
        return found

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of losses over a batch; override for one's own.

        A sum, not a mean: the mean over the optimizer batch is taken outside.
        """
        return self.task.loss(logits, batch)

    def configure_optimizers(self) -> Any:
        """Make AdamW with textune's groups, and its schedule, stepped at each update."""
        train = self.settings.train
        groups = optim.groups(self, train.weight_decay)
        made_of = torch.optim.AdamW(groups, lr=train.lr, betas=train.betas, eps=train.eps)
        total, per_epoch = planned.updates(self.trainer, self._data(), train)
        rising = schedules.warmup_steps(
            total,
            per_epoch,
            share=train.warmup_share,
            steps=train.warmup_steps,
            epochs=train.warmup_epochs,
        )
        schedule = schedules.by_steps(made_of, train.schedule, warmup=rising, total=total)
        return {
            "optimizer": made_of,
            "lr_scheduler": {"scheduler": schedule, "interval": "step", "name": "lr"},
        }

    def forward(self, batch: Batch) -> Tensor:
        """Compute logits."""
        return self.logits(batch)

    def setup(self, stage: str) -> None:
        """Take over what the data have, and let layers compute as the Trainer needs it."""
        data = self._data()
        if data is not None:
            data.padded = not self.encoder.packed
            wanted.refuse_others(self.card, data, "the module", place=self._place)
            if stage == "fit":
                self.task = data.objective.task
        trainer = self.trainer
        if trainer.world_size > 1 or str(trainer.precision) != "32-true":
            made.by_torch(self.encoder)

    def on_fit_start(self) -> None:
        """Tell the loggers the settings of the training."""
        train = self.settings.train.model_dump(mode="json")
        for logger in self.trainer.loggers:
            logger.log_hyperparams(
                {"base": self.settings.base, "seed": self.settings.seed, **train}
            )

    def on_train_start(self) -> None:
        """Let dropout draw from the seed, or go on where a checkpoint was written."""
        found, self._kept = self._kept, None
        # a Tuner puts a checkpoint back that was written before the first update
        if found is None or not (self.trainer.global_step or found["gradients"]):
            torch.manual_seed(self.settings.seed)
            return
        checkpoint.restore_rng(found["drawn"])
        self._loss, self._carried = found["loss"], found["gradients"]

    def training_step(self, part: Part, _: int) -> Tensor:
        """Return the loss of a part of an optimizer batch, scaled for the mean over all."""
        wanted.refuse_parts(part, self.trainer.accumulate_grad_batches)
        if self.trainer.world_size > 1:  # as a checkpoint, which one process writes, can repeat it
            own = [self.settings.seed, self.trainer.global_rank, part.update, part.part]
            torch.manual_seed(int(np.random.SeedSequence(own).generate_state(1)[0]))
        self._is_amid = not part.is_last
        losses = [self.loss(self.logits(pack), pack) for pack in part.packs]
        found = torch.stack(losses).sum() * part.scale
        self._loss = self._loss + found.detach() / part.parts
        if part.is_last:
            self.log(
                "train_loss",
                self._loss,
                on_step=True,
                on_epoch=True,
                prog_bar=True,
                batch_size=part.texts,
                sync_dist=self.trainer.world_size > 1,
            )
            self._loss = 0.0
        return found

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Add the gradients that a checkpoint has of the first parts of this update.

        Not before: kernels hold their own memory for the gradients of an update.
        """
        del optimizer
        kept.add(self._carried, self.named_parameters())
        self._carried = {}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as the Trainer is told to; where it is not, by train.clip."""
        most = self.settings.train.clip if gradient_clip_val is None else gradient_clip_val
        self.clip_gradients(
            optimizer, gradient_clip_val=most, gradient_clip_algorithm=gradient_clip_algorithm
        )

    def on_validation_epoch_start(self) -> None:
        """Begin to collect answers."""
        self._answers = Answers()

    def validation_step(self, asked: Asked, _: int) -> None:
        """Answer some texts."""
        self._answer(asked)

    def on_validation_epoch_end(self) -> None:
        """Judge all texts together; and fit how probabilities become labels."""
        self._judge("valid")

    def on_test_epoch_start(self) -> None:
        """Begin to collect answers."""
        self._answers = Answers()

    def test_step(self, asked: Asked, batch_idx: int) -> None:
        """Answer some texts."""
        del batch_idx
        self._answer(asked)

    def on_test_epoch_end(self) -> None:
        """Judge all texts together."""
        self._judge("test")

    def predict_step(self, asked: Asked, _: int = 0) -> Predictions:
        """Return the predictions of some texts."""
        if asked.batch is None:
            return Predictions(())
        answers = Answers()
        answers.add(asked, self.logits(asked.batch), 0.0)
        texts, scores = answers.scores(self.task, self.card.decision)
        return Predictions(self.task.predictions(scores, texts.examples))

    def texts(self, texts: Sequence[Text]) -> Questions:
        """Return texts for `Trainer.predict(model, model.texts([…]))`.

        Raises:
            SettingsError: They are not such as the model was trained on.
        """
        predictor = self.predictor()
        examples = predictor.examples(texts)
        found = stores.tokenize(examples, predictor.tokenizer, self.card.shape)
        everything = Texts(found, np.arange(len(found)), examples)
        return Questions(everything, Processes(), micro_tokens=1024, in_order=True)

    def predictor(self) -> Predictor:
        """Return a Predictor of these weights, without a folder."""
        return Predictor(self.card, self.task, self.encoder, tokenizers.load(self._place))

    def save(self, folder: str | Path) -> Path:
        """Write `model/` into a folder, for `textune predict`, `Predictor` and `from_run`.

        Thresholds are those that the last validation fitted.

        Raises:
            ModelError: The head is one's own, which only this class knows.
            OSError: The disk is full or read-only.
        """
        if not self._is_usual():
            raise ModelError(
                f"{type(self).__name__} computes its logits by a method of its own, which textune "
                "predict does not know; keep Lightning's checkpoint (load_from_checkpoint), and "
                "predict by Trainer.predict or predictor()"
            )
        place = Path(folder)
        if self._trainer is not None and not self.trainer.is_global_zero:
            return place  # the first process writes it
        made.write(self.encoder, self.card, place, place=self._place, base=self.settings.base)
        return place

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep how probabilities become labels, where dropout draws, and what is added up.

        Gradients are where a checkpoint is written between the parts of an optimizer batch.
        """
        found = self.named_parameters() if self._is_amid else ()
        checkpoint[kept.OWN] = kept.of(
            self.card,
            loss=float(self._loss),
            gradients={name: item.grad for name, item in found if item.grad is not None},
            world=self.trainer.world_size,
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over what a checkpoint keeps beside the weights.

        Raises:
            ModelError: It is none of a TextModule.
            CheckpointError: Several processes wrote it between the parts of an optimizer batch.
        """
        world = None if self._trainer is None else self.trainer.world_size
        found = kept.read(checkpoint, world=world)
        values = made.to_values(self.card) | {"decision": found["decision"]}
        self.card = made.to_card(values)
        self._kept = None if world is None else found  # else only the weights are wanted

    def _is_usual(self) -> bool:
        own = type(self)
        return own.head is TextModule.head and own.logits is TextModule.logits

    def _data(self) -> TextData | None:
        found = getattr(self.trainer, "datamodule", None)
        return found if isinstance(found, TextData) else None

    def _answer(self, asked: Asked) -> None:
        self._answers.texts = asked.texts
        if asked.batch is None:
            return
        logits = self.logits(asked.batch)
        is_known = asked.texts.objective is not None
        loss = float(self.loss(logits, asked.batch)) if is_known else 0.0
        self._answers.add(asked, logits, loss)

    def _judge(self, part: str) -> None:
        """Log every number of a part, over all processes and texts."""
        answers = self._answers.gathered()
        if not answers.parts:
            return
        is_decided = part != "valid" or (self.hparams["is_run"] and self.trainer.state.fn != "fit")
        rule = self.card.decision if is_decided else self.task.default_decision()
        texts, scores = answers.scores(self.task, rule)
        found = dict(numbers(self.task.judge(scores, texts.examples), part))
        found |= {f"{part}_loss": answers.mean_loss()}
        self.log_dict(found, sync_dist=self.trainer.world_size > 1)  # equal in all processes
        every = 0 if answers.texts is None else len(answers.texts.rows)
        if not is_decided and len(texts.rows) == every and not self.trainer.sanity_checking:
            wish = wishing.of(self.settings, self.task.labels, self.task.name)
            fitted = fitting.decide(self.task, scores, texts.examples, wish)
            self.card = replace(self.card, decision=fitted.rule)
