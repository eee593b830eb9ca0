"""A BERT tokenizer that is as transformers builds it becomes its settings, without transformers.

BertTokenizer makes a tokenizer anew of the vocabulary and a few settings. Where all parts of
`tokenizer.json` are those that it makes, both give the same ids of every text, and importing
transformers, which takes seconds, would prove nothing more. Whatever is unusual is left to it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from textune.storage import objects

TOKENS = {f"{name}_token": f"[{name.upper()}]" for name in ("cls", "mask", "pad", "sep", "unk")}
GIVEN: Mapping[str, Any] = {  # to the class, where a file does not say it
    "do_lower_case": True,
    "strip_accents": None,
    "tokenize_chinese_chars": True,
    **TOKENS,
    "backend": "tokenizers",
}
DECODER = "added_tokens_decoder"  # of older versions, beside tokenizer.json
UNKEPT = {DECODER, "name_or_path", "special_tokens_map_file", "tokenizer_file"}
KINDS: Mapping[str, tuple[type, ...]] = {
    DECODER: (dict,),
    "backend": (str,),
    "clean_up_tokenization_spaces": (bool,),
    "do_basic_tokenize": (bool,),
    "do_lower_case": (bool,),
    "is_local": (bool,),
    "local_files_only": (bool,),
    "max_length": (int,),
    "model_max_length": (int,),
    "name_or_path": (str,),
    "never_split": (type(None),),
    "pad_to_multiple_of": (int, type(None)),
    "pad_token_type_id": (int,),
    "padding_side": (str,),
    "special_tokens_map_file": (str, type(None)),
    "stride": (int,),
    "strip_accents": (bool, type(None)),
    "tokenize_chinese_chars": (bool,),
    "tokenizer_class": (str,),
    "tokenizer_file": (str, type(None)),
    "truncation_side": (str,),
    "truncation_strategy": (str,),
    **dict.fromkeys(TOKENS, (str,)),
}
CLASSES = ("BertTokenizer", "BertTokenizerFast")
OTHERS = ("added_tokens.json", "chat_template.jinja", "additional_chat_templates")
_FAULTS = (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError)


def settings(backend: Backend, place: Path) -> dict[str, Any] | None:
    """Return what transformers would write into tokenizer_config.json.

    Args:
        backend: As it is used: neither cut nor padded.
        place: Where its files, and the config.json of its model, are.

    Returns:
        None where transformers must be asked.
    """
    try:
        told = json.loads((place / "tokenizer_config.json").read_text(encoding="utf-8"))
        model_type = objects.read(place / "config.json")["model_type"]
        if model_type != "bert" or not _is_usual(told) or not _has_usual_names(place):
            return None
        found = {**GIVEN, **told}
        made = json.loads(backend.to_str())
        if not _is_as_made(made, found):
            return None
        cut = _cut(json.loads((place / "tokenizer.json").read_text(encoding="utf-8")))
    except _FAULTS:
        return None
    kept = {name: value for name, value in {**cut, **found}.items() if name not in UNKEPT}
    return {**kept, "is_local": True, "local_files_only": True, "tokenizer_class": CLASSES[0]}


def _is_usual(told: Mapping[str, Any]) -> bool:
    is_known = all(type(value) in KINDS.get(name, ()) for name, value in told.items())
    is_named = all(told.get(name, usual) == usual for name, usual in TOKENS.items())
    is_whole = told.get("tokenizer_class", CLASSES[0]) in CLASSES and "model_max_length" in told
    return is_known and is_named and is_whole and told.get("backend", "tokenizers") == "tokenizers"


def _has_usual_names(place: Path) -> bool:
    """Tell whether no other file of a tokenizer says anything of its own."""
    if any((place / name).exists() for name in OTHERS):
        return False
    file = place / "special_tokens_map.json"
    return not file.exists() or json.loads(file.read_text(encoding="utf-8")) == TOKENS


def _is_as_made(made: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Tell whether all parts of a tokenizer are those that the class makes of these settings."""
    vocabulary = made["model"]["vocab"]
    known = {token: vocabulary[token] for token in TOKENS.values()}
    wanted = json.loads(_made(known, told).to_str())
    parts = ("normalizer", "pre_tokenizer", "decoder", "post_processor")
    return (
        all(made[name] == wanted[name] for name in parts)
        and {**made["model"], "vocab": known} == wanted["model"]
        and _are_special(made["added_tokens"], vocabulary)
        and (DECODER not in told or _are_special(_listed(told[DECODER]), vocabulary))
    )


def _made(vocabulary: dict[str, int], told: Mapping[str, Any]) -> Backend:
    """Make what the class makes of a vocabulary and settings, but for its added tokens."""
    backend = Backend(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(
        handle_chinese_chars=told["tokenize_chinese_chars"],
        strip_accents=told["strip_accents"],
        lowercase=told["do_lower_case"],
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    return backend


def _listed(decoder: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{"id": int(number), **token} for number, token in decoder.items()]


def _are_special(added: list[Mapping[str, Any]], vocabulary: Mapping[str, int]) -> bool:
    """Tell whether exactly the usual tokens are special, and found in texts as they are."""
    flags: dict[str, Any] = {
        "special": True,
        **dict.fromkeys(("single_word", "lstrip", "rstrip"), False),
    }
    wanted: list[Mapping[str, Any]] = [
        {"id": vocabulary[token], "content": token, "normalized": False, **flags}
        for token in TOKENS.values()
    ]
    return sorted(added, key=lambda one: one["id"]) == sorted(wanted, key=lambda one: one["id"])


def _cut(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what transformers takes over of how a file says that texts are cut and padded."""
    small = {**stored, "added_tokens": [], "model": {**stored["model"], "vocab": {}}}
    bare = Backend.from_str(json.dumps(small))
    cut, padded = bare.truncation, bare.padding
    found: dict[str, Any] = {}
    if padded is not None:
        found |= {"pad_token_type_id": padded["pad_type_id"], "padding_side": padded["direction"]}
        found |= {"max_length": padded["length"]}
        found |= {"pad_to_multiple_of": padded["pad_to_multiple_of"]}
    if cut is not None:
        found |= {"max_length": cut["max_length"], "truncation_side": cut["direction"]}
        found |= {"stride": cut["stride"], "truncation_strategy": cut["strategy"]}
    return found
