"""A file of texts becomes a file of what a model says of them, or lines on the screen."""

from pathlib import Path

from textune.doors import console, console_predictions
from textune.errors import SettingsError
from textune.predicting import files
from textune.predicting.outputs import Output
from textune.predicting.predictor import Predictor, Reading
from textune.predicting.tools import table
from textune.predicting.tools.interface import Model, Tool


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
    as_json: bool,
) -> None:
    """Label every row of a file, and say how it was read where that is not as in training.

    Args:
        predictor: The model.
        source: The file.
        options: How to read it.
        written: The file to be written; None: the screen.
        form: Of an annotation tool, in which it is written; None: the input's table.
        as_json: Whether a program reads what is printed.
    """
    left_out: list[str] = []
    if written is None:
        texts = files.read_texts(predictor, source, options, left_out=left_out)
        found = predictor.stream(texts, threshold=options.threshold)
        console_predictions.show_predictions(found, predictor.task.name, as_json=as_json)
    else:
        overwrite = written.overwrite
        if form is None:
            steps = files.predict_file(
                predictor,
                source,
                written.path,
                options,
                overwrite=overwrite,
                harmless=written.harmless,
            )
        else:
            steps = table.predict_as(
                predictor, source, written.path, options, form, overwrite=overwrite
            )
        rows = max(console.counting(steps, what="labelling"), default=0)
        _show(written, rows, list(form[0].settings(form[1])) if form else [], as_json=as_json)
        left_out += files.without_answer(written.path, options)
    for remark in (*files.remarks(predictor, source, options), *left_out):
        console.warn(remark)


def _show(written: Output, rows: int, settings: list[str], *, as_json: bool) -> None:
    """Say what was written, and the settings of the tool that shows it."""
    if as_json:
        more = {"config": "\n".join(settings)} if settings else {}
        console.show_json({"output": str(written.path), "rows": rows} | more)
        return
    console.say(f"{written.path}: {rows:,} rows")
    if settings:
        console.say("the labelling config that fits:")
        for line in settings:
            console.say(line)
