"""What somebody chose is held against the task: the metric, and settings that some tasks lack."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from numpy.typing import NDArray

from textune.errors import SettingsError, among
from textune.metrics import catalogue
from textune.settings.config import Settings
from textune.settings.train_config import TrainSettings
from textune.tasks import registry
from textune.tasks.imbalance import PLAIN
from textune.tasks.interface import Task
from textune.tasks.kind import Kind

HEEDED: dict[str, Callable[[Kind], bool]] = {  # setting → the tasks in which it changes something
    "train.class_weights": lambda kind: kind.has_classes,
    "train.contrast": lambda kind: kind.has_classes and kind.asks == "texts" and not kind.by_column,
    "train.label_smoothing": lambda kind: kind.has_classes,
    "train.loss": lambda kind: kind.has_classes,
    "train.loss=asymmetric": lambda kind: kind.several,
    "train.remedies": lambda kind: kind.has_classes and kind.asks == "texts" and not kind.by_column,
    "train.sampling": lambda kind: kind.has_classes and kind.asks == "texts",
    "train.pooling": lambda kind: kind.asks == "texts",
    "data.unlabelled": lambda kind: kind.several,
    "data.most_per_class": lambda kind: kind.has_classes and kind.asks == "texts",
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
    kind = registry.of(task.name)
    if train.metric is not None:
        metric(task, train.metric)
    given = {
        "train.class_weights": train.class_weights != "none",
        "train.contrast": bool(train.contrast),
        "train.label_smoothing": train.label_smoothing > 0,
        "train.loss": train.loss == "focal",
        "train.loss=asymmetric": train.loss == "asymmetric",
        "train.remedies": train.remedies == "always",
        "train.sampling": train.sampling != "none",
        "train.pooling": train.pooling == "mean",
        "data.unlabelled": data.unlabelled is not None,
        "data.most_per_class": data.most_per_class is not None,
    }
    for setting, is_given in given.items():
        if is_given and not HEEDED[setting](kind):
            able = [row for row in registry.TASKS.values() if HEEDED[setting](row)]
            kinds = " or ".join(f"{row.words} ({row.name})" for row in able)
            raise SettingsError(
                f"{setting}: would change nothing here, where the task is {kind.words} "
                f"({kind.name}); it is for {kinds}; leave it out"
            )
    if train.remedies == "always" and (asked := remedies_given(train)):
        raise SettingsError(
            f"train.remedies=always: {' and '.join(asked)} says which; leave one of them out"
        )
    if isinstance(train.class_weights, dict):
        for label in train.class_weights:
            if label not in task.labels:
                raise SettingsError(
                    f"train.class_weights: no label {label!r}; {among(label, task.labels)}"
                )


def remedies_given(train: TrainSettings) -> list[str]:
    """Name the settings that ask for a remedy for rare labels."""
    asked = {
        "train.class_weights": train.class_weights != "none"
        and "class_weights" not in train.left_out(),
        "train.loss": train.loss != PLAIN,
        "train.sampling": train.sampling != "none",
    }
    return [name for name, is_given in asked.items() if is_given]


def metric(task: Task, wanted: str) -> str:
    """Say which number of a task's report shall select the best model.

    Raises:
        SettingsError: This task has no such number.
    """
    if wanted in {each.name for each in task.own.metrics}:
        return wanted
    return catalogue.selecting(wanted, task.name, registry.of(task.name).judged, task.labels)


def weighed(task: Task, train: TrainSettings, targets: NDArray[Any]) -> Task:
    """Give a task the weights of its classes, the smoothing of its targets, loss and sampling.

    Args:
        task: Of the run; `check` has found that it has a use for them.
        train: Weights by label (1 for those not named), or "balanced".
        targets: Of the training texts, by which classes are balanced.
    """
    if train.class_weights == "balanced":
        task = task.weighted(targets)
    changes: dict[str, Any] = {}
    if isinstance(train.class_weights, dict):
        own = tuple(train.class_weights.get(label, 1.0) for label in task.labels)
        changes["weights"] = own
    if train.label_smoothing:
        changes["smoothing"] = train.label_smoothing
    if train.loss != PLAIN:
        changes["criterion"] = train.loss
    if train.sampling != "none":
        changes["sampling"] = train.sampling
    changed: Task = replace(cast("Any", task), **changes)  # every task is a dataclass
    return changed
