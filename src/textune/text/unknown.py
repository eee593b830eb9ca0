"""Texts and a tokenizer become the share of what it does not know, where that is much."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from textune.records import Example, Finding
from textune.text.tokenizers import Tokenizer

MOST = 1_000  # texts that are looked at
MOST_CHARACTERS = 4_000  # of each
MUCH = 0.1  # share of unknown pieces, from which learning suffers


def beginning(example: Example) -> Example:
    """Shorten the texts of an example to what is looked at."""
    pair = None if example.pair is None else example.pair[:MOST_CHARACTERS]
    return replace(example, text=example.text[:MOST_CHARACTERS], pair=pair)


def finding(tokenizer: Tokenizer, examples: Sequence[Example]) -> Finding | None:
    """Say how many pieces of some texts stand for what a tokenizer does not know.

    Returns:
        A warning where they are many; None where they are few, or the tokenizer knows every sign.
    """
    unknown = tokenizer.unknown_id()
    short = [beginning(item) for item in examples[:MOST]]
    texts = [(text, item.origin) for item in short for text in (item.text, item.pair) if text]
    if unknown is None or not texts:
        return None
    found = tokenizer.encode([text for text, _ in texts])
    pieces = sum(map(len, found))
    count = sum(int(np.count_nonzero(ids == unknown)) for ids in found)
    if count < MUCH * pieces or not count:
        return None
    rows = [origin for (_, origin), ids in zip(texts, found, strict=True) if unknown in ids]
    message = (
        f"{count / pieces:.0%} of the pieces of {len(texts):,} texts are unknown to the tokenizer "
        f"of {Path(tokenizer.place).name}: what they mean cannot be learned; name an encoder that "
        "knows this script with --base, or add its words with `textune adapt --add-words`"
    )
    return Finding("unknown", "warning", message, count, tuple(dict.fromkeys(rows))[:3])
