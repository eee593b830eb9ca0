"""What `import textune` offers to judge a model by other texts: `evaluate`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.errors import hinting
from textune.records import Annotators, ReadOptions

if TYPE_CHECKING:  # numpy
    from textune.runs.runs import Run


@hinting
def evaluate(
    run: "str | Path | Run",
    source: object | None = None,
    *,
    final: bool = False,
    text: Columns | None = None,
    label: Columns | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    annotators: Annotators | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    skip: str | Sequence[str] | None = None,
    threshold: float | None = None,
    max_tokens: int | None = None,
    per_batch: int | None = None,
    by: Columns | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    plugin: str | Path | Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Judge a run's model by labelled text, one that fills in masks by plain text.

    The numbers are kept in the run.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        source: File, folder, pattern or address of labelled text, as for train (in Python: or a
            data frame); not the run's own test file, which is for `final`.
        final: Judge by the test file that was given to train: each time is counted in the run.
        text: Text column, or two, "A,B", if not called as in training.
        label: Label column, or several, if not called as in training.
        header: Does the first row name the columns? Without, they are "1", "2", …
        delimiter: Character between cells, where recognition errs.
        rows: Keys of JSON that lead to the rows, "body.items", where several may.
        sheet: Sheet of a spreadsheet, where several hold tables.
        annotators: Whose label is taken where several people annotated a text and differ: that of
            "majority" (the default; texts without one are left out and counted), all by their
            shares ("soft", one label a text), the "first", or nobody's ("refuse").
        quote: Character around cells, where recognition errs; "none" if quotes are text.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        faulty: "refuse" files with faulty rows, or "skip" those: they are written beside the run.
        skip: Leave out rows with this cell, "COLUMN=VALUE", besides those that training left out.
        threshold: Probability from which a label applies, instead of the model's own.
        max_tokens: Tokens of a text, or of a window of it, instead of those of the training.
        per_batch: Judge each so many texts as well, and say why that is not to be averaged.
        by: Column whose values are judged apart, each beside the rest of the texts: where the model
            is wrong. Once for each column (in Python: or a list of them). Numbers are cut at their
            quartiles.
        batch_size: Texts computed at once, at most, where memory is scarce.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format: "auto", "fp32", "bf16" or "fp16".
        plugin: Python file with parts of your own, as for train: needed where the model was trained
            with a head or preprocessing of that kind; its metrics are judged too.

    Returns:
        Every metric with its 95 % interval under "intervals", as `textune evaluate --json`;
        "remarks" holds what a person should know, "openings" how often the test file was opened.

    Raises:
        TextuneError: Any mistake in the file or the run.

    Examples:
        >>> evaluate("runs/reviews", "more.csv")["accuracy"]  # doctest: +SKIP
        0.93
    """
    from textune.data.names import parted
    from textune.predicting.predictor import Reading
    from textune.recipes import evaluating
    from textune.runs import openings, runs

    folder = runs.folder_of(run)
    is_one = text is not None and runs.is_language(folder)  # column of tables
    options = Reading(
        text=(str(text),) if is_one else parted(text) or (),
        label=parted(label) or (),
        file=ReadOptions(
            header=header,
            delimiter=delimiter,
            quote=quote,
            encoding=encoding,
            faulty=faulty,
            rows=rows,
            sheet=sheet,
            annotators=annotators,
        ),
        skip=(skip,) if isinstance(skip, str) else tuple(skip or ()),
        threshold=threshold,
        device=device,
        precision=precision,
        plugin=plugin,
        max_tokens=max_tokens,
        per_batch=per_batch,
        by=parted(by) or (),
        batch_size=batch_size,
    )
    command = openings.EVALUATE if final else ""
    return evaluating.evaluate(folder, source, options, final=command)
