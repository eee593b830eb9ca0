"""The command that decides anew: `decide`."""

from pathlib import Path

import typer

from textune.doors import console, console_metrics, deciding_api
from textune.doors.options import command


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, words=deciding_api.decide)(decide)


def decide(  # noqa: D417  # the others are described in `deciding_api.decide`
    run: Path,
    *,
    aim: str | None = None,
    abstain: float | None = None,
    sets: float | None = None,
    calibrate: bool = True,
    as_json: bool = False,
) -> None:
    """Fit the decisions of the model in RUN anew, for another aim: in seconds, without training.

    Args:
        as_json: Print one JSON object, for programs.
    """
    found = deciding_api.decide(run, aim=aim, abstain=abstain, sets=sets, calibrate=calibrate)
    if as_json:
        console.show_json({"path": str(found.path), "metrics": found.metrics})
        return
    console_metrics.show_parts(found.metrics)
