"""The tasks by name: one row for each, and no other list of them."""

from collections.abc import Mapping

from textune.errors import SettingsError, among
from textune.metrics.catalogue import Judged
from textune.records import Table
from textune.tasks import multi, single, texts
from textune.tasks.answers import kind as answers
from textune.tasks.aspects import kind as aspects
from textune.tasks.interface import Task
from textune.tasks.kind import Kind
from textune.tasks.numbers import kind as numbers
from textune.tasks.tags import kind as tags

_ROWS = (single.KIND, multi.KIND, aspects.KIND, numbers.KIND, tags.KIND, answers.KIND)
TASKS: dict[str, Kind] = {row.name: row for row in _ROWS}


def _no_task(*args: object, **kwargs: object) -> Task:
    raise SettingsError("text without labels cannot be trained on; name a label column")


PLAIN = Kind(
    name="plain",
    words="text without labels",
    make=_no_task,
    judged=Judged(()),
    read=texts.read_plain,
)
"""What a table holds where there are no labels."""


def of(name: str) -> Kind:
    """Return the row of a task that is known, or that of text without labels."""
    return TASKS.get(name, PLAIN)


def of_table(table: Table, name: str) -> Kind:
    """Return the row that reads a table: that of a task, or the only one that knows its format."""
    of_format = (row for row in TASKS.values() if table.format in row.formats)
    return next(of_format, of(name))


def make(name: str, labels: tuple[str, ...], state: Mapping[str, object] | None = None) -> Task:
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
    return TASKS[name].make(labels, **kept)


def described() -> str:
    """Name all tasks, each in words."""
    return ", ".join(f"{row.name} ({row.words})" for row in TASKS.values())


def add(row: Kind) -> None:
    """Add a task, which is then one like all others.

    Raises:
        ValueError: There is one of this name.
    """
    if row.name in (*TASKS, PLAIN.name):
        raise ValueError(f"there is a task {row.name!r}")
    TASKS[row.name] = row


def remove(name: str) -> None:
    """Take a task out again."""
    del TASKS[name]
