"""The command that writes a run's report anew: `report`."""

from pathlib import Path

import typer

from textune.doors import console, reporting_api
from textune.doors.options import command


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, words=reporting_api.remake)(report)


def report(
    run: Path, *, as_: str | None = None, on: str | None = None, explain: bool = False
) -> None:
    """Write the report of RUN anew from its files: a page, or Markdown for a pull request."""
    found = reporting_api.remake(run, as_=as_, on=on, explain=explain)
    console.say(found.rstrip())
