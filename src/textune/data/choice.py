"""Columns that were chosen for a role become sentences: why, and what else could be."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textune.data.columns import Column

MOST_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """Columns that were chosen for a role, and the sentences that go with them."""

    columns: tuple[Column, ...] = ()
    reasons: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def others(columns: Sequence[Column], what: str) -> list[str]:
    """Say that more columns may have a role than were described; nothing, where none do."""
    if not columns:
        return []
    listed = quoted(column.name for column in columns)
    return [f"{listed} could be the {what} too: {option(f'--{what}', columns[:1])}, for one"]


def quoted(columns: Iterable[str]) -> str:
    """Write names of columns for a message."""
    return ", ".join(map(repr, columns))


def option(flag_name: str, columns: Sequence[Column]) -> str:
    """Write the option that selects columns, as it is typed in a shell."""
    return f"`{flag_name} {shlex.quote(','.join(column.name for column in columns))}`"
