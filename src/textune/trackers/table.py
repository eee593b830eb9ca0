"""Numbers become rows of `log.csv` in the run, one a step, for spreadsheets.

The columns stand in the first row, so that a number which no row had before makes the file anew.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textune.storage import atomic
from textune.trackers.tracker import Opening, Status

FILE = "log.csv"
FIRST = "step"


class Table:
    """A row for each step; what was measured after it stands in its row."""

    def __init__(self, opening: Opening):
        self._file: Path = opening.folder / FILE
        self._rows: dict[int, dict[str, str]] = {}
        self._columns: dict[str, None] = {FIRST: None}  # a set in order of appearance
        if opening.goes_on and self._file.is_file():
            self._read(opening.after)
        self._is_new = False  # whether rows are not yet written
        self._write()

    def _read(self, after: int) -> None:
        """Take up the rows of the steps that stand."""
        with self._file.open(encoding="utf-8", newline="") as opened:
            for row in csv.DictReader(opened):
                step = row.get(FIRST) or ""
                if step.isdigit() and int(step) <= after:
                    known = {name: value for name, value in row.items() if name and value}
                    self._rows[int(step)] = known
                    self._columns |= dict.fromkeys(known)

    def send(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Take numbers of a step; the file is written at each validation and epoch."""
        row = self._rows.setdefault(step, {FIRST: str(step)})
        row |= {name: repr(value) for name, value in values.items()}
        self._columns |= dict.fromkeys(values)
        self._is_new = True
        if kind != "step":
            self._write()

    def restart(self) -> None:
        """Forget what was sent."""
        self._rows.clear()
        self._write()

    def finish(self, numbers: Mapping[str, Any], values: Mapping[str, float]) -> None:
        """Write nothing more: what a run scored stands in metrics.json."""

    def close(self, status: Status) -> None:
        """Write what is left."""
        if self._is_new:
            self._write()

    def _write(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, [*self._columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows[step] for step in sorted(self._rows))
        atomic.write_text(self._file, text.getvalue())
        self._is_new = False
