"""The name of a size becomes the configuration of a BERT."""

import re
from typing import Any

from transformers import BertConfig

from textune.errors import SettingsError

SIZES = {  # layers and width, as Google published them (Turc et al., 2019)
    "tiny": (2, 128),
    "mini": (4, 256),
    "small": (4, 512),
    "medium": (8, 512),
    "base": (12, 768),
    "large": (24, 1024),
}
HEAD = 64  # width of an attention head in all of them
TUNING_DROPOUT = 0.1  # as Google published them
INNER = 4  # times the width, in the middle of a layer


def configure(size: str, *, pieces: int, positions: int, dropout: float) -> Any:
    """Return the configuration of a BERT.

    Args:
        size: A name of `SIZES`, or layers x width: "6x384".
        pieces: Of the vocabulary; [PAD] is the first of them.
        positions: Most tokens of a text.
        dropout: Of states and of attention.

    Raises:
        SettingsError: There is no such size.
    """
    layers, width = _parse(size)
    return BertConfig(
        vocab_size=pieces,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // HEAD,
        intermediate_size=INNER * width,
        max_position_embeddings=positions,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=0,
    )


def prepare_for_tuning(config: Any) -> None:
    """Write the dropout into a configuration with which encoders are fine-tuned."""
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = TUNING_DROPOUT


def _parse(size: str) -> tuple[int, int]:
    if size.lower() in SIZES:
        return SIZES[size.lower()]
    found = re.fullmatch(r"(\d+)\s*[x×]\s*(\d+)", size.strip().lower())
    if found is None:
        raise SettingsError(
            f"--size {size}: expected {', '.join(SIZES)}, or layers x width, for example 6x384"
        )
    layers, width = int(found[1]), int(found[2])
    if not 1 <= layers <= 96 or width % HEAD or not HEAD <= width <= 8192:
        raise SettingsError(
            f"--size {size}: layers must be 1 to 96, and the width a multiple of {HEAD} up to 8192 "
            f"(a head of attention is {HEAD} wide)"
        )
    return layers, width
