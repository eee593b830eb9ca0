"""Tables that name texts in a cloud's storage, and hold none, become the refusal that says so."""

import re

from textune.errors import DataError, excerpt
from textune.reading.forms.interface import first_rows, is_prose
from textune.records import Table

SAMPLE = 200
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl"])
MOSTLY = 0.95
_PLACE = re.compile(r"(?:gs|s3a?|wasbs?|abfss?|hdfs)://\S+")


def refused(table: Table) -> None:
    """Refuse a table whose texts stand in a cloud's storage.

    Raises:
        DataError: A column names places there, and no other one holds a text.
    """
    if table.format not in FORMATS or len(table.columns) < 2:
        return
    rows = first_rows(table, SAMPLE)
    if any(is_prose(cell) for row in rows[:3] for cell in row):
        return
    for name, cells in zip(table.columns, zip(*rows, strict=True), strict=False):
        places = [cell for cell in cells if _PLACE.fullmatch(cell.strip())]
        if places and len(places) >= MOSTLY * len(cells):
            raise DataError(
                f"{table.name}: column {name!r} names texts that stand elsewhere, as "
                f"{excerpt(places[0])}; fetch them (gcloud storage cp, aws s3 cp), and write "
                'each into its row in place of its name: "the text",label'
            )
