"""Pieces of new words become rows of the embedding, and of the head that shares it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from textune.errors import ModelError
from textune.families.known import family_of


@torch.no_grad()
def extend(model: PreTrainedModel, pieces: Mapping[int, Sequence[int]], size: int) -> None:
    """Give each new word the mean of the rows of its pieces, as the start of training.

    The bias that a masked-LM head has for the word becomes the mean of its pieces' biases.
    Other rows keep every bit, and a head that shared the table shares it still.

    Args:
        model: Of transformers, changed in place; `config.vocab_size` follows.
        pieces: For each new id the ids that the word had before, from `text.extension.extend`.
        size: Rows that are needed. A base with more, filled up to a round number, keeps its own.

    Raises:
        ModelError: The ids do not fit the rows of the model, or its head stores rows in parts.
    """
    rows = model.get_input_embeddings().num_embeddings
    _check(model.config.model_type, rows, pieces, size)
    if size > rows:
        model.resize_token_embeddings(size, mean_resizing=False)  # its own mean is a random draw
    for table in _tables(model):
        for row, parts in pieces.items():
            table[row] = table[list(parts)].mean(dim=0)  # (pieces, …) → (…)


def _check(kind: str, rows: int, pieces: Mapping[int, Sequence[int]], size: int) -> None:
    if family_of(kind).splits_table:
        raise ModelError(
            f"{kind}: its head stores a part of each row elsewhere, so that words cannot be added; "
            f"take a base of another family, or train without new words"
        )
    unexplained = set(range(rows, size)) - pieces.keys()
    strangers = {part for parts in pieces.values() for part in parts if part >= rows}
    beyond = {row for row in pieces if row >= size}
    wrong = sorted(unexplained | strangers | beyond)
    if wrong or not all(pieces.values()):
        raise ModelError(
            f"{kind}: the tokenizer does not fit the model, which has {rows:,} rows and shall have "
            f"{size:,}: id {wrong[0] if wrong else min(pieces)} is of no word with known pieces; "
            f"take tokenizer and weights from one base"
        )


def _tables(model: PreTrainedModel) -> list[Tensor]:
    """Return what has a row for each token, each storage once: (V, D) tables, a (V,) bias."""
    found = [model.get_input_embeddings().weight]
    head = model.get_output_embeddings()
    if head is not None:
        found += [head.weight, getattr(head, "bias", None)]
    return list({table.data_ptr(): table for table in found if table is not None}.values())
