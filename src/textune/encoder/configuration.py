"""A tree's configuration becomes config.json, as transformers' own class would write it.

Importing that class takes a second or two, of which a run of a few hundred texts has no more.
"""

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from textune.encoder import ways_of_pooling
from textune.families.defaults import DEFAULTS
from textune.storage import atomic

_NONE = type(None)
_KINDS: dict[tuple[type, ...], tuple[str, ...]] = {
    (str,): (
        *("_name_or_path", "directionality", "hidden_act", "model_type", ways_of_pooling.KEY),
        "transformers_version",
    ),
    (bool,): ("add_cross_attention", "is_decoder", "tie_word_embeddings", "use_cache"),
    (int,): (
        *("hidden_size", "intermediate_size", "max_position_embeddings", "num_attention_heads"),
        *("num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size"),
    ),
    (int, _NONE): ("bos_token_id", "eos_token_id"),
    (float,): ("initializer_range", "layer_norm_eps"),
    (float, int): ("attention_probs_dropout_prob", "hidden_dropout_prob"),
    (float, int, _NONE): ("classifier_dropout",),
    (list,): ("architectures",),
    (dict, _NONE): ("id2label", "label2id", "textune_units"),
}
KINDS = {name: kinds for kinds, names in _KINDS.items() for name in names}
VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("dtype", "torch_dtype"), (None, "float32", "float16", "bfloat16")),
    "gradient_checkpointing": (False,),
    "position_embedding_type": ("absolute",),
    "problem_type": (
        *(None, "regression", "single_label_classification", "multi_label_classification"),
    ),
}
FOLLOWING = ("num_labels",)  # from other values
UNWRITTEN = (*FOLLOWING, "_name_or_path", "torch_dtype")
UNSAID: Mapping[str, Any] = {  # is left out where it is nothing else
    "id2label": {"0": "LABEL_0", "1": "LABEL_1"},
    "label2id": {"LABEL_0": 0, "LABEL_1": 1},
    "problem_type": None,
}


def is_known(values: Mapping[str, object]) -> bool:
    """Tell whether transformers' configuration takes every value of a config.json as it is."""
    return all(
        value in VALUES[name] if name in VALUES else type(value) in KINDS.get(name, ())
        for name, value in values.items()
        if name not in FOLLOWING
    )


def write(values: Mapping[str, Any], folder: Path, *, architecture: str) -> None:
    """Write the configuration of a model in fp32 into a folder.

    Args:
        values: What was given, with the family's name as `model_type`; all that `is_known` takes.
        folder: Is there.
        architecture: Name of transformers' class.

    Raises:
        OSError: The disk is full or read-only.
    """
    given = {name: value for name, value in values.items() if name not in UNWRITTEN}
    named = {"architectures": [architecture], "dtype": "float32"}
    version = {"transformers_version": metadata.version("transformers")}
    whole = {**DEFAULTS[values["model_type"]], **given, **named, **version}
    found = json.loads(json.dumps(whole))  # numbers of labels become texts
    found = {
        name: value for name, value in found.items() if name not in UNSAID or value != UNSAID[name]
    }
    text = json.dumps(found, indent=2, sort_keys=True) + "\n"
    atomic.write_text(folder / "config.json", text)
