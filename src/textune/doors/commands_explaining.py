"""The command that says which words moved a decision: `explain`."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from textune.doors import console, console_explaining, console_files, explaining_api
from textune.doors.options import arguments, command
from textune.errors import SettingsError, counted

if TYPE_CHECKING:  # numpy
    from textune.predicting.explaining.explanation import Explanation


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, explaining_api.explain)(explain)


def explain(  # noqa: D417  # the others are described in `explaining_api.explain`
    run: Path,
    texts: Sequence[str] = (),
    *,
    as_json: bool,
    limit: int | None = None,
    output: Path | None = None,
    overwrite: bool = False,
    **options: Any,
) -> None:
    """Say which words of TEXTs, or of a file's, moved the decision of the model in RUN.

    Each word is left out, and what the model says without it compared: + spoke for the label, -
    against it. It says what this model went by, not whether that is right.

    Args:
        output: File to write, .jsonl (an object a text) or .html (a page).
        limit: Explain the first so many texts only.
        overwrite: Replace what is there.
        as_json: Print one JSON object a text, for programs.
    """
    _refuse(limit, output, overwrite=overwrite)
    console_files.warn_of_names(texts)
    given: dict[str, Any] = arguments(explaining_api.explain, run, texts, **options)
    asked = {name: given[name] for name in ("for_", "method", "device", "precision", "plugin")}
    found = explaining_api.explanations(
        run, texts, given["input_"], read=given, typed=True, **asked
    )
    _show(islice(found, limit), output, run.resolve().name, overwrite=overwrite, as_json=as_json)


def _refuse(limit: int | None, output: Path | None, *, overwrite: bool) -> None:
    """Refuse options that cannot be, before anything is read."""
    from textune.predicting.explaining import pages

    if limit is not None and limit < 1:
        raise SettingsError(f"--limit {limit}: how many texts are explained; allowed: 1 or more")
    if output is not None:
        pages.require_place(output, overwrite=overwrite)


def _show(
    found: "Iterable[Explanation]",
    output: Path | None,
    name: str,
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write explanations, or print them."""
    from textune.predicting.explaining import pages

    if output is not None:
        count = pages.write(output, found, name=name, overwrite=overwrite)
        told = {"output": str(output), "texts": count}
        console.show_json(told) if as_json else console.say(f"{output}: {counted(count, 'text')}")
        return
    for one in found:
        if as_json:
            console.show_json(one.told())
        else:
            console_explaining.show(one)
