"""A table with a column for each annotator becomes one with a column of their label, where asked.

`--annotators majority` (or soft, first, refuse) takes "annotator1,annotator2,annotator3" for what
three people said of a text. Whole numbers are classes, numbers with decimals have their mean.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from textune.errors import DataError
from textune.metrics import one_label, votes
from textune.metrics.votes import MERGED, Judged, Panel
from textune.records import Finding, ReadOptions, Row, Table

PEOPLE = frozenset(["annotator", "coder", "expert", "judge", "labeler", "labeller", "rater"])
PEOPLE |= {"worker"}
CODES = frozenset(["code", "id", "name"])  # of people, rather than what they said

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_DECIMAL = re.compile(r"[+-]?\d*\.\d+")


def settled(table: Table, options: ReadOptions) -> Table:
    """Put the label of several columns of people into one; other tables stay as they are.

    Raises:
        DataError: They differ, and that is to be refused; or people said several things.
    """
    if options.annotators is None or not table.has_header:
        return table
    places = _of_one_thing(table)
    if len(places) < 2:
        return table
    kept = [at for at in range(len(table.columns)) if at not in places]
    columns = (*(table.columns[at] for at in kept), MERGED)
    counts: Counter[str] = Counter()
    for row in table.rows() if options.merge_labels else ():
        counts.update(votes.labels_of(said) if (said := _judged(row, places, {})) else ())
    same = one_label.read(options.merge_labels or (), counts)
    findings = [] if options.unlabelled else _findings(table, places, options, same)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            judged = _judged(row, places, same)
            found = votes.settle(judged, options.annotators) if judged else {}
            if found is None and not options.unlabelled:
                continue
            label = (found or {}).get(MERGED)
            cells = (*(row.cells[at] for at in kept), "" if label is None else str(label))
            soft = judged is not None and options.annotators == "soft"
            shares = votes.shares(judged) if judged and soft else None
            yield replace(row, cells=cells, given=None, shares=shares)

    named = ", ".join(repr(table.columns[at]) for at in places)
    reason = f"{MERGED!r} is what the people of {named} said, as asked"
    return replace(
        table,
        columns=columns,
        reasons=(*table.reasons, reason),
        rows=rows,
        findings=(*table.findings, *findings),
        merged={one: other for one, other in same.items() if one in counts},
    )


def _of_one_thing(table: Table) -> list[int]:
    """Find the columns of what people said of one thing: what their names say beside the people.

    Raises:
        DataError: They said several things: annotator1_hate, annotator2_hate, annotator1_irony, …
    """
    said: dict[tuple[str, ...], list[int]] = {}
    for at, name in enumerate(table.columns):
        parts = [part.lower() for part in _PART.findall(name)]
        if PEOPLE.intersection(parts) and not CODES.intersection(parts):
            thing = (part for part in parts if part.isalpha() and len(part) > 1)
            said.setdefault(tuple(part for part in thing if part not in PEOPLE), []).append(at)
    several = {thing: places for thing, places in said.items() if thing and len(places) > 1}
    if len(several) > 1:
        listed = "; ".join(", ".join(table.columns[at] for at in each) for each in several.values())
        raise DataError(
            f"{table.name}: --annotators makes one label of what people said of one thing, and "
            f"their columns are of several ({listed}); leave those of one in the file"
        )
    if several:
        return next(iter(several.values()))
    return sorted(at for places in said.values() for at in places)


def _judged(row: Row, places: list[int], same: Mapping[str, str]) -> Judged | None:
    """Take what was said of a row; None where nobody said anything."""
    cells = [cell for at in places if (cell := row.cells[at].strip())]
    are_numbers = any(map(_DECIMAL.fullmatch, cells))
    said: list[object] = []
    for cell in cells:
        try:
            said.append(float(cell) if are_numbers else cell)
        except ValueError:
            said.append(cell)
    judged = Judged({}, tuple({MERGED: one} for one in said))
    return votes.merged(judged, same) if said else None


def _findings(
    table: Table, places: list[int], options: ReadOptions, same: Mapping[str, str]
) -> list[Finding]:
    panel, tied = Panel(options.annotators, blanks=False), []
    for row in table.rows():
        judged = _judged(row, places, same)
        if judged is None:
            continue
        panel.watch(judged, row.origin)
        if votes.settle(judged, options.annotators) is None:
            tied.append(row.origin)
    found = panel.findings(table.name)
    if tied:
        are = "rows are" if len(tied) > 1 else "row is"
        message = f"{len(tied):,} {are} left out, since each {votes.TIED}; first: {tied[0]}"
        found.append(Finding("left out", "warning", message, len(tied), tuple(tied[:3])))
    return found
