"""What somebody chose is held against the task: the metric, and settings that some tasks lack."""

from textune.config import Settings
from textune.errors import SettingsError
from textune.evaluation import catalogue
from textune.records import TASKS
from textune.tasks.interface import Task

HEEDED = {  # setting → the tasks in which it changes something
    "train.class_weights": ("single", "multi", "tags"),
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
