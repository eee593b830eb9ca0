"""Cells that mean "no label" become findings, and what is left out without being asked."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from textune.data import filled_columns, lists, missing, names, unfinished
from textune.data.columns import Column, Scan
from textune.data.numerals import is_number
from textune.records import Contract, Finding

NO_GOLD = "-"  # where annotators did not agree, in data sets of entailment
MANY = 1 / 3  # share of rows without a label, from which somebody is asked
MOST_NO_GOLD = 0.5
RARE = 0.1  # share of rows below which -1 beside 0, 1, … stands for "no label"
TRAINING = frozenset(["train", "training"])
REFUSED = "rejected"  # of an assignment, as Mechanical Turk and Toloka say
ANSWERS = frozenset(["accept", "reject", "ignore"])  # of annotators to a task, as Prodigy asks


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell that stands for no label, or no text."""

    column: str
    value: str
    rows: int
    why: str

    @property
    def entry(self) -> str:
        """Return it as `--skip` has it."""
        return f"{self.column}={self.value}"


def gaps(contract: Contract, seen: Scan, *, has_classes: bool) -> tuple[Gap, ...]:
    """Find what is left out without being asked: rows that say that they have no label, or no text.

    Args:
        contract: What the table holds; what is not to be skipped is not left out.
        seen: The table.
        has_classes: Whether labels are names; numbers that are missing are faults.
    """
    columns = {column.name: column for column in seen.columns}
    found: list[Gap] = []
    for column in map(columns.__getitem__, contract.text):
        if column.kind == "text":
            found += _missing(column, "no text", missing.EMPTY)
    if has_classes and len(contract.label) == 1 and contract.form in ("name", "list"):
        label = columns[contract.label[0]]
        found += [*_missing(label, "no label", None), *_said(contract, label)]
    for column in seen.columns:
        if contract.label and column.name not in (*contract.text, *contract.label):
            found += _rejected(column)
    return tuple(gap for gap in found if gap.entry not in (*contract.no_skip, *contract.skip))


def findings(contract: Contract, seen: Scan, left_out: Sequence[Gap]) -> list[Finding]:
    """Say how many rows may not have been annotated, and what leaves them out.

    Args:
        contract: What the table holds.
        seen: The table.
        left_out: What `gaps` found.
    """
    found = [Finding("left out", "warning", _told(gap), gap.rows) for gap in left_out]
    used = (*contract.text, *contract.label, contract.group)
    known = (*contract.skip, *contract.no_skip, *(gap.entry for gap in left_out))
    for part in seen.columns if contract.label else ():
        if part.name not in used:
            found += _parts(part) if part.kind == "split" else []
            found += unfinished.findings(part, known)
    found += filled_columns.findings(contract, seen)
    if len(contract.label) != 1:
        return found
    column = next(column for column in seen.columns if column.name == contract.label[0])
    if contract.form == "name":
        found += _unclear(contract, column, seen.rows, {gap.value for gap in left_out})
    if contract.form in ("list", "spans"):
        found += _blank(contract, column, seen.rows)
    return found


def _parts(column: Column) -> list[Finding]:
    """Say that rows of all parts are taken, of which the owner keeps some for judging."""
    counts = column.counts or {}
    kept = [name for name in counts if name.lower() in TRAINING]
    others = {name: count for name, count in counts.items() if name not in kept}
    if not kept or not others:
        return []
    listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    skips = " ".join(f"--skip {shlex.quote(f'{column.name}={name}')}" for name in others)
    message = (
        f"{column.name!r} says which part of the data a row is of ({listed}), and the rows of all "
        f"parts are taken; write them to a file each, or leave out the others: `{skips}`"
    )
    return [Finding("parts", "warning", message, sum(others.values()))]


def _told(gap: Gap) -> str:
    keep = shlex.quote(gap.entry)
    return (
        f"{_rows(gap.rows)} left out, since {gap.column!r} is {gap.value!r} there: {gap.why}; "
        f"`--skip {keep}` says so, `--no-skip {keep}` takes them"
    )


def _missing(column: Column, what: str, only: frozenset[str] | None) -> list[Gap]:
    return [
        Gap(column.name, cell, count, f"{what}, as programs write a cell that was empty")
        for cell, count in column.missing.items()
        if only is None or cell in only
    ]


def _said(contract: Contract, column: Column) -> list[Gap]:
    """Find labels that say that there is none: "-" of entailment, "unlabeled", a rare -1."""
    counts = column.counts or {}
    total = sum(counts.values())
    found = [
        Gap(column.name, cell, count, "no label, in words")
        for cell, count in counts.items()
        if missing.says_none(cell)
    ]
    if _is_no_gold(contract, column, counts):
        why = "no label that the annotators agreed on"
        found.append(Gap(column.name, NO_GOLD, counts[NO_GOLD], why))
    for cell in ("-1", "-1.0"):
        if 0 < counts.get(cell, 0) < RARE * total and _count_up({*counts} - {cell}):
            why = "rare beside classes that are numbered from 0, and so no label"
            found.append(Gap(column.name, cell, counts[cell], why))
    return found if len(counts) - len(found) >= missing.FEWEST else []


def _is_no_gold(contract: Contract, column: Column, counts: Mapping[str, int]) -> bool:
    others = [name for name in counts if name != NO_GOLD]
    is_meant = len(contract.text) == 2 or "gold" in names.parts(column.name)
    are_words = len(others) > 1 and all(name.replace("_", "").isalpha() for name in others)
    few = counts.get(NO_GOLD, 0) <= MOST_NO_GOLD * sum(counts.values())
    return NO_GOLD in counts and is_meant and are_words and few


def _count_up(names: set[str]) -> bool:
    """Tell whether classes are 0, 1, … without a gap."""
    if not all(map(is_number, names)) or len(names) < missing.FEWEST:
        return False
    return {float(name) for name in names} == set(map(float, range(len(names))))


def _rejected(column: Column) -> list[Gap]:
    """Find what annotators did not accept, in a column of their answers, or what was not of them.

    The second is a column of the state of each assignment, as platforms of crowd workers have it.
    """
    counts = column.counts or {}
    if set(names.parts(column.name)) >= names.OF_WORKERS:
        refused = [cell for cell in counts if cell.lower() == REFUSED]
        why = "who asked for it refused what the worker did"
        return [Gap(column.name, cell, counts[cell], why) for cell in refused]
    if "answer" not in names.parts(column.name) or not counts or set(counts) - ANSWERS:
        return []
    meant = {"reject": "its label does not hold", "ignore": "the annotator skipped it"}
    return [
        Gap(column.name, cell, counts[cell], why) for cell, why in meant.items() if cell in counts
    ]


def _unclear(contract: Contract, column: Column, rows: int, known: set[str]) -> list[Finding]:
    """Ask about classes whose names may mean that there is no label."""
    counts = column.counts or {}
    able = [cell for cell in counts if cell.lower() in missing.ASKED and cell not in known]
    others = [cell for cell in counts if cell not in able and cell not in known]
    if len(others) < missing.FEWEST:
        return []
    found = []
    for cell in able:
        if f"{column.name}={cell}" in contract.no_skip:
            continue
        entry = shlex.quote(f"{column.name}={cell}")
        message = (
            f"{column.name!r} is {cell!r} in {counts[cell]:,} of {rows:,} rows "
            f"({counts[cell] / rows:.0%}): learned as a class like the others; if it means that "
            f"there is no label, `--skip {entry}` leaves them out (`--no-skip {entry}`: it is one)"
        )
        severity = "warning" if missing.may_be(cell, others) else "note"
        found.append(Finding("unlabelled", severity, message, counts[cell]))
    return found


def _blank(contract: Contract, column: Column, rows: int) -> list[Finding]:
    """Ask about rows without a label, where they are many or nobody else has more than one."""
    name = column.name
    absent = round(column.blank * rows) - sum(column.missing.values())
    empty = (column.counts or {}).get("[]", 0)
    if contract.form == "spans":
        how = "read as texts without any entity"
        asked = [_asked(name, "", absent, rows, how)] if 0 < absent < rows else []
        if MANY * rows <= empty < rows:  # usual for entities, and for halves of a work
            asked.append(replace(_asked(name, "[]", empty, rows, how), severity="note"))
        return asked
    written = contract.separator or ","
    alone = written in ("json", "mixed") and lists.lengths(column.cells, written) <= {0, 1}
    return [
        _asked(name, value, count, rows, "learned as having none of the labels")
        for value, count in (("", absent), ("[]", empty))
        if count and (alone or count >= MANY * rows)
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
