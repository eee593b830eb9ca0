"""Columns of numbers become labels that are estimated: how they are read, and what is unclear."""

from collections.abc import Iterator, Sequence

from textune.data import choices, names, numerals, pair_names, people
from textune.data.choice import Choice, option, quoted
from textune.data.columns import NUMBER, Column, Scan, describe
from textune.data.numerals import PLAIN, is_number, like_number
from textune.errors import DataError
from textune.records import Contract, Finding, Table
from textune.tasks.kind import Form

CLEAR = 2.0  # evidence of its name by which one column is rather the label than others
FEWEST = 3  # neighbours on one scale that are taken together
SLACK = 0.3  # of a scale, by which the ends of the numbers given on it may differ


def form(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    """Say how one column of numbers is written, or several.

    Raises:
        DataError: It holds something else, or nobody can tell what its numbers are.
    """
    for column in columns:
        refuse_others(table, column)
    if len(columns) > 1:
        count = len(columns)
        reason = f"{count} columns hold numbers → {count} numbers a text"
        return Form("columns", None, reason, numerals=written(columns))
    column = columns[0]
    held = f"mostly numbers ({column.why})" if is_nearly(column) else column.why
    if column.kind == "decimal" and column.numerals is not None:
        held = f"numbers {column.numerals.described()}"
    reason = f"{column.name!r} holds {held} → a number a text"
    return Form("name", None, reason, numerals=written(columns))


def together(free: Sequence[Column], chosen: Choice, headed: bool, asked: bool) -> Choice | None:
    """Choose columns of numbers on one scale that stand side by side, as scores of an essay do.

    Args:
        free: Columns without a role.
        chosen: What was chosen among single columns, or columns of 0 and 1.
        headed: Whether names of columns mean something.
        asked: Whether the task was asked for.

    Returns:
        None where a single number is meant, or something else, as far as can be seen.
    """
    group = _of_one_scale([column for column in free if _is_scored(column)]) if headed else []
    if not group or not any(float(cell) % 1 for column in group for cell in column.cells):
        return None
    evidence = {column.name: names.label_evidence(column.name) for column in group}
    best = max(evidence.values())
    if chosen.columns and chosen.columns[0] not in group and not asked:
        if len(chosen.columns) > 1 or names.label_evidence(chosen.columns[0].name) >= best + CLEAR:
            return None
    elif sorted(evidence.values())[-2] <= best - CLEAR:
        return None
    listed = quoted(column.name for column in group)
    alone = next(column for column in group if evidence[column.name] == best)
    doubts = [
        f"{other.name!r} ({describe(other)}) could be the label instead: "
        f"{option('--label', [other])}"
        for other in chosen.columns
        if other not in group
    ]
    doubts.append(f"one of them could be the only label: {option('--label', [alone])}")
    doubts += [*people.doubts(group), *people.shares(group)]
    return Choice(tuple(group), (f"labels: {listed}, numbers on one scale",), tuple(doubts))


def instead(columns: Sequence[Column], seen: Scan) -> str:
    """Say what would become of classes that are numbers."""
    column = columns[0]
    if len(columns) > 1 or column.classes <= 2 or not all(map(is_number, column.cells)):
        return ""
    held = "decimals" if any(float(cell) % 1 for cell in column.cells) else "numbers"
    return (
        f"{column.name!r} holds {held}: `--task number` would estimate them, so that near ones "
        "count as nearly right, instead of taking each as a class"
    )


def _is_scored(column: Column) -> bool:
    """Tell whether a column may hold numbers that somebody gave."""
    is_kind = column.kind == NUMBER or (column.kind == "category" and column.classes > 1)
    is_named = names.label_evidence(column.name) > -CLEAR and names.text_evidence(column.name) < 2
    return is_kind and is_named and bool(column.cells) and all(map(is_number, column.cells))


def _of_one_scale(able: Sequence[Column]) -> list[Column]:
    """Find the most neighbours whose lowest and highest numbers are nearly the same."""
    runs: list[list[Column]] = []
    for column in able:
        is_next = bool(runs) and runs[-1][-1].place == column.place - 1
        if is_next and _share_scale(runs[-1][0], column):
            runs[-1].append(column)
        else:
            runs.append([column])
    best = max(runs, key=len, default=[])
    is_series = len({pair_names.series(column.name) for column in best}) == 1
    return best if len(best) >= (2 if is_series else FEWEST) else []


def _share_scale(one: Column, other: Column) -> bool:
    first, second = ([float(cell) for cell in column.cells] for column in (one, other))
    far = SLACK * (max(*first, *second) - min(*first, *second))
    return abs(min(first) - min(second)) <= far and abs(max(first) - max(second)) <= far


def refuse_others(table: Table, column: Column) -> None:
    """Refuse a column that holds something else; cells that only slipped are named row by row.

    Raises:
        DataError: Half of it are no numbers, or nobody can tell what they are.
    """
    numerals.refuse_unclear(table.name, column.name, column.numerals, column.cells)
    wrong = [cell for cell in column.cells if not like_number(cell)]
    if wrong and len(wrong) >= len(column.cells) / 2:
        raise DataError(
            f"{table.name}: column {column.name!r} holds {wrong[0][:40]!r}, which is not a number; "
            "correct it, or choose --task single"
        )


def are_ones(columns: Sequence[Column]) -> bool:
    """Tell whether label columns are to be estimated, where nobody says otherwise."""
    if len(columns) > 1:
        return choices.are_numbers(columns)
    return columns[0].kind in (NUMBER, "decimal") or is_nearly(columns[0])


def is_nearly(column: Column) -> bool:
    """Tell measurements of which some cells are at fault from names of classes."""
    if column.kind not in ("id", "words", "text"):
        return False
    numbers = [float(cell) for cell in column.cells if is_number(cell)]
    return len(numbers) > len(column.cells) / 2 and any(number % 1 for number in numbers)


def written(columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    """Return unit and sign of decimals of each column; nothing where all are plain numbers."""
    found = tuple(
        (column.numerals.unit, column.numerals.decimal) if column.numerals else PLAIN
        for column in columns
    )
    return found if any(one != PLAIN for one in found) else ()


def findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Ask about points that may part thousands: where a file writes decimals with a comma."""
    if table.format not in ("csv", "tsv"):
        return
    with_commas = any(c.numerals is not None and c.numerals.decimal == "," for c in seen.columns)
    for column in seen.columns:
        if column.name in contract.label and column.numerals is None:
            message = numerals.doubt(column.name, column.cells)
            if message and (with_commas or table.delimiter == ";"):
                yield Finding("numbers", "warning", message, seen.rows)
