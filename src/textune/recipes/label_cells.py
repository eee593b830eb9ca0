"""Names of labels become cells as a file writes them, and cells that a person wrote a row's own."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textune.data import lists
from textune.data.columns import flag
from textune.errors import DataError, SettingsError, among, excerpt
from textune.records import Contract, Example, Row, Table
from textune.splits import strata
from textune.tasks.labels import in_one_cell

NO_LABEL = "[]"  # in a column of corrections, where a blank cell keeps the label


@dataclass(frozen=True, slots=True)
class Cells:
    """How the labels of a table are written."""

    contract: Contract
    labels: Sequence[str]
    places: tuple[int, ...]  # of the label columns
    spelled: dict[str, str]  # name → the cell in which it stands alone, most often

    def names(self, row: Row) -> tuple[str, ...]:
        """Name the labels of a row, as its cells have them; none where each has a column."""
        if self.contract.form == "columns":
            return ()
        cell, separator = row.cells[self.places[0]], self.contract.separator
        if separator is None:
            return (cell.strip(),) if cell.strip() else ()
        return lists.parse(cell, separator) or ()

    def changed(self, row: Row, corrected: str) -> Row:
        """Return a row with another label, as `changed` does."""
        return changed(row, self, corrected)

    def given(self, row: Row) -> str:
        """Return the label of a row in one cell."""
        if self.contract.form == "columns":
            marks = zip(self.contract.label, self.places, strict=True)
            names = [name for name, place in marks if flag(row.cells[place]) == 1]
            return in_one_cell(names, self.contract.label) if names else NO_LABEL
        return row.cells[self.places[0]]

    def written(self, names: Sequence[str]) -> str:
        """Write names in one cell, as the file has them."""
        if not names:
            return NO_LABEL
        if self.contract.form == "columns":
            return in_one_cell(names, self.contract.label)
        if len(names) == 1 and names[0] in self.spelled:
            return self.spelled[names[0]]
        separator = self.contract.separator or ";"
        if separator in ("json", "mixed"):
            return json.dumps(list(names), ensure_ascii=False)
        if separator == "<>":
            return "".join(f"<{name}>" for name in names)
        return separator.join(names)


def of(
    table: Table, contract: Contract, labels: Sequence[str], examples: Iterable[Example]
) -> Cells:
    """Learn from rows how a table writes its labels.

    Raises:
        SettingsError: Its form cannot be written.
    """
    require_form(table, contract)
    places = tuple(table.columns.index(name) for name in contract.label)
    names_at = {item.origin: strata.label_names(item) for item in examples}
    seen: dict[str, Counter[str]] = {}
    if contract.form != "columns":
        for row in table.rows():
            if len(names := names_at.get(row.origin, ())) == 1:
                seen.setdefault(names[0], Counter())[row.cells[places[0]]] += 1
    spelled = {name: counts.most_common(1)[0][0] for name, counts in seen.items()}
    return Cells(contract, labels, places, spelled)


def require_form(table: Table, contract: Contract) -> None:
    """Refuse labels that cannot be written anew in their columns.

    Raises:
        SettingsError: They are no names in columns of the file.
    """
    listed = ", ".join(map(repr, contract.label))
    if contract.separator == "vector":
        raise SettingsError(
            f"{table.name}: {listed} holds lists of 0 and 1, of which no label can be suggested; "
            "name lists of labels, or a column of 0 and 1 for each"
        )
    if len(contract.label) > 1 and contract.form != "columns":
        raise SettingsError(
            f"{table.name}: {len(contract.label)} columns of labels ({listed}); suspects are "
            "looked for in one at a time: name it with --label"
        )


def changed(row: Row, cells: Cells, corrected: str) -> Row:
    """Return a row with another label.

    Raises:
        DataError: The label columns have no such label.
    """
    contract = cells.contract
    if contract.form != "columns":
        separator = contract.separator
        is_none = corrected == NO_LABEL and separator not in (None, "json")
        return _with(row, {cells.places[0]: "" if is_none else corrected})
    names = lists.parse(corrected, ";")
    if corrected.startswith("[") and not {*(names or ())} <= {*contract.label}:
        names = lists.parse(corrected, "json")
    for name in names or ():
        if name not in contract.label:
            raise DataError(
                f"{row.origin}: corrected to {excerpt(corrected)}: there is no label "
                f"{excerpt(name)}; {among(name, contract.label)}"
            )
    if names is None or (not names and corrected != NO_LABEL):
        raise DataError(
            f"{row.origin}: corrected to {excerpt(corrected)}; allowed: names of labels with ; "
            f"between them, or {NO_LABEL} for none"
        )
    found = {}
    for name, place in zip(contract.label, cells.places, strict=True):
        mark = int(name in names)
        if flag(row.cells[place]) != mark and not (mark == 0 and flag(row.cells[place]) == -1):
            found[place] = str(mark)
    return _with(row, found)


def _with(row: Row, found: dict[int, str]) -> Row:
    """Return a row with other cells, and other values where it has those."""
    cells = tuple(found.get(place, cell) for place, cell in enumerate(row.cells))
    given = row.given
    if given is not None:
        given = tuple(
            _valued(value, found[place]) if place in found else value
            for place, value in enumerate(given)
        )
    return replace(row, cells=cells, given=given)


def _valued(old: Any, cell: str) -> Any:
    """Return the value of a cell, of the kind that stood there."""
    if isinstance(old, bool) and cell in ("0", "1"):
        return cell == "1"
    if old is None or isinstance(old, str):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return cell
