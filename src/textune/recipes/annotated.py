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


def column(found: Table) -> int | None:
    """Find what people said in an export of Label Studio; None of a table of corrections.

    Raises:
        DataError: Nobody has said anything yet: its labels are the suggestions.
    """
    columns = found.columns
    if CORRECTED in columns or PLACE not in columns:
        return None
    place = next((columns.index(name) for name in reversed(NAMES) if name in columns), None)
    if place is not None and any(each.kind == "annotators" for each in found.findings):
        raise DataError(
            f"{found.name}: holds suggestions that nobody has checked; give what Label Studio "
            "exports after people annotated its tasks"
        )
    return place


def written(row: Row, place: int, cells: Cells | TagCells) -> str:
    """Write what somebody said as a correction; choices as the file writes several labels."""
    cell = row.cells[place].strip()
    if isinstance(cells, TagCells):
        return cell or "[]"
    if cells.contract.separator is None and cells.contract.form == "name":
        return cell
    names = (lists.parse(cell, "json") if cell.startswith("[") else None) or ()
    if not names:
        return cell if cell and cell != NO_LABEL else NO_LABEL
    return json.dumps(names) if cells.contract.form == "columns" else cells.written(names)
