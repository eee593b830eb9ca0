"""The tasks by name."""

from collections.abc import Callable, Mapping
from typing import Any

from textune.errors import SettingsError, among
from textune.tasks.answers.answer import AnswerSpan
from textune.tasks.interface import Task
from textune.tasks.multi import Multi
from textune.tasks.regress import Regress
from textune.tasks.single import Single
from textune.tasks.tags.tag import Tag

TASKS: dict[str, Callable[..., Task]] = {
    "answers": AnswerSpan,
    "multi": Multi,
    "number": Regress,
    "single": Single,
    "tags": Tag,
}


def make(name: str, labels: tuple[str, ...], state: Mapping[str, Any] | None = None) -> Task:
    """Make a task from its name, its labels, and what it learned before the first update.

    Raises:
        SettingsError: There is no such task.
    """
    if name not in TASKS:
        raise SettingsError(f"task {name!r} cannot be trained; {among(name, TASKS)}")
    kept = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in (state or {}).items()
    }
    return TASKS[name](labels, **kept)
