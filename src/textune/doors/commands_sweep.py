"""The command `sweep`: it reads its options, calls the library once, and prints."""

import typer

from textune.doors import api, console, sweep_api, watching
from textune.doors.options import command


def register(app: typer.Typer) -> None:
    """Give a command line the command."""

    @command(app, sweep_api.sweep, words=api.train)
    def sweep(*, as_json: bool, **options: object) -> None:
        """Try settings on FILE, trial after trial, and train the best of them again by seeds."""
        events = api.events_of(sweep_api.sweep, **options)
        found = watching.watch(events, quiet=as_json)
        if as_json:
            console.show_json({"path": str(found.path), **found.numbers})
            return
        from textune.doors.console_sweep import show_sweep  # pydantic

        with console.spared():
            show_sweep(found)
