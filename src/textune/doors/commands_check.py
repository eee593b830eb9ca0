"""The command that looks at labelled text before anything is trained: `check`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from textune.doors import api, console, console_survey
from textune.doors.options import command
from textune.errors import SettingsError
from textune.records import Survey

READ_BY = (  # options of `train` that say how a file is read, and which others judge
    *(
        "source",
        "valid",
        "test",
        "text",
        "label",
        "task",
        "header",
        "delimiter",
        "rows",
        "sheet",
        "annotators",
    ),
    *("quote", "encoding", "faulty", "merge_labels"),
    *("group", "names", "weight", "skip", "no_skip", "base", "seed", "plugin"),
)


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, api.train, only=READ_BY)(check)


def check(  # noqa: D417  # the others are described in `train`
    source: str | list[str],
    *,
    as_json: bool,
    forecast: bool = False,
    show: int = 0,
    show_of: Sequence[str] = (),
    show_each: int = 5,
    seed: int = 42,
    plugin: Path | None = None,
    **options: Any,
) -> None:
    """Say what is in FILE, what would be trained on it, and what is wrong with it.

    With --valid and --test also which texts of these files stand in FILE, too.

    Args:
        source: File, folder, pattern or address, as for train; or plain text.
        forecast: Say what a linear head on the frozen encoder scores at 1/8, 1/4, 1/2 and all of
            the texts, and what more labels would buy; it takes seconds.
        valid: File for validation, whose texts are looked for in FILE.
        test: File for the test, whose texts are looked for in FILE.
        show: Show so many rows, drawn at random.
        show_of: Show rows of this label, too; once or several times.
        show_each: How many rows of each such label.
        seed: Of the rows that are shown.
        plugin: Python file with readers of files, or tasks, of your own.
    """
    from textune.extensions import plugin as plugins
    from textune.survey import plain_survey, survey

    plugins.gather(plugin)
    if plain_survey.is_many(source, is_plain=options.get("task") == "plain"):
        options |= {"forecast": True} if forecast else {}
        options |= {"show": show} if show else {}
        options |= {"show_of": show_of} if show_of else {}
        asked = {name for name, value in options.items() if (name, value) != ("task", "plain")}
        if useless := sorted(asked - {"text", "base", "encoding"}):
            listed = ", ".join(f"--{name.replace('_', '-')}" for name in useless)
            raise SettingsError(
                f"{listed}: {source} is a folder or pattern of plain text, which has no use for "
                "it; name one file of labelled text, or leave it out"
            )
        texts = plain_survey.check(
            [str(source)], **{name: options.get(name) for name in ("text", "base", "encoding")}
        )
        (console.show_json if as_json else console_survey.show_plain)(texts)
        return
    found = survey.check(source, **options)
    options = {name: one for name, one in options.items() if name not in ("valid", "test")}
    shown = None
    if show or show_of:
        from textune.survey import drawn

        shown = drawn.draw(found, count=show, labels=show_of, each=show_each, seed=seed)
    told = _forecast(source, options) if forecast else None
    lines = _recipe(source, options, found)
    if as_json:
        extra: dict[str, object] = {"recipe": lines} | ({"forecast": told} if told else {})
        extra |= {"shown": shown.told()} if shown else {}
        console.show_json(survey.to_json(found) | extra)
        return
    console_survey.show_survey(found)
    if shown:
        console_survey.show_drawn(shown)
    console_survey.show_recipe(lines)
    if told:
        console_survey.show_forecast(told)


def _recipe(source: object, options: Mapping[str, object], found: Survey) -> list[str]:
    """Return what `train` would choose for a file, in its words; nothing for plain text."""
    from textune.doors import keywords
    from textune.recipes.selection import choices
    from textune.settings.config import Settings

    if found.contract.task == "plain":
        return []
    return [*choices.of_file(source, keywords.resolve(Settings, options), rows=found.rows)]


def _forecast(source: object, options: Mapping[str, object]) -> dict[str, Any]:
    from textune.doors import keywords
    from textune.recipes import forecasting  # torch
    from textune.settings.config import Settings

    return forecasting.forecast(source, keywords.resolve(Settings, options))
