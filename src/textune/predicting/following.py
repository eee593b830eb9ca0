"""Two texts become the probability that the second follows the first: next-sentence prediction."""

from collections.abc import Iterable
from pathlib import Path

import torch

from textune.encoder import bases, devices, masked_lm
from textune.errors import DataError, ModelError
from textune.runs import sessions
from textune.text import batches, tokenizers
from textune.text.passages import IS_NEXT


def follows(
    place: str | Path, pairs: Iterable[tuple[str, str]], *, device: str = "auto"
) -> list[float]:
    """Return for each pair the probability that its second text follows its first.

    Args:
        place: A run that learned next sentences, a directory, or the name of a model on the Hub.
        pairs: Texts, two and two.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        ModelError: It cannot be had, or has no head for next sentences.
        DataError: A pair is longer than the encoder reads.
    """
    found = bases.find(place)
    tokenizer = tokenizers.load(found)
    with sessions.unchanged():
        loaded = masked_lm.read(found, nsp=True)
    if loaded.has_new_nsp:
        raise ModelError(
            f"{place}: has no head for next sentences; give it one with textune adapt TEXT --nsp "
            f"--base {place}, or with --nsp-only"
        )
    encoder = loaded.encoder.to(devices.choose(device))
    encoder.train(False)
    answers = []
    for first, second in pairs:
        one, two = tokenizer.encode([first, second])
        ids, size = tokenizer.wrap(one, two)
        if len(ids) > tokenizer.limit:
            raise DataError(
                f"a pair of {len(ids):,} tokens: this encoder reads {tokenizer.limit} at once; "
                "shorten one of the texts"
            )
        asked = torch.zeros(0, dtype=torch.int64)
        batch = batches.pack_ids([ids], [size], asked=asked, device=encoder.device)
        with torch.inference_mode():
            logits = encoder(batch).nsp_logits
        answers.append(float(logits.double().softmax(1)[0, IS_NEXT]))
    return answers
