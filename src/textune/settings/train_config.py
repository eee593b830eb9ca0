"""How weights are changed: the settings of the section `train`."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StrictBool, field_validator, model_validator

from textune.encoder.names import Targets
from textune.metrics import catalogue
from textune.records import Pairs, Pooling
from textune.settings.section import Section
from textune.tasks.imbalance import Loss, Sampling

LEFT_OUT = "auto"  # a setting that the recipe shall choose, though a file names it
WARM_UP = ("warmup_share", "warmup_steps", "warmup_epochs")
TARGETS_BEFORE = {"lora_targets": "query-value"}  # the default that config.toml of earlier runs has
LORA = ("lora_alpha", "lora_dropout", "lora_targets", "lora_head_lr", "lora_merge")
Average = Annotated[float, Field(ge=0, lt=1)]


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value < math.inf


class TrainSettings(Section):
    """How the weights are changed; what is left out of `by_recipe`, the recipe chooses."""

    by_recipe: ClassVar[tuple[str, ...]] = (
        *("batch_size", "epochs", "lr", *WARM_UP[:1], "dropout", "class_weights"),
        *("pooling", "pairs", "probe", "average", "contrast"),
    )

    recipe: Literal["auto", "classic"] = Field(
        "auto",
        description="What chooses the settings that are left out: the texts and the base, or the "
        "papers (3 epochs, 5e-5).",
    )
    effort: Literal["quick", "normal", "best"] = Field(
        "normal", description="The head of the frozen encoder alone; fine-tuning too; three seeds."
    )
    epochs: int = Field(3, ge=0, description="Passes over the training texts.")
    batch_size: int = Field(32, ge=1, description="Texts in one update, over all processes.")
    lr: float = Field(5e-5, gt=0, description="Highest learning rate.")
    schedule: Literal["linear", "cosine", "constant", "one-cycle"] = Field(
        "linear", description="How the learning rate changes after the warm-up."
    )
    warmup_share: float | None = Field(
        None, ge=0, le=1, description="Part of all steps in which the rate rises; 0.1 by default."
    )
    warmup_steps: int | None = Field(None, ge=0, description="The same, in steps.")
    warmup_epochs: float | None = Field(None, ge=0, description="The same, in epochs.")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's decay; none on biases and norms.")
    betas: tuple[Average, Average] = Field((0.9, 0.999), description="AdamW's two averages.")
    eps: float = Field(1e-8, gt=0, description="AdamW's guard against division by zero.")
    clip: float | None = Field(1.0, gt=0, description="Largest gradient norm.")
    freeze: int = Field(
        0,
        ge=-1,
        description="Freeze the embeddings and so many lower layers; -1: the whole encoder.",
    )
    lora: int | None = Field(
        None,
        ge=1,
        description="Train adapters of this rank (LoRA) and the head; the base is frozen.",
    )
    lora_alpha: float | None = Field(
        None, gt=0, description="Adapters are scaled by this over their rank; twice it by default."
    )
    lora_dropout: float = Field(
        0.0, ge=0, lt=1, description="Dropout of what goes into the adapters."
    )
    lora_targets: Targets = Field(
        "all",
        description="Which linear layers get adapters: all, or those of queries and values.",
    )
    lora_head_lr: float | None = Field(
        None,
        gt=0,
        description="Learning rate of the head beside adapters; by default that without adapters.",
    )
    lora_merge: bool = Field(
        True,
        description="Save the adapters as part of the weights alone; false: in model/adapter, "
        "too, for peft.",
    )
    class_weights: str | dict[str, float] = Field(
        "none",
        description="Weigh rare classes (or the positives of rare labels) more: balanced; or a "
        "table of one's own, label to weight.",
    )
    loss: Loss = Field(
        "cross-entropy",
        description="What is made smaller: cross-entropy; focal, in which texts that are answered "
        "well count less; or asymmetric, for labels that few texts have (several labels a text).",
    )
    sampling: Sampling = Field(
        "none",
        description="How often texts are drawn: each once a pass, so that all classes come equally "
        "often (balanced), or half-way to that (square-root).",
    )
    remedies: Literal["auto", "off", "always"] = Field(
        "auto",
        description="Measure what helps rare labels (class weights, sampling, losses, thresholds), "
        "and take it, where rows are cross-validated and a label is rare, or always.",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of each target that is spread over all labels."
    )
    validate_every: int | None = Field(
        None, ge=1, description="Steps between validations; an epoch by default."
    )
    retry: bool = Field(
        True,
        description="Begin anew once, with a lower learning rate, where training does not learn.",
    )
    judge_training: StrictBool | Annotated[int, Field(ge=2)] = Field(
        False,
        description="Judge training texts at each validation, too: all (true), or so many of them.",
    )
    patience: int | None = Field(
        None, ge=1, description="Stop after so many validations without a better score."
    )
    metric: str | None = Field(
        None,
        description="Metric that selects the best model, by textune's name or that of "
        "transformers (eval_f1, …); labels.NAME.f1 is that of one label.",
    )
    dropout: Literal["base"] | Annotated[float, Field(ge=0, lt=1)] = Field(
        "base", description="All rates of dropout: those of the base, or one number."
    )
    pooling: Pooling = Field(
        "auto",
        description="What a head on whole texts reads: as the base's model has it, the first "
        "token, or the mean of all; the mean by default where the base's 1_Pooling/config.json "
        "says so.",
    )
    pairs: Pairs = Field(
        "together",
        description="How the two texts of a pair are read: in one sequence (together), or each by "
        "itself, and then compared (apart).",
    )
    probe: bool = Field(
        False,
        description="Begin with a linear head that is fitted on the features of the frozen encoder "
        "(linear probing, then fine-tuning), and keep both where no update is better.",
    )
    average: bool = Field(
        True,
        description="After cross-validation, save the mean of the model of all texts and of those "
        "of the folds.",
    )
    refit: bool = Field(
        True,
        description="After cross-validation, fit the head anew on what it reads of the texts (one "
        "label a text).",
    )
    contrast: float | None = Field(
        None,
        ge=0,
        description="Weight of a contrastive loss beside that of the labels, which brings texts of "
        "one label together; left out, 1 (0.1 of several labels) and 0 are tried where few rows "
        "are cross-validated, and else it is 1 for many classes alike in number.",
    )
    name_words: int = Field(
        50,
        ge=0,
        description="Words near each label's name from which a head learns, too; 0 for none.",
    )
    curve: bool = Field(False, description="Draw a learning curve: what would more labels buy?")
    explain: int | None = Field(
        None,
        ge=0,
        le=20,
        description="Worst errors whose words are explained on the page, as far as that is quick; "
        "10 by default, and none with effort quick or recipe classic.",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto",
        description="Number format of the encoder's products; measured once a run by default; "
        "fp16, with a scaled loss, is for cards without bf16.",
    )
    micro_tokens: int | None = Field(
        None, ge=16, description="Tokens computed at once; by the device if not given."
    )
    graphs: bool = Field(
        True,
        description="On a card of NVIDIA, capture forward and backward pass as CUDA graphs.",
    )
    tf32: bool = Field(
        True,
        description="On a card of NVIDIA, multiply what is kept in fp32 by TF32 while training.",
    )
    recompute: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Compute the layers a second time in the backward pass, which needs less "
        "memory and more time; auto: where one text alone lacks memory.",
    )
    profile: bool = Field(
        False,
        description="Record what the first updates cost: a table, and a trace for a browser.",
    )
    deterministic: bool = Field(
        False, description="Refuse operations of torch that have no deterministic form."
    )
    keep_epochs: bool = Field(
        False, description="Keep a model of every epoch, in epochs/epoch-1 and so on."
    )
    threads: int | None = Field(
        None,
        ge=1,
        description="Threads on a CPU; by the free cores if not given, fewer beside busy programs.",
    )
    rank_timeout: float = Field(
        600.0,
        gt=0,
        description="Seconds that several processes wait for each other before the run stops.",
    )
    shard: bool = Field(
        False,
        description="Part weights, gradients and moments between several processes (FSDP2).",
    )
    checkpoint_minutes: float = Field(
        10.0, gt=0, description="Minutes of training between checkpoints, besides validations."
    )
    keep_checkpoints: bool = Field(
        False, description="Keep checkpoints of a finished run, so that more epochs can follow."
    )

    @field_validator("class_weights", mode="before")
    @classmethod
    def _known_weights(cls, value: Any) -> object:
        if value in ("none", "balanced"):
            return value
        is_table = isinstance(value, Mapping) and bool(value)
        if not is_table or not all(_is_weight(weight) for weight in value.values()):
            raise ValueError(
                "expected none, balanced, or a table of labels and their weights, numbers above 0"
            )
        return {str(label): float(weight) for label, weight in value.items()}

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, value: str | None) -> str | None:
        if value is not None and (why := catalogue.why_unknown(value)):
            raise ValueError(why)
        return value

    @property
    def rate(self) -> float | None:
        """Return the one rate of dropout that is asked for; None for those of the base."""
        return None if self.dropout == "base" else float(self.dropout)

    @property
    def adapters(self) -> tuple[int, float, float, Targets] | None:
        """Return rank, alpha, dropout and targets of adapters, if there shall be any."""
        if self.lora is None:
            return None
        alpha = 2.0 * self.lora if self.lora_alpha is None else self.lora_alpha
        return self.lora, alpha, self.lora_dropout, self.lora_targets

    def left_out(self) -> frozenset[str]:
        """Return the settings that nobody gave, of those that the recipe chooses."""
        given = self.model_fields_set
        if not given.isdisjoint(WARM_UP):
            given = given | set(WARM_UP)
        return frozenset(self.by_recipe) - given

    @model_validator(mode="before")
    @classmethod
    def _open(cls, values: Any) -> Any:
        """Leave out what shall be chosen, and what a run without adapters once said of them."""
        if not isinstance(values, Mapping):
            return values
        before = TARGETS_BEFORE if values.get("lora") in (None, LEFT_OUT) else {}
        return {
            name: value
            for name, value in values.items()
            if (name not in cls.by_recipe or value != LEFT_OUT)
            and (name not in before or value != before[name])
        }

    @model_validator(mode="after")
    def _rank_of_adapters(self) -> Self:
        fields = type(self).model_fields
        given = [name for name in LORA if getattr(self, name) != fields[name].default]
        if given and self.lora is None:
            raise ValueError(f"{', '.join(given)}: of adapters, whose rank is lora; give it too")
        if self.lora is not None and self.freeze:
            raise ValueError("lora freezes the whole base; leave out freeze")
        if self.lora is not None and self.effort == "quick":
            raise ValueError("lora trains adapters, and effort quick the head alone; give one")
        return self

    @model_validator(mode="after")
    def _parted(self) -> Self:
        is_short = self.precision in ("bf16", "fp16")
        given = {"lora": self.lora is not None, f"precision={self.precision}": is_short}
        given |= {"keep_epochs": self.keep_epochs, "effort=quick": self.effort == "quick"}
        if self.shard and (names := [name for name, is_given in given.items() if is_given]):
            raise ValueError(f"shard parts weights that all learn, in fp32; leave out {names[0]}")
        return self

    @model_validator(mode="after")
    def _one_warmup(self) -> Self:
        given = [name for name in WARM_UP if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(given)}, not {len(given)}")
        return self
