"""Parts of the user's own are held against the settings: what cannot be with them is off."""

from collections.abc import Iterator, Mapping
from typing import Any

from textune.errors import SettingsError
from textune.records import Message
from textune.settings.config import Settings
from textune.tasks.own import SHAPES, Own
from textune.training import own_callbacks

OFF = {  # under a head or loss of one's own
    "probe": False,
    "refit": False,
    "contrast": 0.0,
    "remedies": "off",
}
USUAL: dict[str, object] = {  # what a loss of one's own takes the place of
    "class_weights": "none",
    "loss": "cross-entropy",
    "label_smoothing": 0.0,
}
WORDS = "linear probing, fitting the head anew, a contrastive loss, remedies for rare labels"


def settled(settings: Settings, own: Own) -> Settings:
    """Switch off what cannot be beside parts of the user's own.

    Raises:
        SettingsError: Something of that was asked for.
    """
    own_callbacks.refuse(own.callbacks)
    if own.head is None and own.loss is None:
        return settings
    part = "a head" if own.head is not None else "a loss"
    train = settings.train
    asked = {
        "--effort quick": train.effort == "quick",
        "--curve": train.curve,
        **{f"train.{name}": getattr(train, name) for name in _asked(settings, OFF)},
    }
    changes: dict[str, object] = dict(OFF)
    if own.loss is not None:
        asked |= {f"train.{name}": True for name in _asked(settings, USUAL)}
        changes |= USUAL
    if own.head is not None:
        asked["train.pooling"] = "pooling" in _given(settings) and train.pooling != "base"
        asked["train.pairs=apart"] = train.pairs == "apart"
        changes |= {"pooling": "base", "pairs": "together"}
    if useless := [name for name, is_asked in asked.items() if is_asked]:
        raise SettingsError(
            f"{', '.join(useless)}: is not possible beside {part} of your own; leave one of the "
            "two out"
        )
    return settings.model_copy(update={"train": train.model_copy(update=changes)})


def _given(settings: Settings) -> set[str]:
    return settings.train.model_fields_set


def _asked(settings: Settings, usual: Mapping[str, object]) -> list[str]:
    """Name the settings that were given another value than this."""
    train: Any = settings.train
    return [
        name for name in usual if name in _given(settings) and getattr(train, name) != usual[name]
    ]


def introduce(own: Own) -> Iterator[Message]:
    """Say what is the user's own, and what is off for it."""
    if not own:
        return
    parts = [f"{part} ({own.sources[part].name})" for part in SHAPES if part in own.sources]
    yield Message(f"of your own: {', '.join(parts)}")
    if own.head is not None or own.loss is not None:
        yield Message(f"off, for they need textune's head and loss: {WORDS}")
