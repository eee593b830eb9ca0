"""A folder becomes its task, tokenizer and rule: the same of a run and of an export."""

from pathlib import Path

from textune.decisions.rule import Decision
from textune.errors import ModelError
from textune.predicting import asking
from textune.runs import card as cards
from textune.runs.card import Card
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.text import tokenizers
from textune.text.tokenizers import Tokenizer


def task_of(card: Card, folder: Path, *, writer: str) -> Task:
    """Make the task of a model.

    Args:
        card: Of the model.
        folder: Where it was read, for messages.
        writer: The command that wrote it, for messages.

    Raises:
        ModelError: What it learned before the first update is not as it was.
        SettingsError: There is no such task.
    """
    try:
        return registry.make(card.task, card.labels, card.state)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{folder / cards.NAME}: not what {writer} wrote: {error!r:.200}"
        ) from error


def tokenizer_of(card: Card, folder: Path) -> Tokenizer:
    """Load the tokenizer of a model.

    Raises:
        ModelError: It is damaged, or texts would be longer than the encoder reads.
    """
    tokenizer = tokenizers.load(str(folder))
    if card.shape.max_tokens > tokenizer.limit:
        raise ModelError(
            f"{folder / cards.NAME}: max_tokens is {card.shape.max_tokens:,}, and this "
            f"encoder reads at most {tokenizer.limit:,} tokens at once"
        )
    return tokenizer


def rule(card: Card, task: Task, threshold: float | None) -> Decision:
    """Return a model's own rule, or one with the given threshold.

    Raises:
        SettingsError: The threshold is no probability, or the task has no place for one.
    """
    if threshold is None:
        return card.decision
    return asking.rule(threshold, task=task, calibration=card.decision.calibration)
