"""The command that looks whether folders are whole: `verify`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from textune.doors import console, verifying_api
from textune.doors.options import command
from textune.errors import TextuneError

if TYPE_CHECKING:  # torch
    from textune.verifying.found import Verified


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app)(verify)


def verify(runs: Sequence[str], *, as_json: bool = False) -> None:
    """Look whether each RUN is whole: its checksums, its files, its weights; nothing is written.

    A folder may be that of a run, of a model, of an export, or one that holds several runs. Exit
    code 2 where something is damaged, 4 where an unfinished run has nothing to resume from.

    Args:
        runs: Folders.
        as_json: Print one JSON object a folder, for programs.
    """
    codes = set()
    for run in runs:
        try:
            found = verifying_api.verify(Path(run))
        except TextuneError as error:  # of one folder: the others are looked at all the same
            codes.add(error.exit_code)
            console.fail(str(error))
            continue
        codes.add(found.exit_code)
        if as_json:
            console.show_json(found.told())
        else:
            _show(found)
    if code := max(codes):
        raise typer.Exit(code)


def _show(found: "Verified") -> None:
    """Print what is wrong with a folder, file by file, and the way out."""
    for fault in found.faults:
        console.say(f"{fault.path}: {fault.what}\n  → {fault.way_out}")
    for path in found.left:
        console.say(
            f"{path}: left by a process that was killed; nothing reads it, and the next --resume "
            "or --overwrite there deletes it"
        )
    for remark in found.remarks:
        console.warn(remark)
    many = f"{found.files:,} files read, {found.compared:,} of them compared with checksums"
    faults = "1 fault" if len(found.faults) == 1 else f"{len(found.faults):,} faults"
    verdict = "whole" if found.is_whole else faults
    console.say(f"{found.path}: {found.kind}: {verdict} ({many})")
