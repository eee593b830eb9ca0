"""An annotation tool's export of suspects becomes the corrections that people made in it."""

import json

from textune.data import lists
from textune.errors import DataError
from textune.predicting.tools.label_studio import CONTROL
from textune.recipes.label_cells import NO_LABEL, Cells
from textune.recipes.tag_cells import TagCells
from textune.records import Row, Table

PLACE, CORRECTED = "place", "corrected"
NAMES = (CONTROL, f"{CONTROL} (annotated)")  # of the column that holds what people said
TOLD_BY = "export of Label Studio"  # what a table's reasons say of one
NOWHERE = -1  # place of what people said, where they said of every text that it has no label


def column(found: Table) -> int | None:
    """Find what people said in an export of Label Studio; None of a table of corrections.

    A control that nobody used has no column: every text is without a label then.

    Raises:
        DataError: Nobody has said anything yet: its labels are the suggestions.
    """
    columns = found.columns
    if CORRECTED in columns or PLACE not in columns:
        return None
    nowhere = NOWHERE if any(TOLD_BY in reason for reason in found.reasons) else None
    place = next((columns.index(name) for name in reversed(NAMES) if name in columns), nowhere)
    if place is not None and any(each.kind == "annotators" for each in found.findings):
        raise DataError(
            f"{found.name}: holds suggestions that nobody has checked; give what Label Studio "
            "exports after people annotated its tasks"
        )
    return place


def written(row: Row, place: int, cells: Cells | TagCells) -> str:
    """Write what somebody said as a correction; choices as the file writes several labels."""
    cell = "" if place == NOWHERE else row.cells[place].strip()
    if isinstance(cells, TagCells):
        return cell or "[]"
    if cells.contract.separator is None and cells.contract.form == "name":
        return cell
    names = (lists.parse(cell, "json") if cell.startswith("[") else None) or ()
    if not names and (not cell or cell == NO_LABEL):
        return NO_LABEL
    names = names or (cell,)
    return json.dumps(names) if cells.contract.form == "columns" else cells.written(names)
