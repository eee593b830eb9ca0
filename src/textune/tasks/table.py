"""The tasks by name."""

from collections.abc import Callable

from textune.errors import SettingsError, among
from textune.tasks.interface import Task
from textune.tasks.multi import Multi
from textune.tasks.single import Single

TASKS: dict[str, Callable[[tuple[str, ...]], Task]] = {
    "multi": Multi,
    "single": Single,
}


def make(name: str, labels: tuple[str, ...]) -> Task:
    """Make a task from its name and its labels.

    Raises:
        SettingsError: There is no such task.
    """
    if name not in TASKS:
        raise SettingsError(f"task {name!r} cannot be trained; {among(name, TASKS)}")
    return TASKS[name](labels)
