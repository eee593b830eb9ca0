"""The name of a family of encoders becomes what is known of it: the one table of all of them."""

from dataclasses import dataclass, replace
from typing import Literal

USUAL_PADDING = 1  # index of RoBERTa and its kin


@dataclass(frozen=True, slots=True)
class Family:
    """What is true of every encoder whose config.json names this family.

    A family that is not known is padded, and its positions begin with 0.
    """

    packs: bool = True  # computes a token from itself, its position and attention alone, through
    # the attention interface
    counts_from_padding: bool = False  # its first position lies beyond the padding index
    padding: int | None = None  # that index, where it is the same whatever config.json says
    numbers_layers: bool = True  # each layer has weights under a number of its own
    kin: Literal["bert", "roberta", ""] = ""  # whose names its weights may have
    is_fused: bool = False  # has BERT's tree of modules, for which there are kernels
    title: str = ""  # in the names of transformers' classes, where these need not be imported
    splits_table: bool = False  # its head keeps a part of each embedding row in a table of its own
    takes_averaging: bool = False  # BERT's layers and a head with a tanh: the mean of a text's
    # tokens can be computed by one more layer
    own_first: str = ""  # what its config.json calls the first token, where its head knows the mean
    # as well
    is_head_first: bool = False  # its head was set before its base: the order of first weights

    def first_position(self, padding: int | None) -> int:
        """Return the position of a text's first token, by the padding index of config.json."""
        if not self.counts_from_padding:
            return 0
        known = padding if self.padding is None else self.padding
        return 1 + (USUAL_PADDING if known is None else int(known))


_BERT = Family(kin="bert", is_fused=True, takes_averaging=True)
_ROBERTA = replace(_BERT, counts_from_padding=True, kin="roberta")
FAMILIES = {
    "albert": Family(kin="bert", numbers_layers=False),
    "bert": replace(_BERT, title="Bert"),
    "camembert": replace(_ROBERTA, title="Camembert", is_head_first=True),
    "data2vec-text": _ROBERTA,
    "deberta": Family(packs=False),
    "deberta-v2": Family(packs=False),
    "distilbert": Family(kin="bert"),
    "electra": replace(_BERT, takes_averaging=False),
    "ernie": _BERT,
    "eurobert": Family(own_first="bos"),
    "gte": Family(numbers_layers=False),
    "jina_embeddings_v3": Family(numbers_layers=False),
    "longformer": Family(packs=False, counts_from_padding=True, numbers_layers=False),
    "mobilebert": Family(packs=False, splits_table=True),
    "modernbert": Family(own_first="cls"),
    "mpnet": Family(packs=False, counts_from_padding=True, padding=1, kin="roberta"),
    "nomic_bert": Family(),
    "roberta": replace(_ROBERTA, title="Roberta"),
    "xlm-roberta": replace(_ROBERTA, title="XLMRoberta", is_head_first=True),
    "xlm-roberta-xl": Family(packs=False, counts_from_padding=True, numbers_layers=False),
    "xlnet": Family(packs=False),
}
PREFIXES = {name: family.kin for name, family in FAMILIES.items() if family.title}
"""Families that are read without transformers, and the name of the base among their weights."""

WITHOUT_PIECES = {"canine": "characters", "perceiver": "bytes"}
"""Families that read no pieces, and so have no fast tokenizer, and what they read."""


def family_of(model_type: object) -> Family:
    """Return what is known of a family."""
    unknown = Family(packs=False, numbers_layers=False)
    return FAMILIES.get(model_type, unknown) if isinstance(model_type, str) else unknown
