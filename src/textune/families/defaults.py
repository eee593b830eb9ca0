"""What the families that are written without transformers have where a config.json says nothing."""

from collections.abc import Mapping
from typing import Any

from textune.families.known import PREFIXES

_COMMON: Mapping[str, Any] = {
    "add_cross_attention": False,
    "attention_probs_dropout_prob": 0.1,
    "bos_token_id": None,
    "classifier_dropout": None,
    "eos_token_id": None,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "is_decoder": False,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
    "type_vocab_size": 2,
    "use_cache": True,
    "vocab_size": 30522,
}
_ROBERTA: Mapping[str, Any] = {**_COMMON, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "bert": _COMMON,
    "camembert": _ROBERTA,
    "roberta": {**_ROBERTA, "vocab_size": 50265},
    "xlm-roberta": _ROBERTA,
}
"""What each family's configuration says where a config.json does not: fields of these classes."""

assert DEFAULTS.keys() == PREFIXES.keys()
