"""Small encoders of random weights, one of each family, for the tests that run over all of them."""

from typing import Any

import torch
from transformers import AutoConfig

from textune.families.known import FAMILIES

PACKABLE = [name for name, family in FAMILIES.items() if family.packs]
PADDED = ["deberta-v2", "mobilebert", "mpnet"]

_COMMON: dict[str, Any] = {
    "vocab_size": 120,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 600,
    "pad_token_id": 1,
    "num_labels": 3,
}
_SPECIAL = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
_OWN: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 16},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    "electra": {"embedding_size": 16},
    "eurobert": {
        "num_key_value_heads": 4,
        "head_dim": 8,
        "mask_token_id": 4,
        "classifier_pooling": "mean",
        **_SPECIAL,
    },
    "mobilebert": {"embedding_size": 32, "intra_bottleneck_size": 32, "true_hidden_size": 32},
    "modernbert": {"local_attention": 8, **_SPECIAL},
    "nomic_bert": {"head_dim": 8},
}


def tiny_config(kind: str, *, dropout: float = 0.0, **changes: Any) -> Any:
    """Return the configuration of a two-layer encoder of this family."""
    values = {**_COMMON, **_OWN.get(kind, {}), **changes}
    config = AutoConfig.for_model(kind, **values)
    for name in vars(config):
        if "dropout" in name and isinstance(getattr(config, name), int | float):
            setattr(config, name, dropout)
    return config


def random_texts(lengths: list[int], *, seed: int = 0, vocabulary: int = 120) -> list[Any]:
    """Return texts of random ids, none of them special."""
    draw = torch.Generator().manual_seed(seed)
    return [
        torch.randint(5, vocabulary, (length,), generator=draw).numpy().astype("int32")
        for length in lengths
    ]
