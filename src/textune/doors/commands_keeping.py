"""The commands that look after what is kept: `verify` and `cache`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from textune.doors import console, console_files, verifying_api
from textune.doors.options import command
from textune.errors import SettingsError, TextuneError, among
from textune.storage import cleaning

if TYPE_CHECKING:  # torch
    from textune.verifying.found import Verified


SHOW, CLEAR = "show", "clear"
SHOWN = 10  # things of a kind of which it is known what they were made of


def register(app: typer.Typer) -> None:
    """Give the command line these commands."""
    command(app)(verify)
    command(app)(cache)


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


def cache(do: str = SHOW, what: Sequence[str] = (), *, as_json: bool = False) -> None:
    """Show what textune keeps to be faster the next time: where, how much, how old.

    All of it can be made again. `textune cache clear` deletes it, but for what another process
    uses, what textune did not write, and outputs that wait to be sent ("outgoing"), which have to
    be named. TEXTUNE_CACHE moves it.

    Args:
        do: "show" it, or "clear" it.
        what: Kinds to clear: "kernels", "tokens", "remote", "unpacked", "outgoing"; by default all
            that can be made again.
        as_json: Print one JSON object, for programs.
    """
    if do not in (SHOW, CLEAR):
        raise SettingsError(f"cache {do}: {among(do, (SHOW, CLEAR))}")
    if do == SHOW and what:
        raise SettingsError(f"cache {do} {what[0]}: everything is shown; only clear takes a name")
    if do == CLEAR:
        _show_cleared(cleaning.clear(what), as_json=as_json)
        return
    found = tuple(cleaning.kinds())
    if as_json:
        console.show_json({one.name: _told_kind(one) for one in found})
        return
    for one in found:
        _show_kind(one)
    console.say(f"\ntogether: {console_files.size(sum(one.bytes for one in found))}")


def _show_kind(kind: cleaning.Kind) -> None:
    """Print how much is kept of one kind, where, and how old it is."""
    many = f"{len(kind.kept):,}, {console_files.size(kind.bytes)}" if kind.kept else "nothing"
    console.say(f"{kind.name}: {many} in {kind.folder}\n  {kind.what}")
    if kind.kept:
        ages = sorted(one.used for one in kind.kept)
        last, first = cleaning.age(ages[-1]), cleaning.age(ages[0])
        console.say(f"  made or used {last}" + (f", the oldest {first}" if first != last else ""))
    for one in [one for one in kind.kept if one.of][:SHOWN]:
        console.say(f"  {one.path.name}: {console_files.size(one.bytes)}, of {one.of}")


def _show_cleared(found: cleaning.Cleared, *, as_json: bool) -> None:
    """Print what was deleted, and what was not."""
    total = sum(one.bytes for one in found.deleted)
    if as_json:
        console.show_json(
            {
                "deleted": [_told(one) for one in found.deleted],
                "bytes": total,
                "used": [str(one) for one in found.used],
                "others": [str(one) for one in found.others],
            }
        )
        return
    things = "1 thing" if len(found.deleted) == 1 else f"{len(found.deleted):,} things"
    console.say(f"deleted: {things}, {console_files.size(total)}")
    for path in found.used:
        console.warn(f"{path}: is used by another process, and stays")
    for path in found.others:
        console.warn(f"{path}: was not written by textune as it is, and stays")


def _told_kind(kind: cleaning.Kind) -> dict[str, Any]:
    return {
        "folder": str(kind.folder),
        "what": kind.what,
        "bytes": kind.bytes,
        "kept": [_told(one) for one in kind.kept],
    }


def _told(one: cleaning.Kept) -> dict[str, Any]:
    when = datetime.fromtimestamp(one.used, tz=UTC).isoformat(timespec="seconds")
    return {"path": str(one.path), "bytes": one.bytes, "used": when, "of": one.of or None}
