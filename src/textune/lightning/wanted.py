"""What somebody asks of a module is held against its data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from textune.errors import ModelError, SettingsError
from textune.lightning.data import TextData
from textune.lightning.loaders import Part
from textune.runs.runs import Card
from textune.settings.config import Settings
from textune.text import saving, tokenizers


def values(settings: Settings) -> dict[str, Any]:
    """Turn settings into plain values; passes that nobody gave stay open: the Trainer has them."""
    found = settings.model_dump(mode="json")
    if "epochs" in settings.train.left_out():
        del found["train"]["epochs"]
    return found


def of_training(settings: str | Sequence[str]) -> tuple[str, ...]:
    """Return changes of settings.

    Raises:
        SettingsError: One of them is of the data, which were read before.
    """
    changes = (settings,) if isinstance(settings, str) else tuple(settings)
    for change in changes:
        if not change.startswith(("train.", "decision.")):
            raise SettingsError(
                f"{change}: not of the training; give it to TextData(…, settings={change!r})"
            )
    return changes


def refuse_others(card: Card, data: TextData, whose: str, *, place: str) -> None:
    """Refuse data of another task or of other labels, or that were read as other tokens.

    Args:
        card: Of the module.
        data: It is given.
        whose: Words for the module.
        place: Directory of its tokenizer.

    Raises:
        ModelError: They are.
    """
    task, pairs = data.corpus.task, card.shape.pairs
    if (card.task, card.labels) != (task.name, task.labels):
        raise ModelError(
            f"{whose}: made for {card.task} with the labels {list(card.labels)}, and the data are "
            f"{task.name} with {list(task.labels)}; make a module with TextModule.for_data(data); "
            "TextData(…, base=RUN) begins with the rows of labels of the same name"
        )
    if pairs != data.corpus.store.shape.pairs:
        raise ModelError(
            f"{whose}: reads the texts of a pair {pairs}, and the data do not; give "
            f"TextData(…, settings='train.pairs={pairs}')"
        )
    if not _reads_alike(data, place):
        raise ModelError(
            f"{whose}: has the tokenizer of {place}, and the data were read by that of "
            f"{data.corpus.tokenizer.place}, as other tokens; give TextData(…, base={place!r})"
        )


def _reads_alike(data: TextData, place: str) -> bool:
    """Tell whether the tokenizer of a directory makes the tokens that the data are."""
    theirs = data.corpus.tokenizer
    if theirs.place == place:
        return True
    own, texts = tokenizers.load(place), saving.sample(data.corpus.texts())
    return all(
        np.array_equal(own.wrap(one, None)[0], theirs.wrap(other, None)[0])
        for one, other in zip(own.encode(texts), theirs.encode(texts), strict=True)
    )


def refuse_parts(part: Part, accumulated: int) -> None:
    """Refuse parts of another number than the Trainer accumulates.

    Raises:
        SettingsError: They are.
    """
    if part.parts != accumulated:
        raise SettingsError(
            f"an optimizer batch was dealt into {part.parts} parts, and the Trainer now "
            f"accumulates {accumulated}; give Trainer(accumulate_grad_batches=…) one number "
            "instead of a GradientAccumulationScheduler: an update is of batch_size texts with any"
        )
