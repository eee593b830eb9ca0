"""A base's files become an encoder that fills in masks, by its own head or by a new one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from textune.encoder import averaging, initialisation, load, new_rows, weights
from textune.encoder.model import Encoder
from textune.errors import ModelError
from textune.records import Batch

CLOSE = 1e-4  # most that logits of some tokens may differ from those of all
CLASSES = {False: "AutoModelForMaskedLM", True: "AutoModelForPreTraining"}
NSP_HEAD = "cls.seq_relationship"


@dataclass(frozen=True, slots=True)
class MaskedLMModel:
    """An encoder with a masked-LM head, and where its weights come from."""

    encoder: Encoder
    has_new_head: bool = False  # its masked-LM head is drawn from the seed
    has_new_nsp: bool = False  # the same of the head for next sentences
    spare: Mapping[str, Tensor] = field(default_factory=dict)  # a pooler that only other heads read


def read(
    place: str,
    *,
    nsp: bool = False,
    seed: int = 0,
    added: Mapping[int, Sequence[int]] | None = None,
    size: int | None = None,
    rate: float | None = None,
) -> MaskedLMModel:
    """Load an encoder with its masked-LM head; what the base lacks is drawn from the seed.

    A new head's table is the encoder's own embedding.

    Args:
        place: The directory from `bases.find`.
        nsp: Whether it predicts next sentences as well.
        seed: Seed of new weights.
        added: Pieces to be added to the vocabulary, and the pieces each was written in before.
        size: Of the vocabulary with them.
        rate: All rates of dropout; None for those of the base.

    Raises:
        ModelError: The base cannot be had, has no such head in transformers, or its head is built
            in a way that is not known here.
    """
    model, info = load.read_model(place, CLASSES[nsp], seed=seed, rate=rate)
    if nsp and not hasattr(getattr(model, "cls", None), "seq_relationship"):
        raise ModelError(
            f"{place}: {model.config.model_type} encoders have no head for next sentences in "
            "transformers; leave out --nsp, or choose a BERT"
        )
    left_out = averaging.drop(model)
    if added:
        new_rows.extend(model, added, size or max(added) + 1)
    prefix = f"{model.base_model_prefix}."
    missing = [name for name in info["missing_keys"] if not name.startswith(prefix)]
    encoder = open_head(model, place)
    encoder.remarks = (left_out,) if left_out else ()
    return MaskedLMModel(
        encoder=encoder,
        has_new_head=any(not name.startswith(NSP_HEAD) for name in missing),
        has_new_nsp=any(name.startswith(NSP_HEAD) for name in missing),
        spare=_spare(place, prefix, info["unexpected_keys"]),
    )


def make(
    config: object,
    *,
    nsp: bool,
    seed: int,
    frequencies: NDArray[np.int64] | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> MaskedLMModel:
    """Make a new encoder with its heads.

    Args:
        config: From `sizes.configure`.
        nsp: Whether it predicts next sentences as well.
        seed: Of what is random.
        frequencies: (V,) how often each piece occurs in the text.
        vectors: (V, D) which others it stands beside, for `initialisation.set_from_counts`.
    """
    torch.manual_seed(seed)
    model = getattr(transformers, CLASSES[nsp]).from_config(config)
    initialisation.initialise(model)
    if frequencies is not None and vectors is not None:
        initialisation.set_from_counts(model, frequencies, vectors)
    return MaskedLMModel(open_head(model, "the new encoder"), has_new_head=True, has_new_nsp=nsp)


def require_rows(loaded: MaskedLMModel, pieces: int, place: str | Path) -> None:
    """Refuse an encoder that has no row for some piece of its tokenizer.

    Raises:
        ModelError: They are not of one base.
    """
    rows = int(loaded.encoder.model.get_input_embeddings().weight.shape[0])
    if pieces > rows:
        raise ModelError(
            f"{place}: its tokenizer has {pieces:,} pieces and its model rows for {rows:,} only; "
            "take tokenizer and weights from one base"
        )


def open_head(model: PreTrainedModel, place: str) -> Encoder:
    """Pack an encoder, and part its masked-LM head from the vocabulary.

    Raises:
        ModelError: The head does not end in a linear map, or its logits would differ.
    """
    encoder = Encoder(model, per_token=True)
    if encoder.apart:
        raise ModelError(
            f"{place}: padding changes what {encoder.config.model_type} answers, so it cannot "
            f"learn to fill in masks here; take an encoder such as BERT or RoBERTa"
        )
    everything, some = _probe(encoder.config.vocab_size)
    encoder.train(False)
    with torch.no_grad():
        whole = encoder(everything)[some.asked]
        try:
            encoder.open_decoder()
        except TypeError as error:
            raise ModelError(f"{place}: its masked-LM head is not understood: {error}") from error
        output = encoder(some)
        has_states = output.states.shape[1] == output.decoder.map.in_features
        gap = (whole - output.logits()).abs().max().item() if has_states else math.inf
    scale = whole.abs().max().item()
    if not gap <= CLOSE * max(1.0, scale):
        raise ModelError(
            f"{place}: its masked-LM head does not end in a product with the vocabulary (answers "
            f"differ by {gap:.1e}), which textune needs"
        )
    return encoder


def save(language: MaskedLMModel, folder: Path) -> None:
    """Write configuration and weights, a pooler that only other heads read among them.

    Raises:
        OSError: The disk is full or read-only.
    """
    load.save(language.encoder, folder)
    file = folder / "model.safetensors"
    if language.spare and file.is_file():
        everything = load_file(file) | dict(language.spare)
        weights.write(everything, file, metadata={"format": "pt"})


def _probe(size: int) -> tuple[Batch, Batch]:
    """Return a batch of two short texts, read as a whole, and at three tokens."""
    rest: dict[str, Any] = {
        "ids": torch.arange(5, 14) % size,
        "positions": torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 4]),
        "segments": torch.zeros(9, dtype=torch.int64),
        "borders": torch.tensor([0, 4, 9]),
        "lengths": (4, 5),
    }
    return Batch(**rest), Batch(**rest, asked=torch.tensor([1, 4, 7]))


def _spare(place: str, prefix: str, unexpected: Sequence[str]) -> dict[str, Tensor]:
    """Read a pooler that the base has and the masked-LM model of transformers leaves out."""
    wanted = {name for name in unexpected if name.removeprefix(prefix).startswith("pooler.")}
    found = weights.read(Path(place), wanted) if wanted else {}
    return {f"{prefix}{name.removeprefix(prefix)}": tensor for name, tensor in found.items()}
