"""The command that cross-validates a labelled file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from textune.doors import console, watching
from textune.doors.cli_options import (
    AcceptChanges,
    Base,
    Delimiter,
    Device,
    Group,
    Header,
    Json,
    Label,
    Names,
    Overwrite,
    Precision,
    Seed,
    Skip,
    TaskName,
    Text,
    Weight,
)
from textune.metrics.catalogue import HEADLINES


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(folds)


def folds(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Labelled text, as for train.")],
    count: Annotated[int, typer.Option("--folds", "-k", help="How many.")] = 5,
    text: Text = None,
    label: Label = None,
    task: TaskName = None,
    header: Header = None,
    delimiter: Delimiter = None,
    group: Group = None,
    names: Names = None,
    weight: Weight = None,
    skip: Skip = None,
    base: Base = None,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/<file>-folds if left out.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any setting.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the texts.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Texts in one update.")] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    seed: Seed = None,
    device: Device = None,
    precision: Precision = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the model of each fold.")] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Keep the finished folds in --out, continue the others."),
    ] = False,
    accept_changes: AcceptChanges = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Cross-validate: each fold of FILE is judged by a model that learned from the others."""
    options = dict(locals())
    from textune.doors import api
    from textune.recipes import cross_validation, recipe

    request = recipe.Request(
        source=file,
        settings=api.resolve(config, changes or [], api.chosen(options)),
        out=out or api.folder_of_folds(file),
        resume=resume,
        accept_changes=accept_changes,
        overwrite=overwrite,
        config=config,
    )
    steps = cross_validation.learn(request, count, keep=keep)
    found = watching.watch(steps, quiet=as_json)
    if as_json:
        console.show_json({"path": str(found.path), **found.numbers})
    else:
        _show(found.numbers)


def _show(numbers: Mapping[str, Any]) -> None:
    """Print mean, deviation and interval over folds of the headline numbers."""
    table = Table(
        title=f"\n{numbers['folds']} folds", title_justify="left", box=None, pad_edge=False
    )
    for column in ("metric", "mean", "deviation", "95 % interval"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for key in console.headlines(numbers["metrics"]):
        found = numbers["metrics"][key]
        low, high = found["interval"]
        words = f"{console.number(low)} … {console.number(high)}"
        table.add_row(
            HEADLINES[key], console.number(found["mean"]), console.number(found["deviation"]), words
        )
    console.print_table(table)
