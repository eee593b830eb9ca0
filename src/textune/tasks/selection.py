"""What somebody chose is held against the task: the metric, and settings that some tasks lack."""

from textune.errors import SettingsError
from textune.evaluation import catalogue
from textune.records import TASKS
from textune.tasks.interface import Task

HEEDED = {  # setting → the tasks in which it changes something
    "train.class_weights": ("single", "multi", "tags"),
    "data.unlabelled": ("multi",),
    "data.most_per_class": ("single", "multi"),
}


def check(
    task: Task,
    *,
    metric: str | None,
    class_weights: bool,
    unlabelled: bool,
    most_per_class: bool,
) -> None:
    """Refuse, before anything is written, what this task does not have.

    Args:
        task: Of the run.
        metric: That shall select; None for the task's own.
        class_weights: Whether classes shall have weights.
        unlabelled: Whether texts without a label shall be left out.
        most_per_class: Whether texts of frequent classes shall be left out.

    Raises:
        SettingsError: Naming the setting and the tasks, or the metrics, that there are.
    """
    if metric is not None:
        catalogue.selecting(metric, task.name, task.labels)
    given = {
        "train.class_weights": class_weights,
        "data.unlabelled": unlabelled,
        "data.most_per_class": most_per_class,
    }
    for setting, is_given in given.items():
        if is_given and task.name not in HEEDED[setting]:
            kinds = " or ".join(f"{TASKS[name]} ({name})" for name in HEEDED[setting])
            raise SettingsError(
                f"{setting}: would change nothing here, where the task is {TASKS[task.name]} "
                f"({task.name}); it is for {kinds}; leave it out"
            )
