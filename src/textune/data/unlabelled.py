"""Cells that mean "no label" become findings, and what is left out without being asked."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from textune.data import lists, names
from textune.data.columns import Column, Scan
from textune.records import Contract, Finding

NO_GOLD = "-"  # where annotators did not agree, in data sets of entailment
MANY = 1 / 3  # share of rows without a label, from which somebody is asked
MOST_NO_GOLD = 0.5


def no_gold(contract: Contract, column: Column) -> str:
    """Name what to skip, where a label column says by a sign that there is none; "" elsewhere.

    Args:
        contract: Whose labels are names, one a text.
        column: Of the labels.
    """
    counts = column.counts or {}
    others = [name for name in counts if name != NO_GOLD]
    is_meant = len(contract.text) == 2 or "gold" in names.parts(column.name)
    are_words = len(others) > 1 and all(name.replace("_", "").isalpha() for name in others)
    few = counts.get(NO_GOLD, 0) <= MOST_NO_GOLD * sum(counts.values())
    if NO_GOLD not in counts or not (is_meant and are_words and few):
        return ""
    return f"{column.name}={NO_GOLD}"


def findings(contract: Contract, seen: Scan, rows: Sequence[str]) -> list[Finding]:
    """Say how many rows may not have been annotated, and what leaves them out.

    Args:
        contract: What the table holds.
        seen: The table.
        rows: Whole cells of the label column, where it is one.
    """
    found = []
    for entry in contract.skip:
        name, _, value = entry.rpartition("=")
        column = next((c for c in seen.columns if c.name == name), None)
        count = (column.counts or {}).get(value, 0) if column else 0
        if count:
            message = (
                f"{_rows(count)} left out, since {name!r} is {value!r} there: no label that the "
                "annotators agreed on"
            )
            found.append(Finding("left out", "warning", message, count))
    if contract.form in ("list", "spans") and len(contract.label) == 1:
        found += _blank(contract, seen, rows)
    return found


def _blank(contract: Contract, seen: Scan, cells: Sequence[str]) -> list[Finding]:
    """Ask about rows without a label, where they are many or nobody else has more than one."""
    name = contract.label[0]
    column = next(column for column in seen.columns if column.name == name)
    missing = round(column.blank * seen.rows)
    empty = (column.counts or {}).get("[]", 0)
    if contract.form == "spans":
        how = "read as texts without any entity"
        asked = [_asked(name, "", missing, seen.rows, how)] if 0 < missing < seen.rows else []
        if MANY * seen.rows <= empty < seen.rows:  # usual for entities, and for halves of a work
            asked.append(replace(_asked(name, "[]", empty, seen.rows, how), severity="note"))
        return asked
    written = contract.separator or ","
    alone = written in ("json", "mixed") and lists.lengths(cells, written) <= {0, 1}
    return [
        _asked(name, value, count, seen.rows, "learned as having none of the labels")
        for value, count in (("", missing), ("[]", empty))
        if count and (alone or count >= MANY * seen.rows)
    ]


def _asked(name: str, value: str, count: int, rows: int, how: str) -> Finding:
    written = f"{value!r}" if value else "blank (null)"
    message = (
        f"{name!r} is {written} in {count:,} of {rows:,} rows ({count / rows:.0%}): {how}; if "
        f"they were not annotated, `--skip {shlex.quote(f'{name}={value}')}` leaves them out"
    )
    return Finding("unlabelled", "warning", message, count)


def _rows(count: int) -> str:
    return f"{count:,} row is" if count == 1 else f"{count:,} rows are"
