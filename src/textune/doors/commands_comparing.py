"""The command that compares runs: `compare`."""

from collections.abc import Sequence
from typing import Any

import typer
from rich.markup import escape

from textune.doors import comparing_api, console
from textune.doors.console import number, out, table
from textune.doors.options import command


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, words=comparing_api.compare)(compare)


def compare(  # noqa: D417  # the others are described in `comparing_api.compare`
    runs: Sequence[str],
    *,
    on: str | None = None,
    text: str | None = None,
    label: str | None = None,
    metric: str | None = None,
    plugin: str | None = None,
    final: bool = False,
    as_json: bool = False,
) -> None:
    """Say which of several RUNS is better, and whether that is luck.

    Args:
        runs: Folders of two runs or more; the others are compared with the first.
        as_json: Print one JSON object, for programs.
    """
    given: dict[str, Any] = {"text": text, "label": label, "metric": metric, "plugin": plugin}
    found = comparing_api.compare(*runs, on=on, final=final, **given)
    if as_json:
        console.show_json(found.told())
        return
    from textune.metrics import catalogue, comparing, written  # numpy

    out.print(escape(found.words))
    for place, name in enumerate(found.names[1:]):
        rows = [
            (
                catalogue.title(key),
                *map(number, each[place].values),
                written.signed(each[place].gain),
                " … ".join(map(written.signed, each[place].interval or ())),
                written.chance(each[place].p),
            )
            for key, each in found.differences.items()
        ]
        head = ("metric", found.names[0], name, "better by", "95 % interval", "p")
        table(head, rows)
        if found.alone is not None:
            mine, first = found.alone[place]
            out.print(
                f"  – rightly decided by {escape(name)} alone: {mine:,}; by "
                f"{escape(found.names[0])} alone: {first:,}"
            )
        main = found.differences[found.main][place]
        words = comparing.words(main, found.texts, (found.names[0], name))
        out.print(f"  – {escape(words)}")
    for name, said in found.leaked.items():
        out.print(f"  – {escape(name)}: {escape(said)}")
