"""A file of texts becomes a file of what a model says of them, or lines on the screen."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textune.doors import console, console_explaining, console_predictions
from textune.errors import SettingsError, counted
from textune.fast import memory
from textune.predicting import files, telling, unfinished
from textune.predicting.files import Long
from textune.predicting.outputs import Output
from textune.predicting.predictor import Predictor, Reading
from textune.predicting.tools import table
from textune.predicting.tools.interface import Model, Tool
from textune.records import Example


def form(name: str, predictor: Predictor, run: Path, *, harmless: bool) -> tuple[Tool, Model]:
    """Return the form of an annotation tool, and what it needs to know of a model.

    Raises:
        SettingsError: There is no such form, or it does not fit the model or the other options.
    """
    if harmless:
        raise SettingsError("--harmless-cells is for tables, and --as writes none; leave it out")
    return table.of(name, predictor, run.resolve().name)


def of_file(
    predictor: Predictor,
    source: str,
    options: Reading,
    written: Output | None,
    *,
    form: tuple[Tool, Model] | None = None,
    explain: bool = False,
    long: Long | None = None,
    as_json: bool,
) -> None:
    """Label every row of a file, and say how it was read where that is not as in training.

    Args:
        predictor: The model.
        source: The file.
        options: How to read it.
        written: The file to be written; None: the screen.
        form: Of an annotation tool, in which it is written; None: the input's table.
        explain: Whether the words that moved each decision are told as well.
        long: How a table that takes long is written; None: in one go.
        as_json: Whether a program reads what is printed.
    """
    left_out: list[str] = []
    if form is not None and explain:
        raise SettingsError(
            f"--explain: files of {form[0].name} have no place for it; leave it out"
        )
    memory.keep()  # what a batch frees is wanted by the next
    if written is None:
        texts = files.read_texts(predictor, source, options, left_out=left_out)
        show(predictor, texts, options.threshold, explain=explain, as_json=as_json)
    else:
        if form is None:
            steps = files.predict_file(
                predictor,
                source,
                written.path,
                options,
                overwrite=written.overwrite,
                harmless=written.harmless,
                explain=explain,
                long=long,
            )
        else:
            steps = table.predict_as(
                predictor, source, written.path, options, form, overwrite=written.overwrite
            )
        with _telling_what_is_kept(written.path):
            rows = max(console.counting(steps, what="labelling"), default=0)
        _show(written, rows, list(form[0].settings(form[1])) if form else [], as_json=as_json)
        left_out += files.without_answer(written.path, options)
        left_out += [] if long is None else long.remarks
    for remark in (*files.remarks(predictor, source, options), *left_out):
        console.warn(remark)


@contextmanager
def _telling_what_is_kept(output: Path) -> Iterator[None]:
    """Say after a Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if (kept := unfinished.folder_of(output)).is_dir():
            console.warn(f"{kept}: holds what was answered; the same command with --resume goes on")
        raise


def show(
    predictor: Predictor,
    texts: Iterable[Example],
    threshold: float | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Print what a model says of texts, and why where that is asked for."""
    task = predictor.task.name
    if not explain:
        found = predictor.stream(texts, threshold=threshold)
        console_predictions.show_predictions(found, task, as_json=as_json)
        return
    for one in predictor.explanations(texts, threshold=threshold):
        if as_json:
            why = one.told()
            given = {key: why[key] for key in ("method", "reasons")}
            console.show_json(telling.to_json(one.prediction, task) | given)
            continue
        console_predictions.show_predictions([one.prediction], task, as_json=False)
        console_explaining.show(one)


def _show(written: Output, rows: int, settings: list[str], *, as_json: bool) -> None:
    """Say what was written, and the settings of the tool that shows it."""
    if as_json:
        more = {"config": "\n".join(settings)} if settings else {}
        console.show_json({"output": str(written.path), "rows": rows} | more)
        return
    console.say(f"{written.path}: {counted(rows, 'row')}")
    if settings:
        console.say("the labelling config that fits:")
        for line in settings:
            console.say(line)
