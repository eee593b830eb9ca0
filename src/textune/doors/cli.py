"""The command line: each command reads its options, calls the library once, and prints."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from textune.doors import (
    api,
    commands_check,
    commands_comparing,
    commands_deciding,
    commands_distilling,
    commands_drift,
    commands_evaluating,
    commands_explaining,
    commands_exporting,
    commands_keeping,
    commands_looking,
    commands_predicting,
    commands_pushing,
    commands_reporting,
    commands_serving,
    commands_suspects,
    commands_sweep,
    commands_table,
    console,
    console_files,
    console_metrics,
    console_plan,
    console_predictions,
    exits,
    language_api,
    launching,
    reporting_api,
    suggestion_api,
    watching,
)
from textune.doors.help import Commands
from textune.doors.options import command
from textune.errors import TextuneError, counted

if TYPE_CHECKING:  # pydantic
    from textune.runs.runs import Run

app = typer.Typer(
    name="textune",
    help="Fine-tune BERT-family encoders on your own text: packed, exact, decisions you can trust.",
    no_args_is_help=True,
    cls=Commands,
    add_completion=True,
    context_settings={"max_content_width": 120},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(*, is_asked: bool) -> None:
    """Print which version this is, and end."""
    if is_asked:
        console.say(f"textune {version('textune')}")
        raise typer.Exit


@app.callback()
def textune(
    *,
    version_: bool = typer.Option(  # as typer has it
        False,
        "--version",
        is_eager=True,
        help="Print the version.",
        callback=lambda value: _print_version(is_asked=value),
    ),
) -> None:
    """Fine-tune BERT-family encoders on your own text: packed, exact, decisions you can trust."""


commands_check.register(app)


@command(app, api.train)
def train(
    *,
    as_json: bool,
    report: str | None = None,
    processes: int | None = None,
    gpus: str | None = None,
    **options: object,
) -> None:
    """Fine-tune an encoder on the labelled text in FILE."""
    reporting_api.require_form(report, "--report")
    launching.start(processes, gpus)
    run = _watched(api.train, options, quiet=as_json)
    if options.get("plan"):
        console_plan.show(run.metrics["plan"], as_json=as_json, report=report)
        return
    if options.get("trial"):
        if report is not None:
            console.warn(f"--report {report}: a trial keeps nothing, and none was written")
        _show_language(run, options, as_json=as_json)
        return
    if report is not None:
        reporting_api.write_beside(run.path, report)
    _show_run(run, _show_trained, as_json=as_json)


@command(app, language_api.adapt)
def adapt(
    *, as_json: bool, processes: int | None = None, gpus: str | None = None, **options: object
) -> None:
    """Make an encoder at home in plain TEXT, by masked-LM, before it is fine-tuned."""
    launching.start(processes, gpus)
    _show_language(_watched(language_api.adapt, options, quiet=as_json), options, as_json=as_json)


@command(app, language_api.pretrain, words=language_api.adapt)
def pretrain(
    *, as_json: bool, processes: int | None = None, gpus: str | None = None, **options: object
) -> None:
    """Make a tokenizer and a BERT from nothing but plain TEXT."""
    launching.start(processes, gpus)
    _show_language(
        _watched(language_api.pretrain, options, quiet=as_json), options, as_json=as_json
    )


@command(app, api.cross_validate, words=api.train)
def folds(*, as_json: bool, **options: object) -> None:
    """Cross-validate: each fold of FILE is judged by a model that learned from the others."""
    found = _watched(api.cross_validate, options, quiet=as_json)
    if as_json:
        console.show_json({"path": str(found.path), **found.numbers})
    else:
        console_metrics.show_folds(found.numbers)


commands_distilling.register(app)
commands_sweep.register(app)
commands_evaluating.register(app)
commands_drift.register(app)


commands_predicting.register(app)


@command(app, suggestion_api.suggest)
def suggest(*, as_json: bool, **options: Any) -> None:
    """Choose the texts of FILE that should get a label next, for the model in RUN.

    Texts of which the model is unsure, each unlike the others; those that it learned from, and near
    repeats, are left out and counted.
    """
    steps = api.events_of(suggestion_api.suggest, **options)
    found = console_predictions.counted(steps, what="looking at")
    if output := options.get("output"):
        told = {"output": str(output), "rows": len(found.rows), "remarks": list(found.remarks)}
        console.show_json(told) if as_json else console.say(
            f"{output}: {counted(len(found.rows), 'row')}"
        )
    elif as_json:
        for row in found.rows:
            console.show_json(row)
    else:
        console_predictions.show_suggestions(found)
    for remark in found.remarks:
        console.warn(remark)


@command(app)
def fill(
    model: str, texts: Sequence[str], *, top: int = 5, device: str = "auto", as_json: bool = False
) -> None:
    """Say what an encoder would put for each [MASK] in TEXT.

    Args:
        model: Run, directory or Hub name.
        texts: Texts with [MASK] in them.
        top: How many candidates for each mask.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        as_json: Print one JSON object a text, for programs.
    """
    from textune.encoder import names
    from textune.recipes import plain_text

    names.require_device(device)
    plain_text.check_base(model)
    from textune.predicting import filling  # torch, transformers: nothing is wrong with the base

    filler = filling.Filler.load(model, device=device)
    for text in texts:
        found = filling.lines(filler.fill(text, top=top))
        if as_json:
            console.show_json({"text": text, "masks": found})
        else:
            console_metrics.show_filled(text, found)


commands_looking.register(app)
commands_table.register(app)
commands_deciding.register(app)
commands_comparing.register(app)
commands_pushing.register(app)
commands_exporting.register(app)
commands_reporting.register(app)
commands_suspects.register(app)
commands_explaining.register(app)
commands_serving.register(app)
commands_keeping.register(app)


@command(app)
def accept(run: Path) -> None:
    """Take the model in RUN as it is now: its files were changed on purpose.

    A model's files have checksums beside them, and one that is not as it was saved is not used.

    Args:
        run: Folder that textune train wrote.
    """
    from textune.runs import runs

    changed = runs.accept(run)
    names = ", ".join(changed) if changed else "nothing was changed"
    console.say(f"{run}: accepted as it is ({names})")


@command(app)
def demo(*, out: Path = Path("demo"), epochs: int | None = None, limit: int | None = None) -> None:
    """Run the main job on real text with the bundled encoder: no download, a few minutes.

    Args:
        out: Folder for the demo's data and run.
        epochs: Passes over the texts; by the recipe if not given.
        limit: Use so many texts only: a trial.
    """
    from textune.doors import demo

    with console.spared():
        console.say(demo.describe(demo.prepare(out)))
    for words in demo.commands(out, epochs=epochs, limit=limit):
        with console.spared():
            console.say(f"\n$ {shlex.join(['textune', *words])}\n")
        app(words, standalone_mode=False)
    run_folder = out / "run"
    with console.spared():
        console.say(f"\nthe model: {run_folder / 'model'}")
        console.say(f"the report, for a browser: {run_folder / 'report.html'}")


def _watched(function: Callable[..., Any], options: Mapping[str, object], *, quiet: bool) -> Any:
    """Show a run that a function would make of these options, to its end; return what it made."""
    return watching.watch(api.events_of(function, **options), quiet=quiet)


def _show_language(run: "Run", options: Mapping[str, object], *, as_json: bool) -> None:
    if options.get("plan"):
        console_plan.show(run.metrics["plan"], as_json=as_json)
    elif not options.get("trial"):
        _show_run(run, console_metrics.show_language, as_json=as_json)
    elif as_json:  # people have been told already
        console.show_json({"trial": "passed", **run.metrics})


def _show_run(run: "Run", show: Callable[["Run"], None], *, as_json: bool) -> None:
    """Print a run's numbers; it is saved, and does not fail where nobody reads them."""
    if as_json:
        console.show_json({"run": str(run.path), **run.metrics, **console_metrics.curve_of(run)})
        return
    with console.spared():
        show(run)


def _show_trained(run: "Run") -> None:
    """Print the numbers of a fine-tuned model, and the command that labels new texts with it."""
    from textune.runs import curves, openings, runs
    from textune.tasks import registry

    console_metrics.show_seeds(run.metrics)
    console_metrics.show_parts(run.metrics)
    console_metrics.show_baselines(run.metrics)
    if (curve := curves.LearningCurve.read(run.path)) is not None:
        console_metrics.show_curve(curve)
    if opened := openings.said(run.path):
        console.say(f"\n{opened}")
    agreed = runs.read_card(runs.model_folder(run.path)).contract
    words = registry.of(agreed.task).texts[: len(agreed.text)]
    command = ["textune", "predict", console.argument(run.path), *words]
    console_files.show_saved(run.path)
    console.say(f"\nlabel new texts:  {shlex.join(command)}")


def run() -> None:
    """Run a command; a user's mistake is a message and an exit code, never a traceback."""
    console.accept_any_text()
    try:
        exits.hush_others()
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except TextuneError as error:
        if exits.is_heard(error):
            console.fail(str(error))
        exits.end(error.exit_code)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        console.fail("stopped")
        sys.exit(130)
    except BrokenPipeError:  # the reader, for example `head`, has seen enough
        console.silence(sys.stdout)
        sys.exit(0)
    except Exception as error:  # what click raises for wrong options, or a bug
        exits.is_heard(error)
        exits.leave(error)
    sys.exit(code if isinstance(code, int) else 0)
