"""The settings of what is learned from plain text: adapting an encoder, or making one."""

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from textune.encoder.names import BUNDLED
from textune.settings.config import Settings
from textune.settings.section import Section
from textune.settings.tracking import TRACK, Track, Tracking
from textune.settings.train_config import Average, TrainSettings

OF_LABELS = (
    "average",
    "class_weights",
    "contrast",
    "curve",
    "effort",
    "explain",
    "judge_training",
    "label_smoothing",
    "lora",
    "lora_alpha",
    "lora_dropout",
    "lora_head_lr",
    "lora_merge",
    "lora_targets",
    "loss",
    "metric",
    "name_words",
    "pairs",
    "pooling",
    "probe",
    "recipe",
    "refit",
    "remedies",
    "retry",
    "sampling",
)  # settings that are refused where there are no labels
OF_BASES = ("dropout",)  # of `train`; refused where there is no base
SHORT = 128  # tokens of a passage from which an encoder of random weights learns


class TextSettings(Section):
    """Which text is read, and what of it is held out."""

    column: str | None = Field(None, description="Text column of a table; recognised if not given.")
    encoding: str | None = Field(
        None, description="Encoding of the files that are not UTF-8, as cp1252."
    )
    documents: Literal["lines", "blocks"] | None = Field(
        None,
        description="What is a document of plain text: each of its lines, or what stands between "
        "blank lines; recognised if not given.",
    )
    language: str = Field("en", description="ISO 639 code; its rules find the ends of sentences.")
    max_tokens: int | None = Field(
        None, ge=8, description="Tokens of a passage; the encoder's own limit by default."
    )
    valid_share: float = Field(
        0.1, ge=0, lt=1, description="Documents held out, as a share; 0 to learn from all."
    )
    most_valid_tokens: int = Field(
        50_000, ge=100, description="Hold out no more tokens than these, whatever the share."
    )
    limit: int | None = Field(None, ge=2, description="Use so many documents only: a trial.")
    cache: bool = Field(True, description="Keep token ids between runs.")


class MaskSettings(Section):
    """What is asked of the encoder."""

    rate: float = Field(0.15, gt=0, lt=1, description="Share of the tokens that are chosen.")
    mask_share: float = Field(
        0.8, ge=0, le=1, description="Of the chosen, the share that becomes the mask."
    )
    random_share: float = Field(
        0.1, ge=0, le=1, description="Of the chosen, the share that becomes another piece."
    )
    whole_words: bool = Field(False, description="Choose words, with all their pieces.")
    nexts: bool = Field(False, description="Ask for next sentences as well (--nsp).")
    only_nexts: bool = Field(
        False, description="Ask for next sentences alone, and mask nothing (--nsp-only)."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.mask_share + self.random_share > 1 + 1e-9:
            raise ValueError("mask_share and random_share are more than 1 together")
        if self.only_nexts and not self.nexts:
            raise ValueError("only_nexts asks for next sentences: set nexts=true, too")
        return self


class PretrainTextSettings(TextSettings):
    """Which text is read; short passages teach an encoder of random weights sooner."""

    max_tokens: int | None = Field(
        None,
        ge=8,
        description="Tokens of a passage that the encoder reads; by default it reads 512, and "
        "learns from passages of 128.",
    )

    def passages(self) -> "TextSettings":
        """Return the settings with the tokens of a passage to learn from."""
        return self.model_copy(update={"max_tokens": self.max_tokens or SHORT})


class PretrainMaskSettings(MaskSettings):
    """What is asked of an encoder of random weights."""

    rate: float = Field(0.3, gt=0, lt=1, description="Share of the tokens that are chosen.")


class AdaptTrainSettings(TrainSettings):
    """How the weights are changed, with what suits a trained encoder."""

    by_recipe: ClassVar[tuple[str, ...]] = ()

    epochs: int = Field(2, ge=0, description="Passes over the text.")
    lr: float = Field(
        1e-4, gt=0, description="Highest learning rate; 3e-4 where the masked-LM head is new."
    )
    batch_size: int = Field(16, ge=1, description="Passages in one update.")
    hours: float | None = Field(
        None, gt=0, description="Hours to train; the learning rate reaches zero at their end."
    )

    @model_validator(mode="after")
    def _without_labels(self) -> Self:
        named = [
            name
            for name in OF_LABELS
            if getattr(self, name) != type(self).model_fields[name].default
        ]
        if named:
            raise ValueError(f"{' and '.join(named)} can be set for labelled text only")
        return self


class PretrainTrainSettings(AdaptTrainSettings):
    """How the weights are changed, with what suits an encoder of random weights."""

    epochs: int = Field(10, ge=0, description="Passes over the text, unless --hours is given.")
    batch_size: int = Field(16, ge=1, description="Passages in one update.")
    lr: float = Field(1e-3, gt=0, description="Highest learning rate.")
    betas: tuple[Average, Average] = Field((0.9, 0.98), description="AdamW's two averages.")
    eps: float = Field(1e-6, gt=0, description="AdamW's guard against division by zero.")

    @field_validator(*OF_BASES)
    @classmethod
    def _is_elsewhere(cls, value: object) -> object:
        if value != "base":
            raise ValueError("an encoder made from text has no base; its rate is set by dropout")
        return value


class AdaptSettings(Section):
    """Everything that decides how an encoder is made at home in a text."""

    base: str = Field(BUNDLED, description="Encoder to start from: a directory or a Hub name.")
    seed: int = Field(42, ge=0, lt=2**32, description="Seed of everything random.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps.")
    tensorboard: bool = Field(False, description="Write TensorBoard events as well.")
    track: Track = Field((), description=TRACK)
    add_words: int | str | None = Field(
        None, description="Words to add to the vocabulary: how many, or a file of them."
    )
    warm_head: Literal["auto", "never"] = Field(
        "auto", description="Train a new masked-LM head alone first, for as long as that helps."
    )
    text: TextSettings = TextSettings.model_construct()
    mask: MaskSettings = MaskSettings.model_construct()
    train: AdaptTrainSettings = AdaptTrainSettings.model_construct()
    tracking: Tracking = Tracking.model_construct()

    @field_validator("add_words")
    @classmethod
    def _number_or_file(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, str) and value.isdigit():
            return int(value)
        if isinstance(value, int) and value < 0:
            raise ValueError("expected a number of words, or a file of them")
        return value


class PretrainSettings(Section):
    """Everything that decides how an encoder is made from nothing but text."""

    size: str = Field("mini", description="tiny, mini, small, medium, base, large, or LxH.")
    vocab: int = Field(8000, ge=6, description="Pieces of the vocabulary.")
    cased: bool = Field(False, description="Keep capital letters and accents.")
    seed: int = Field(42, ge=0, lt=2**32, description="Seed of everything random.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps.")
    tensorboard: bool = Field(False, description="Write TensorBoard events as well.")
    track: Track = Field((), description=TRACK)
    dropout: float = Field(
        0.0, ge=0, lt=1, description="While it is pretrained; 0.1 is written for fine-tuning."
    )
    text: PretrainTextSettings = PretrainTextSettings.model_construct()
    mask: PretrainMaskSettings = PretrainMaskSettings.model_construct()
    train: PretrainTrainSettings = PretrainTrainSettings.model_construct()
    tracking: Tracking = Tracking.model_construct()


RunSettings = Settings | AdaptSettings | PretrainSettings
