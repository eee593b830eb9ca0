"""What installed packages add: readers of files and tasks, by their entry points.

In the pyproject.toml of a package:

    [project.entry-points."textune.readers"]
    chat = "my_package.chats:read"          # files that end in .chat

    [project.entry-points."textune.tasks"]
    share = "my_package.shares:KIND"        # a row of the table of tasks
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from typing import Any

from textune.errors import SettingsError, first_line
from textune.reading import own_readers
from textune.tasks import registry
from textune.tasks.kind import Kind

READERS, TASKS = "textune.readers", "textune.tasks"
_ADDED: set[str] = set()  # tasks that were added here


@cache
def load() -> None:
    """Add what installed packages have, once.

    Raises:
        SettingsError: One of them cannot be imported, or adds something else.
    """
    every = metadata.entry_points()  # reads what all packages say: once
    for group in (READERS, TASKS):
        for point in every.select(group=group):
            try:
                part = point.load()
            except Exception as error:  # a package may raise anything
                raise SettingsError(
                    f"the installed package {point.dist and point.dist.name} adds {point.name!r} "
                    f"({group}), which cannot be imported: {type(error).__name__}: "
                    f"{first_line(error)}; mend or uninstall it"
                ) from error
            if group == READERS:
                add_readers({point.name: part})
            else:
                add_tasks([part])


def add_readers(readers: Any) -> None:
    """Let files be read by functions, by the endings of their names.

    Raises:
        SettingsError: It is no table of such functions.
    """
    if not isinstance(readers, Mapping) or not all(map(callable, readers.values())):
        raise SettingsError('readers: expected a table such as {".chat": function of a path}')
    for end, reader in readers.items():
        own_readers.add(str(end), reader)


def add_tasks(tasks: Any) -> None:
    """Add rows to the table of tasks; one that was added before is replaced.

    Raises:
        SettingsError: It is none, or textune has a task of its name.
    """
    if not isinstance(tasks, Iterable):
        raise SettingsError("tasks: expected a list of textune.tasks.kind.Kind")
    for row in tasks:
        if not isinstance(row, Kind):
            raise SettingsError(
                f"tasks: expected textune.tasks.kind.Kind, found {type(row).__name__}"
            )
        if row.name in _ADDED:
            registry.remove(row.name)
        try:
            registry.add(row)
        except ValueError as error:
            raise SettingsError(f"tasks: {error} already; give yours another name") from error
        _ADDED.add(row.name)
