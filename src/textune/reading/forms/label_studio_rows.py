"""Label Studio's short exports, JSON-MIN and CSV: what each control holds becomes a plain cell.

A row is one annotation. Several choices are {"choices": [...]}, ratings [{"rating": 4}], paths of a
taxonomy [{"taxonomy": [["A", "B"]]}]; one choice, and spans, stand there as they are.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from textune.reading.forms import label_studio
from textune.reading.forms.interface import first_rows, is_prose
from textune.records import Finding, Row, Table

SIGNS = frozenset(["annotator", "annotation_id", "lead_time"])  # columns that only this tool writes
OWN = ("annotation_id", "created_at", "updated_at", "lead_time")
LOOKED_AT = 50  # rows
HELD = ("rating", "number", "choices", "taxonomy", "selected", "text", "datetime")


def plain(table: Table) -> Table | None:
    """Recognise a short export of Label Studio; None for other tables."""
    if not table.has_header or not set(table.columns) >= SIGNS:
        return None
    kept = [place for place, name in enumerate(table.columns) if name not in OWN]

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = tuple(_plain(row.cells[place]) for place in kept)
            yield replace(row, cells=cells, given=None)

    reason = f"a short export of Label Studio; its own columns are left out: {', '.join(OWN)}"
    columns = tuple(table.columns[place] for place in kept)
    findings = (*table.findings, *_asked(table))
    changes: Any = {"columns": columns, "findings": findings, "rows": rows}
    return replace(table, reasons=(*table.reasons, reason), **changes)


def _asked(table: Table) -> tuple[Finding, ...]:
    """Ask which two texts were compared, where one of two was selected and there are more."""
    rows = first_rows(table, LOOKED_AT)
    if not any(cell.startswith('{"selected"') for row in rows for cell in row):
        return ()
    cells = zip(table.columns, zip(*rows, strict=True), strict=True)
    return label_studio.asked(
        [
            name
            for name, held in cells
            if name not in OWN
            and any(map(is_prose, held))
            and not any(cell.startswith(("{", "[")) for cell in held)
        ]
    )


def _plain(cell: str) -> str:
    """Write what a control holds as a name, a number or names; other cells as they are."""
    if not cell.startswith(("{", "[")):
        return cell
    try:
        held = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    items = held if isinstance(held, list) else [held]
    keys = {key for item in items if isinstance(item, dict) for key in HELD if key in item}
    is_plain = all(isinstance(item, dict) and len(item.keys() - {"id"}) == 1 for item in items)
    if not items or not is_plain or len(keys) != 1:
        return cell
    key = keys.pop()
    found = [name for item in items for name in _names(item[key])]
    if key in ("choices", "taxonomy"):
        return json.dumps(found, ensure_ascii=False)
    return ", ".join(map(str, found))


def _names(held: Any) -> Sequence[Any]:
    items = held if isinstance(held, list) else [held]
    return [" / ".join(map(str, item)) if isinstance(item, list) else item for item in items]
