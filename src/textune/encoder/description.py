"""What a base and a run may hold, checked before anything is built from it.

A model's folder is a file from somewhere: sizes in its config.json become memory and time, patterns
of its tokenizer become loops. All of it is held against limits here, and against the shapes that
the weights' own headers name; nothing is imported for it that computes.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from textune.encoder import headers, own_exports
from textune.encoder.headers import Entry
from textune.errors import ModelError, excerpt
from textune.families.known import FAMILIES, WITHOUT_PIECES, family_of

MOST_CONFIG = 32 * 2**20  # bytes of config.json: names of labels may be many
MOST_TOKENIZER = 256 * 2**20  # bytes of tokenizer.json; the largest in use have 35 MB
VOCABULARIES = (
    *("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model"),
    *("spm.model", "tokenizer.model", "bpe.codes", "sentencepiece.model"),
)
READ = (  # by textune or transformers, where they are there
    *("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("decision.json", "language.json", "manifest.json", "merges.txt", headers.INDEX),
    *VOCABULARIES,
)
LAYER = re.compile(r"(?:^|\.)(?:layer|layers|blocks?|h)\.(\d+)\.")

Size = Annotated[int, Field(strict=True, ge=1, lt=2**31)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Small = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class Config(BaseModel):
    """The parts of a config.json that become memory, time or meaning; others pass."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    model_type: str
    architectures: list[str] | None = None
    hidden_size: Size = 1
    dim: Size = 1
    d_model: Size = 1
    embedding_size: Size = 1
    intermediate_size: Size = 1
    hidden_dim: Size = 1
    d_inner: Size = 1
    num_attention_heads: Size = 1
    n_heads: Size = 1
    n_head: Size = 1
    num_hidden_layers: Size | None = None
    n_layers: Size | None = None
    n_layer: Size | None = None
    vocab_size: Size = Field(default=2**30)
    type_vocab_size: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
    max_position_embeddings: Annotated[int, Field(strict=True, ge=-1, le=2**24)] = 512
    pad_token_id: Annotated[int, Field(strict=True)] | None = None
    hidden_dropout_prob: Share = 0.0
    attention_probs_dropout_prob: Share = 0.0
    layer_norm_eps: Small = 1e-5
    initializer_range: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.02
    hidden_act: str | None = None
    id2label: dict[int, str] | None = None

    @property
    def layers(self) -> int | None:
        """How many there are, whatever the family calls them."""
        return self.num_hidden_layers or self.n_layers or self.n_layer

    @model_validator(mode="before")
    @classmethod
    def _is_number(cls, values: object) -> object:
        """Refuse null, which is no size; a size may be left out."""
        if not isinstance(values, dict):
            return values
        for name in ("num_hidden_layers", "n_layers", "n_layer"):
            if name in values and values[name] is None:
                raise ValueError(f"{name} is null")
        return values

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.pad_token_id is not None and not 0 <= self.pad_token_id < self.vocab_size:
            raise ValueError(
                f"pad_token_id is {self.pad_token_id}, and vocab_size is {self.vocab_size:,}"
            )
        return self


def check(folder: Path) -> Config:
    """Check a model's folder, before anything in it is opened by a library.

    Raises:
        ModelError: It holds no encoder, or one that is damaged, unsafe or of no known kind.
    """
    _check_files(folder)
    config = _config(folder / "config.json")
    _check_kind(folder, config)
    _check_pieces(folder, config)
    if not any(folder.glob("*.safetensors")):
        raise ModelError(_no_weights(folder))
    _check_sizes(folder, config, headers.read(folder))
    _check_tokenizer(folder)
    return config


def read_json(file: Path, *, most: int) -> dict[str, object]:
    """Read a JSON object of bounded size.

    Raises:
        ModelError: It is too long, no JSON or no object.
    """
    try:
        size = file.stat().st_size
        if size > most:
            raise ValueError(f"{size:,} bytes are more than the {most:,} that it may have")
        values = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file}: not a JSON object that can be read: {error}") from error
    if not isinstance(values, dict):
        raise ModelError(f"{file}: not a JSON object that can be read: {type(values).__name__}")
    return values


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def explain(error: ValidationError) -> str:
    """Say in words what a description does not allow."""
    parts = []
    for problem in error.errors()[:5]:
        place = ".".join(map(str, problem["loc"]))
        reason = problem["msg"].removeprefix("Value error, ")
        found = f", found {excerpt(str(problem['input']), most=40)}" if place else ""
        parts.append(f"{place}: {reason}{found}" if place else reason)
    return "; ".join(parts)


def _check_files(folder: Path) -> None:
    for name in READ:
        file = folder / name
        if file.is_symlink() or file.exists():
            _require_regular(file)
    for file in folder.glob("*.safetensors"):
        _require_regular(file)
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            f"{folder}: holds an adapter (adapter_config.json), which would be left out without a "
            f"word; merge it where you made it: peft's AutoPeftModel…from_pretrained(DIR)"
            f".merge_and_unload().save_pretrained(NEW_DIR), with the tokenizer beside it"
        )
    if not (folder / "config.json").exists():
        raise ModelError(_no_config(folder))


def _require_regular(file: Path) -> None:
    if not headers.is_regular(file):
        raise ModelError(
            f"{file}: no file that can be read to its end (a pipe, a device, a folder or a link "
            f"to nothing); a model's folder holds plain files"
        )


def _config(file: Path) -> Config:
    values = read_json(file, most=MOST_CONFIG)
    if not isinstance(values.get("model_type"), str):
        raise ModelError(f"{file}: names no model_type, so its architecture is unknown")
    if values.get("quantization_config") is not None:
        raise ModelError(
            f"{file}: describes quantised weights (quantization_config), which cannot be trained "
            f"here; take the model in float32, bfloat16 or float16"
        )
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ModelError(f"{file}: {explain(error)}") from error


def _check_kind(folder: Path, config: Config) -> None:
    """Refuse a model_type that is not of the family of the class that wrote the weights."""
    for name in (config.architectures or [])[:1]:
        one, other = (_kin(kind) for kind in (name, config.model_type))
        is_stranger = other is None and _plain(config.model_type) not in _plain(name)
        if one is not None and (is_stranger or other not in {None, one}):
            raise ModelError(
                f"{folder / 'config.json'}: model_type is {config.model_type!r} and architectures "
                f"names {name}; they must be of one family"
            )


def _check_pieces(folder: Path, config: Config) -> None:
    """Refuse a family that has no fast tokenizer, whatever else its folder lacks."""
    reads = WITHOUT_PIECES.get(config.model_type)
    if reads is not None and not (folder / "tokenizer.json").exists():
        raise ModelError(
            f"{folder}: {config.model_type} encoders read {reads}, not pieces, and have no fast "
            "tokenizer (tokenizer.json), by which textune knows where in a text a token stands; "
            "take an encoder of pieces, as bert-base-uncased or xlm-roberta-base"
        )


def _kin(kind: str) -> str | None:
    kins = {_plain(name): family.kin for name, family in FAMILIES.items() if family.kin}
    fitting = [name for name in kins if _plain(kind).startswith(name)]
    return kins[max(fitting, key=len)] if fitting else None


def _plain(kind: str) -> str:
    return kind.lower().replace("-", "").replace("_", "")


def _check_sizes(folder: Path, config: Config, weights: dict[str, Entry]) -> None:
    """Hold the sizes in a configuration against the shapes of the weights."""
    file = folder / "config.json"
    strangers = (
        f"its weights are not those of the {config.model_type} encoder that it describes. Take "
        "config.json and model.safetensors from one model"
    )
    widest = max((max(entry.shape, default=1) for entry in weights.values()), default=0)
    wide = ("hidden_size", "dim", "d_model", "embedding_size", "intermediate_size", "hidden_dim")
    for name in (*wide, "d_inner", "vocab_size", "type_vocab_size"):
        value = getattr(config, name)
        if name in config.model_fields_set and value > widest:
            raise ModelError(
                f"{file}: {name} is {value:,}, and no side of any weight is longer than "
                f"{widest:,}; {strangers}"
            )
    if config.layers is None:
        return
    numbers = {int(found[1]) for name in weights if (found := LAYER.search(name))}
    is_counted = family_of(config.model_type).numbers_layers and numbers
    if config.layers > len(weights) or (is_counted and config.layers != len(numbers)):
        there = len(numbers) if numbers else len(weights)
        raise ModelError(
            f"{file}: {config.layers:,} layers, and the weights are of {there:,}; {strangers}"
        )


def _check_tokenizer(folder: Path) -> None:
    if not any((folder / name).exists() for name in VOCABULARIES):
        raise ModelError(
            f"{folder}: no tokenizer: no tokenizer.json, and no vocabulary (vocab.txt, vocab.json, "
            f"a .model file) to make one of; copy it from the model that the weights are of"
        )
    file = folder / "tokenizer.json"
    if file.exists() and file.stat().st_size > MOST_TOKENIZER:
        raise ModelError(
            f"{file}: {file.stat().st_size:,} bytes, more than the {MOST_TOKENIZER:,} that a "
            f"tokenizer may have; it is damaged or none"
        )


EXPORTS = (
    ("*.onnx", "an ONNX export"),
    ("onnx/*.onnx", "an ONNX export"),
    ("*.gguf", "a GGUF file"),
    ("tf_model.h5", "weights of TensorFlow"),
    ("*.msgpack", "weights of Flax"),
    ("openvino_model.*", "an OpenVINO export"),
)
_NO_WEIGHTS = "holds a graph in place of weights"
_SOURCE = "take the model that it was made from, with config.json and model.safetensors"


def _export(folder: Path) -> str | None:
    """Name what another program made of a model, if that is what a folder holds."""
    return next((name for pattern, name in EXPORTS if any(folder.glob(pattern))), None)


def _no_config(folder: Path) -> str:
    if said := own_exports.refusal(folder, _NO_WEIGHTS):
        return said
    if export := _export(folder):
        return f"{folder}: {export}, which cannot be trained; {_SOURCE}"
    return (
        f"{folder}: no config.json; an encoder's directory holds config.json, "
        f"model.safetensors and tokenizer.json"
    )


def _no_weights(folder: Path) -> str:
    """Say why there are no weights, and the way out."""
    if said := own_exports.refusal(folder, _NO_WEIGHTS):
        return said
    pickles = sorted(file.name for kind in ("*.bin", "*.pt") for file in folder.glob(kind))
    if pickles:
        return (
            f"{folder}: holds its weights only as a pickle ({pickles[0]}), which can run code when "
            f"opened; convert it where you trust it: AutoModel.from_pretrained(DIR)"
            f".save_pretrained(NEW_DIR) writes model.safetensors"
        )
    export = _export(folder)
    only = f", only {export}, which cannot be read; {_SOURCE}" if export else ""
    return f"{folder}: no model.safetensors{only}"
