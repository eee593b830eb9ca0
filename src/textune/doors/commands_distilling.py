"""The command that makes a run's model smaller: `distill`."""

from typing import Any

import typer

from textune.doors import api, console, console_metrics, distilling_api, watching
from textune.doors.options import command


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, distilling_api.distill)(distill)


def distill(*, as_json: bool, **options: Any) -> None:
    """Teach an encoder of fewer layers to answer as RUN does.

    It begins with some of the run's own layers, evenly chosen, and its head, and learns what the
    run says of its training texts and of texts without labels. The texts that the run held out
    judge it, and say what was lost.
    """
    run = watching.watch(api.events_of(distilling_api.distill, **options), quiet=as_json)
    if as_json:
        console.show_json({"run": str(run.path), **run.metrics})
        return
    with console.spared():
        console_metrics.show_parts(run.metrics)
