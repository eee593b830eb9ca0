"""The command that exports a model: `export`."""

from typing import TYPE_CHECKING, Any

import typer

from textune.doors import console, exporting_api
from textune.doors.options import arguments, command

if TYPE_CHECKING:  # torch
    from textune.exporting.export import Done


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, exporting_api.export)(export)


def export(*, as_json: bool, **options: Any) -> None:
    """Write the model in RUN so that other programs compute it, if it answers as the run does."""
    with console.telling(is_quiet=as_json) as tell:
        done = exporting_api.exported(arguments(exporting_api.export, **options), tell)
    if as_json:
        console.show_json({"path": str(done.path), "bytes": done.bytes, **done.parity.told()})
        return
    _show(done)


def _show(done: "Done") -> None:
    """Say what was written, and how far it is from its run."""
    from textune.metrics.catalogue import METRICS

    found = done.parity
    console.say(f"{done.path}: {done.bytes / 1e6:,.1f} MB")
    console.say(
        f"compared on {found.own:,} validation and {found.made:,} random texts: scores differ by "
        f"{found.gap:.2g} at most, {found.moved_own + found.moved_made:,} decisions moved"
        + (f", {found.ties:,} ties" if found.ties else "")
    )
    for name in found.held_to:
        before, after = found.metrics[name]
        console.say(f"{METRICS[name].title}: {before:.4f} by the run's model, {after:.4f} exported")
    if found.learned and found.held_to:
        console.say(
            "the run was cross-validated, so its model has learned from these texts: they tell how "
            "alike the two are, not how good"
        )
