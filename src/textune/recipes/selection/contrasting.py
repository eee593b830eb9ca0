"""A contrastive loss beside that of the labels: who asks for it, where it is tried, and taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import SettingsError
from textune.evaluation import preferring
from textune.objectives import contrast
from textune.objectives.contrast import Contrast
from textune.objectives.labelled import Labelled
from textune.recipes.selection import choices
from textune.settings import choosing
from textune.settings.config import Settings
from textune.settings.language_config import RunSettings
from textune.settings.train_config import TrainSettings
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.training.learner import Learner

WEIGHT = 1.0  # beside the loss of the labels, where it is tried
OF_SEVERAL = 0.1  # where a text may have several labels, whose loss is smaller
FEWEST = 50  # texts; fewer neither show whether it helps, nor learn by it (docs/few_labels.md)


def asked(settings: Settings, objective: Labelled, encoder: Encoder) -> tuple[Settings, Labelled]:
    """Add the loss that somebody or the recipe asks for.

    Returns:
        The settings, without it where the recipe alone asks for it and it cannot be.

    Raises:
        SettingsError: Somebody asks for it, and it is not possible here.
    """
    weight = settings.train.contrast
    if not weight:
        return settings, objective
    if (why := why_not(settings, objective.task, encoder)) is None:
        return settings, replace(objective, contrast=Contrast(encoder, weight))
    if "contrast" in settings.train.left_out():
        return choosing.changed(settings, {"contrast": 0.0}), objective
    raise SettingsError(f"train.contrast={weight:g}: is not possible here: {why}; leave it out")


def why_not(settings: RunSettings, task: Task, encoder: Encoder) -> str | None:
    """Say why a run's texts cannot be contrasted; None where they can."""
    if settings.train.shard:
        return "the weights are parted over processes (train.shard)"
    return contrast.why_not(task, encoder)


def tried(learner: Learner, corpus: Corpus, encoder: Encoder) -> tuple[float, ...]:
    """Return the weights of the loss with which fine-tuning is tried, the best guess first."""
    train = learner.settings.train
    assert isinstance(train, TrainSettings)
    if train.contrast is not None:
        return (train.contrast,)
    is_wanted = train.recipe == "auto" and len(corpus.split.train) >= FEWEST
    is_possible = is_wanted and why_not(learner.settings, corpus.task, encoder) is None
    if not is_possible:
        return (0.0,)
    if registry.of(corpus.task.name).several:
        return (0.0, OF_SEVERAL)
    return (WEIGHT, 0.0) if choices.are_alike(corpus) else (0.0, WEIGHT)


def usual(corpus: Corpus) -> tuple[float, float]:
    """Return by how much it helps where nothing is known yet, and the deviation of that."""
    if registry.of(corpus.task.name).several:
        return preferring.OF_CONTRAST_FOR_SEVERAL
    return preferring.OF_CONTRAST if choices.are_alike(corpus) else preferring.OF_CONTRAST_ELSE


@contextmanager
def beside(learner: Learner, encoder: Encoder, weight: float) -> Iterator[Labelled]:
    """Let an encoder learn what a learner shall, with so much of the contrastive loss."""
    objective = learner.objective
    assert isinstance(objective, Labelled)
    if not weight:
        yield replace(objective, contrast=None)
        return
    with Contrast(encoder, weight) as found:
        yield replace(objective, contrast=found)


def on(objective: Labelled, encoder: Encoder) -> Labelled:
    """Return what an objective asks of another encoder: its loss reads that one."""
    if objective.contrast is None:
        return objective
    return replace(objective, contrast=Contrast(encoder, objective.contrast.weight))


def take(learner: Learner, weight: float) -> None:
    """Let a learner learn from all texts with so much of the contrastive loss."""
    objective = learner.objective
    assert isinstance(objective, Labelled)
    if objective.contrast is not None:
        objective.contrast.close()
    found = Contrast(learner.encoder, weight) if weight else None
    learner.objective = replace(objective, contrast=found)
