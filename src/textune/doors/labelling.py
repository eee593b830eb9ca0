"""A file of texts becomes a file of what a model says of them, or lines on the screen."""

from textune.doors import console, console_predictions
from textune.predicting import files
from textune.predicting.outputs import Output
from textune.predicting.predictor import Predictor, Reading


def of_file(
    predictor: Predictor,
    source: str,
    options: Reading,
    written: Output | None,
    *,
    as_json: bool,
) -> None:
    """Label every row of a file, and say how it was read where that is not as in training.

    Args:
        predictor: The model.
        source: The file.
        options: How to read it.
        written: The file to be written; None: the screen.
        as_json: Whether a program reads what is printed.
    """
    if written is None:
        found = predictor.stream(
            files.read_texts(predictor, source, options), threshold=options.threshold
        )
        console_predictions.show_predictions(found, predictor.task.name, as_json=as_json)
    else:
        steps = files.predict_file(
            predictor,
            source,
            written.path,
            options,
            overwrite=written.overwrite,
            harmless=written.harmless,
        )
        rows = max(console.counting(steps, what="labelling"), default=0)
        if as_json:
            console.show_json({"output": str(written.path), "rows": rows})
        else:
            console.say(f"{written.path}: {rows:,} rows")
    for remark in files.remarks(predictor, source, options):
        console.warn(remark)
