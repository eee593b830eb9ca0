"""The command that says whether texts have moved since a training: `watch`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from textune.doors import console, drift_api
from textune.doors.options import command
from textune.errors import counted, excerpt

if TYPE_CHECKING:  # numpy
    from textune.recipes.drifting import Watched

MOVED = 8  # exit code of --fail
EXCERPT = 80  # characters of a text


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, drift_api.watch)(watch)


def watch(  # noqa: D417  # the others are described in `drift_api.watch`
    run: Path,
    source: str | list[str],
    *,
    fail: bool = False,
    as_json: bool,
    **options: Any,
) -> None:
    """Say whether the texts of FILE have moved since RUN was trained, beyond what chance explains.

    Length, language, decisions and how sure they are, each beside the run's held-out texts, by
    named tests that keep one level together. Labels are not needed.

    Args:
        fail: End with exit code 8 if something has moved.
    """
    found = drift_api.watch(run, source, **options)
    if as_json:
        console.show_json(found.told())
    else:
        _show(found)
    for remark in found.remarks:
        console.warn(remark)
    if fail and found.moved:
        raise typer.Exit(MOVED)


def _show(found: "Watched") -> None:
    """Print the tests, the verdict, and the rows most unlike the run's where language moved."""
    if not found.tests:
        console.say("whether anything has moved cannot be told")
        return
    texts = counted(found.texts, "text")
    console.say(f"{found.source}: {texts} beside {found.held_out:,} held-out ones\n")
    for each in found.tests:
        verdict = "moved" if each.moved else "not beyond chance"
        console.say(f"{each.what}: {verdict} (p {each.p:.2g}, {each.test})\n  {each.words}")
    console.say(
        f"\nmoved: {', '.join(found.moved) or 'nothing'}; by chance alone something would be said "
        f"to have moved in {100 * found.level:.2g} % of such files at most"
    )
    if "language" not in found.moved:
        return
    if found.pieces:
        console.say(f"pieces that tell these texts: {' '.join(found.pieces)}")
    console.say("the rows most unlike the run's texts:")
    for row in found.unlike:
        console.say(f"  {row['place']}  {excerpt(row['text'], most=EXCERPT)}")
