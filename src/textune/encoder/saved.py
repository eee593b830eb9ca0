"""A saved model's files become an encoder for inference, by transformers only where it must be."""

from pathlib import Path

import torch

from textune.encoder import devices, light, own_heads, pair_heads, pooling
from textune.encoder import formats as number_formats
from textune.encoder import load as models
from textune.encoder.model import Encoder
from textune.records import PASSAGES, Asks, Pairs, Pool

SHORT = {"bf16": torch.bfloat16, "fp16": torch.float16}


def load(
    folder: Path,
    labels: tuple[str, ...],
    *,
    model_class: str,
    asks: Asks,
    pool: Pool,
    pairs: Pairs,
    device: str,
    formats: tuple[str, str | None],
    head: own_heads.Make | None = None,
) -> Encoder:
    """Load what `textune train` saved.

    The folder and the labels are as for `light.load`; `formats` are the number format that is asked
    for, and the one that the model was trained in;
    `head` makes the head of a model whose head is the user's own.

    Raises:
        ModelError: Its files are damaged.
        SettingsError: The device is not on this machine, or there is no such number format.
    """
    place = devices.choose(device)
    numbers = number_formats.of_model(*formats, place)
    if place.type == "cpu" and head is None and numbers != "fp16":  # kernels know no fp16
        quick = light.load(folder, labels, asks=asks, pool=pool, pairs=pairs)
        if quick is not None:
            if numbers == "bf16":
                quick.compute_in(torch.bfloat16)
            return quick
    encoder = models.load(
        str(folder),
        model_class=model_class,
        config={},
        per_token=asks != "texts",
        finished=True,
        pairs=pairs,
        quick=place.type == "cpu" and head is not None,
        head=head,
    )
    if asks != PASSAGES:
        models.check_labels(encoder, labels, str(folder))
    encoder.pool_as(pool, len(labels), pooling.saved(folder))
    encoder.to(place).eval()
    by_copies = numbers == "bf16" and encoder.compute_in(torch.bfloat16)
    # not on a CPU without kernels, unless it is asked for
    is_worth_it = place.type == "cuda" or formats[0] == numbers
    if numbers in SHORT and is_worth_it and not by_copies:
        pair_heads.to(encoder, SHORT[numbers])
    return encoder
