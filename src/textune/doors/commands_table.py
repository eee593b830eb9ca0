"""The command that writes whatever holds labelled text as one table: `table`."""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import typer

from textune.doors import api, console
from textune.doors.options import command
from textune.errors import SettingsError, among, counted
from textune.records import ReadOptions

READ_BY = ("source", "header", "delimiter", "rows", "sheet", "quote", "encoding", "faulty")
ENDINGS = (".csv", ".tsv", ".jsonl")


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, api.train, only=READ_BY)(table)


def table(  # noqa: D417  # the others are described in `train`
    source: str | list[str],
    *,
    as_json: bool,
    output: Path | None = None,
    overwrite: bool = False,
    **options: Any,
) -> None:
    """Write the rows of FILE as one table, whatever it is: a folder of texts, an archive, JSON.

    Args:
        source: File, folder, pattern or address, as for train.
        output: File to write: .csv, .tsv or .jsonl; CSV on the screen by default.
        overwrite: Replace what is there.
        as_json: Write JSON, an object a row.
    """
    from textune.reading import sources
    from textune.storage import atomic
    from textune.tasks import installed

    installed.load()
    ending = ".jsonl" if as_json else ".csv"
    if output is not None:
        ending = output.suffix
        if ending not in ENDINGS:
            raise SettingsError(f"--output {output}: the ending {ending!r}: {among('', ENDINGS)}")
        if output.exists() and not overwrite:
            raise SettingsError(
                f"--output {output}: is there already; name another, or add --overwrite"
            )
    sources.refuse_parts(source)
    found = sources.read(source, ReadOptions(**options))
    rows = (row.cells for row in found.rows())
    if output is None:
        _write(sys.stdout, ending, found.columns, rows)
        return
    with (
        atomic.replacing_file(output, overwrite=overwrite) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as opened,
    ):
        count = _write(opened, ending, found.columns, rows)
    console.say(f"{output}: {counted(count, 'row')} of {', '.join(found.columns)}")


def _write(
    opened: IO[str], ending: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> int:
    """Write rows below the names of their columns; return how many there are."""
    count = 0
    if ending == ".jsonl":
        for cells in rows:
            count += 1
            line = json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False)
            opened.write(f"{line}\n")
        return count
    writer = csv.writer(opened, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
    writer.writerow(columns)
    for cells in rows:
        count += 1
        writer.writerow(cells)
    return count
