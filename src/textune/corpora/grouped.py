"""A column that groups rows, and no `--group`, become a warning: how many share theirs."""

from collections.abc import Sequence

import numpy as np

from textune.records import Contract, Example, Finding, Split, Table
from textune.survey import grouping


def look(
    table: Table, agreed: Contract, first: Sequence[Example], split: Split, *, crosses: bool
) -> list[Finding]:
    """Say how many rows that were set aside have another row of their author, say, in training.

    Args:
        table: Of the rows, of which some were drawn for validation and test, or all are judged by
            cross-validation.
        agreed: How it is understood.
        first: Its texts, N.
        split: Of these and others.
        crosses: Whether all are judged by cross-validation where none was set aside.
    """
    held = np.concatenate([split.valid, split.test])
    held = held[held < len(first)]
    is_crossed = crosses and not len(split.valid)
    hint = grouping.find(table, agreed, first) if len(held) or is_crossed else None
    if hint is None:
        return []
    if not len(held):
        return [hint.finding()]
    value_of = [hint.cells.get(item.origin, "") for item in first]
    learned = {value_of[row] for row in split.train.tolist() if row < len(first)} - {""}
    shared = sum(value_of[row] in learned for row in held.tolist())
    if not shared:
        return []
    message = (
        f"{hint.said()}; {shared:,} of {len(held):,} rows that were set aside "
        f"({shared / len(held):.0%}) have a row of their {hint.column!r} in training, so scores "
        f"may flatter: --group {hint.column} keeps them together"
    )
    return [Finding("groups", "warning", message, shared)]
