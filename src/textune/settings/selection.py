"""What somebody chose is held against the task: the metric, and settings that some tasks lack."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from textune.errors import SettingsError, among
from textune.metrics import catalogue
from textune.records import TASKS
from textune.settings.config import Settings, TrainSettings
from textune.tasks.interface import Task
from textune.tasks.multi import Multi
from textune.tasks.single import Single
from textune.tasks.tags.tag import Tag

HEEDED = {  # setting → the tasks in which it changes something
    "train.class_weights": ("single", "multi", "tags"),
    "train.label_smoothing": ("single", "multi", "tags"),
    "data.unlabelled": ("multi",),
    "data.most_per_class": ("single", "multi"),
}


def check(task: Task, settings: Settings) -> None:
    """Refuse, before anything is written, what this task does not have.

    Args:
        task: Of the run.
        settings: Of the run.

    Raises:
        SettingsError: Naming the setting and the tasks, or the metrics, that there are.
    """
    train, data = settings.train, settings.data
    if train.metric is not None:
        catalogue.selecting(train.metric, task.name, task.labels)
    given = {
        "train.class_weights": train.class_weights != "none",
        "train.label_smoothing": train.label_smoothing > 0,
        "data.unlabelled": data.unlabelled is not None,
        "data.most_per_class": data.most_per_class is not None,
    }
    for setting, is_given in given.items():
        if is_given and task.name not in HEEDED[setting]:
            kinds = " or ".join(f"{TASKS[name]} ({name})" for name in HEEDED[setting])
            raise SettingsError(
                f"{setting}: would change nothing here, where the task is {TASKS[task.name]} "
                f"({task.name}); it is for {kinds}; leave it out"
            )
    if isinstance(train.class_weights, dict):
        for label in train.class_weights:
            if label not in task.labels:
                raise SettingsError(
                    f"train.class_weights: no label {label!r}; {among(label, task.labels)}"
                )


def weighed(task: Task, train: TrainSettings, targets: NDArray[Any]) -> Task:
    """Give a task the weights of its classes and the smoothing of its targets.

    Args:
        task: Of the run; `check` has found that it has a use for them.
        train: Weights by label (1 for those not named), or "balanced".
        targets: Of the training texts, by which classes are balanced.
    """
    if train.class_weights == "balanced":
        task = task.weighted(targets)
    if not isinstance(task, Single | Multi | Tag):
        return task
    if isinstance(train.class_weights, dict):
        own = tuple(train.class_weights.get(label, 1.0) for label in task.labels)
        task = replace(task, weights=own)
    return replace(task, smoothing=train.label_smoothing) if train.label_smoothing else task
