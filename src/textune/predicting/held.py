"""The texts that judged a run become examples again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.predicting import asking
from textune.records import Example
from textune.runs import predictions
from textune.runs.card import Card
from textune.storage import objects
from textune.tasks import registry
from textune.tasks.interface import Task


@dataclass(frozen=True, slots=True)
class Held:
    """The texts that a run was judged by."""

    examples: list[Example]
    truth: list[str]  # as the run's table of predictions has it
    unscored: list[str] | None = None
    learned: bool = False  # whether the run was cross-validated: its model learned from them


def held(run: Path, task: Task, card: Card) -> Held:
    """Read the validation texts of a run; none where it kept none."""
    file = run / "predictions" / "valid.parquet"
    if not file.is_file():
        return Held([], [])
    try:
        columns = predictions.read(file, ("text", "truth", "origin"))
        seconds = columns.get(registry.of(task.name).second) or [None] * len(columns["text"])
        both = zip(columns["text"], seconds, columns["truth"], strict=True)
        given = [_given(*each, task=task) for each in both]
        found = examples(given, task, card, columns["origin"])
    except (KeyError, ValueError, TypeError) as error:
        raise RunError(
            f"{file}: what the run said of held-out texts is damaged ({error!r:.100})"
        ) from error
    numbers = objects.read(run / "metrics.json").get("valid") or {}
    learned = isinstance(numbers, dict) and bool(numbers.get("cross_validation"))
    return Held(found, columns["truth"], columns.get("unscored"), learned=learned)


def examples(given: Sequence[Any], task: Task, card: Card, origins: Sequence[str]) -> list[Example]:
    """Make examples of texts as they are given to `predict`, each of an origin."""
    agreed = card.contract
    return [
        replace(asking.to_example(text, number, task=task, contract=agreed), origin=origin)
        for number, (text, origin) in enumerate(zip(given, origins, strict=True), start=1)
    ]


def _given(text: str, second: str | None, truth: str, *, task: Task) -> Any:
    """Return a text as it was predicted."""
    if second is not None:
        return text, second
    if task.asks != "words":
        return text
    words = text.split(" ")
    is_parted = len(words) == len(json.loads(truth)) and all(map(str.strip, words))
    return words if is_parted else text
