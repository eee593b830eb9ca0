"""A column that says how far the work on a row is becomes the question whether its label holds."""

import shlex
from collections.abc import Collection

from textune.data import names
from textune.data.columns import Column
from textune.records import Finding

STATES, FLAGS = frozenset(["state", "status"]), frozenset(["discarded", "skipped"])
"""Words of names of columns that say it, and of columns of truth values, in which true says it."""
# fmt: off
UNFINISHED = frozenset(  # of annotations; not "open" or "cancelled", as of tickets and orders
    ["discarded", "draft", "not annotated", "skipped", "to do", "to_do", "to_label", "todo",
     "unlabeled", "unlabelled"]
)
# fmt: on
TRUE = frozenset(["1", "t", "true", "y", "yes"])


def findings(column: Column, known: Collection[str]) -> list[Finding]:
    """Warn of rows whose work nobody finished, or accepted; their labels are learned.

    Args:
        column: One that is neither a text nor a label.
        known: Cells that are left out, or are to be taken, as COLUMN=VALUE.
    """
    counts = column.counts or {}
    parts = set(names.parts(column.name))
    said = UNFINISHED if parts & STATES else TRUE if parts & FLAGS else frozenset()
    able = {cell: count for cell, count in counts.items() if cell.strip().lower() in said}
    entries = {cell: f"{column.name}={cell}" for cell in able}
    if not able or len(able) == len(counts) or set(entries.values()) & set(known):
        return []
    total = sum(able.values())
    listed = ", ".join(f"{cell} {count:,}" for cell, count in able.items())
    skips = " ".join(f"--skip {shlex.quote(entry)}" for entry in entries.values())
    rows = "1 row whose work is" if total == 1 else f"{total:,} rows whose work is"
    message = (
        f"{column.name!r} tells of {rows} not finished, or not accepted ({listed}), and whose "
        f"label is learned like the others; if these labels do not hold: `{skips}`"
    )
    return [Finding("unlabelled", "warning", message, total)]
