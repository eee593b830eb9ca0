"""The command line: each command reads its options, calls the library once, and prints."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textune.doors import (
    console,
    console_predictions,
    console_survey,
    exits,
    folds_cli,
    language_cli,
    watching,
)
from textune.doors.cli_options import (
    AcceptChanges,
    Base,
    Delimiter,
    Device,
    File,
    Group,
    Header,
    Json,
    Label,
    Names,
    Overwrite,
    Precision,
    Resume,
    RunFolder,
    Seed,
    Skip,
    TaskName,
    Text,
    Threshold,
    Weight,
)
from textune.errors import SettingsError, TextuneError

if TYPE_CHECKING:  # it would make `--help` slow
    from textune.runs.runs import Run

app = typer.Typer(
    name="textune",
    help="Fine-tune BERT-family encoders on your own text: packed, exact, decisions you can trust.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

language_cli.register(app)
folds_cli.register(app)


@app.command()
def check(
    file: File,
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
    as_json: Json = False,
) -> None:
    """Say what is in FILE, what would be trained on it, and what is wrong with it."""
    from textune.survey import plain_survey, survey

    if plain_survey.is_many(file):
        texts = plain_survey.check([file], text=text, base=base)
        (console.show_json if as_json else console_survey.show_plain)(texts)
        return

    found = survey.check(
        file,
        text=text,
        label=label,
        task=task,
        header=header,
        delimiter=delimiter,
        group=group,
        skip=skip,
        weight=weight,
        names=names,
        base=base,
    )
    if as_json:
        console.show_json(survey.to_json(found))
    else:
        console_survey.show_survey(found)


@app.command()
def train(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="CSV, TSV, JSONL, Parquet, CoNLL, SQuAD; else that of --config."
        ),
    ] = None,
    text: Text = None,
    label: Label = None,
    task: TaskName = None,
    header: Header = None,
    delimiter: Delimiter = None,
    group: Group = None,
    names: Names = None,
    weight: Weight = None,
    skip: Skip = None,
    valid: Annotated[str | None, typer.Option(help="File to select the best weights by.")] = None,
    test: Annotated[str | None, typer.Option(help="File for the final numbers.")] = None,
    base: Base = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/<file> if left out.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any setting.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the texts.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Texts in one update.")] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens that are read at once.")] = None,
    long: Annotated[
        str | None,
        typer.Option(help="Of longer texts read head, tail, head+tail or, in parts, all: window."),
    ] = None,
    pool: Annotated[
        str | None, typer.Option(help="Join the answers of windows by mean, max or learned.")
    ] = None,
    seed: Seed = None,
    device: Device = None,
    precision: Precision = None,
    limit: Annotated[
        int | None, typer.Option(help="Use so many rows of each file: a trial.")
    ] = None,
    resume: Resume = False,
    accept_changes: AcceptChanges = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fine-tune an encoder on the labelled text in FILE."""
    options = dict(locals())
    from textune.doors import api
    from textune.recipes import recipe

    source, valid, test = _sources(file, valid, test, config)
    request = recipe.Request(
        source=source,
        settings=api.resolve(config, changes or [], api.chosen(options)),
        out=out or api.free_folder(source),
        valid=valid,
        test=test,
        resume=resume,
        overwrite=overwrite,
        config=config,
        accept_changes=accept_changes,
    )
    _show_run(watching.watch(recipe.training(request), quiet=as_json), as_json=as_json)


@app.command()
def evaluate(
    run: RunFolder,
    file: File,
    text: Text = None,
    label: Label = None,
    header: Header = None,
    delimiter: Delimiter = None,
    skip: Skip = None,
    threshold: Threshold = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="Number format: auto, fp32 or bf16.")] = "auto",
    as_json: Json = False,
) -> None:
    """Judge the model in RUN by the labelled text in FILE: every metric, with intervals.

    One that fills in masks is judged by plain text: loss, perplexity, masked accuracy.
    """
    from textune.data.names import parted
    from textune.predicting.predictor import Reading
    from textune.recipes import plain_request, recipe
    from textune.runs import runs

    if runs.is_language(run):
        plain_request.check_files([file], column=text)
        from textune.recipes import language_recipe  # torch, transformers

        numbers = language_recipe.evaluate_text(run, file, column=text, device=device)
        if as_json:
            console.show_json(numbers)
        else:
            console.show_metrics(numbers, title=f"{file} ({numbers['n']:,} documents)")
        return
    options = Reading(
        text=parted(text) or (),
        label=parted(label) or (),
        header=header,
        delimiter=delimiter,
        skip=tuple(skip or ()),
        threshold=threshold,
        device=device,
        precision=precision,
    )
    found = recipe.evaluate_file(run, file, options)
    if as_json:
        console.show_json(found)
    else:
        for remark in found["remarks"]:
            console.warn(remark)
        console.show_metrics(found, title=f"{file} ({found['n']:,} texts)")


@app.command()
def predict(
    run: RunFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]…")] = None,
    input_: Annotated[str | None, typer.Option("--input", help="File of texts to label.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    text: Text = None,
    header: Header = None,
    delimiter: Delimiter = None,
    threshold: Threshold = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="Number format: auto, fp32 or bf16.")] = "auto",
    harmless: Annotated[
        bool,
        typer.Option(
            "--harmless-cells", help="Put ' before cells that a spreadsheet takes for formulas."
        ),
    ] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Label TEXTs, or every row of a file, with the model in RUN."""
    from textune.data.names import parted
    from textune.predicting import answers
    from textune.predicting.predictor import FEW, Predictor, Reading

    if bool(texts) == bool(input_):
        raise SettingsError("name either texts or --input FILE to be labelled")
    if output is not None and not input_:
        raise SettingsError("--output goes with --input FILE")
    if harmless and output is None:
        raise SettingsError("--harmless-cells goes with --output FILE")
    options = Reading(
        text=parted(text) or (),
        header=header,
        delimiter=delimiter,
        threshold=threshold,
    )
    few = bool(texts) and sum(map(len, texts or [])) <= FEW
    predictor = Predictor.opened(run, device=device, precision=precision, few=few)
    if input_ and output:
        steps = answers.predict_file(
            predictor, input_, output, options, overwrite=overwrite, harmless=harmless
        )
        rows = max(console.counting(steps, what="labelling"), default=0)
        if as_json:
            console.show_json({"output": str(output), "rows": rows})
        else:
            console.say(f"{output}: {rows:,} rows")
        for remark in answers.left_out(input_, options):
            console.warn(remark)
    elif input_:
        examples = answers.read_texts(predictor, input_, options)
        found = predictor.stream(examples, threshold=threshold)
        console_predictions.show_predictions(found, as_json=as_json)
    else:
        given = predictor.predict(answers.to_texts(predictor, texts or []), threshold=threshold)
        console_predictions.show_predictions(given, as_json=as_json)


@app.command()
def accept(run: RunFolder) -> None:
    """Take the model in RUN as it is now: its files were changed on purpose.

    A model's files have checksums beside them, and one that is not as it was saved is not used.
    """
    from textune.runs import runs

    changed = runs.accept(run)
    names = ", ".join(changed) if changed else "nothing was changed"
    console.say(f"{run}: accepted as it is ({names})")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the demo's data and run.")] = Path("demo"),
    epochs: Annotated[int | None, typer.Option(help="Passes over the texts.")] = None,
    limit: Annotated[int | None, typer.Option(help="Use so many texts only: a trial.")] = None,
) -> None:
    """Run the main job on real text with the bundled encoder: no download, a few minutes."""
    from textune.doors import demo

    with console.spared():
        console.say(demo.describe(demo.prepare(out)))
    for command in demo.commands(out, epochs=epochs or demo.EPOCHS, limit=limit):
        with console.spared():
            console.say(f"\n$ {shlex.join(['textune', *command])}\n")
        app(command, standalone_mode=False)
    run_folder = out / "run"
    with console.spared():
        console.say(f"\nthe model: {run_folder / 'model'}")
        console.say(f"the report, for a browser: {run_folder / 'report.html'}")


def _sources(
    file: str | None, valid: str | None, test: str | None, config: Path | None
) -> tuple[str, str | None, str | None]:
    """Return the files to train on: as named, or those of the run that wrote the settings."""
    from textune.settings.config import run_section

    if file is not None:
        return file, valid, test
    before = {} if config is None else run_section(config)
    if not before.get("source"):
        raise SettingsError(
            "name the FILE to train on, or give --config the config.toml of a run made from a file"
        )
    return before["source"], valid or before.get("valid"), test or before.get("test")


def _show_run(run: "Run", *, as_json: bool) -> None:
    """Print a run's numbers, and the command that labels new texts with it."""
    if as_json:
        console.show_json({"run": str(run.path), **run.metrics})
        return
    with console.spared():
        _show_numbers(run)


def _show_numbers(run: "Run") -> None:
    from textune.runs import runs

    for part in ("valid", "test"):
        if part in run.metrics:
            console.show_metrics(run.metrics[part], title=f"\n{part}")
    console.show_baselines(run.metrics)
    agreed = runs.read_card(runs.model_folder(run.path)).contract
    words = ["some text", "a second text"][: len(agreed.text)]
    if agreed.task == "answers":
        words = ["a question", "its passage"]
    command = ["textune", "predict", console.argument(run.path), *words]
    console.say(f"\nlabel new texts:  {shlex.join(command)}")


def run() -> None:
    """Run a command; a user's mistake is a message and an exit code, never a traceback."""
    console.accept_any_text()
    try:
        code = app(standalone_mode=False)
        console.flush()
    except TextuneError as error:
        console.fail(str(error))
        sys.exit(error.exit_code)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        console.fail("stopped")
        sys.exit(130)
    except BrokenPipeError:  # the reader, for example `head`, has seen enough
        console.hush()
        sys.exit(0)
    except Exception as error:  # what click raises for wrong options, or a bug
        exits.leave(error)
    sys.exit(code if isinstance(code, int) else 0)
