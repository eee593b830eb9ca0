"""What `import textune` offers for choosing the texts to label next: `suggest`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.doors.api import Events, carried_out_by
from textune.records import ReadOptions
from textune.storage.names import to_path

READ = (
    "header",
    "delimiter",
    "rows",
    "sheet",
    "quote",
    "encoding",
    "faulty",
)  # how the file is read

if TYPE_CHECKING:  # pydantic, numpy
    from textune.predicting.suggesting import Suggestions
    from textune.runs.runs import Run


def suggesting(options: Mapping[str, Any]) -> Events["Suggestions"]:
    """Choose texts by the keywords of `suggest`; iterate to watch how many rows are read."""
    from textune.data.names import parted
    from textune.errors import SettingsError
    from textune.predicting import suggesting
    from textune.predicting.outputs import Output
    from textune.predicting.predictor import Predictor, Reading
    from textune.runs import runs

    run, output, known = options["run"], options["output"], options["known"]
    if options["harmless"] and output is None:
        raise SettingsError("--harmless-cells goes with --output FILE")
    folder = runs.folder_of(run)
    predictor = Predictor.opened(
        folder, **{name: options[name] for name in ("device", "precision", "plugin")}
    )
    reading = Reading(
        text=parted(options["text"]) or (),
        file=ReadOptions(**{name: options[name] for name in READ}),
    )
    written = None
    if output is not None:
        place = to_path(output, "--output")
        written = Output(place, overwrite=options["overwrite"], harmless=options["harmless"])
    return suggesting.suggest(
        predictor,
        options["source"],
        reading,
        count=options["n"],
        seed=options["seed"],
        known=tuple(known) if isinstance(known, list | tuple) else (known,),
        run=folder,
        output=written,
    )


@carried_out_by(suggesting)
def suggest(
    run: "str | Path | Run",
    source: object,
    *,
    n: int = 50,
    output: str | Path | None = None,
    known: str | Path | Sequence[object] = (),
    text: Columns | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    plugin: str | Path | Mapping[str, Any] | None = None,
    harmless: bool = False,
    overwrite: bool = False,
) -> "Suggestions":
    """Choose the texts of a file that should get a label next.

    Texts of which the model is unsure, each unlike the others; those that it learned from, and near
    repeats, are left out and counted.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        source: File, folder, pattern or address of texts, as for train (in Python: or a data
            frame); labels may be absent.
        n: How many texts.
        output: File to write them to, in the input's columns.
        known: More files of texts that have labels, once or several times; those that the run
            learned from are known.
        text: Text column, or two, "A,B", if not called as in training.
        header: Does the first row name the columns? Without, they are "1", "2", …
        delimiter: Character between cells, where recognition errs.
        rows: Keys of JSON that lead to the rows, "body.items", where several may.
        sheet: Sheet of a spreadsheet, where several hold tables.
        quote: Character around cells, where recognition errs; "none" if quotes are text.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        faulty: "refuse" files with faulty rows, or "skip" those rows: they are named.
        seed: Of what is drawn.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format: "auto", "fp32", "bf16" or "fp16".
        plugin: Python file with the parts of the model's owner, where it was trained with a head or
            preprocessing of that kind.
        harmless: Put ' before cells that a spreadsheet takes for formulas.
        overwrite: Replace what is there.

    Returns:
        The rows, the most useful first: `rows` holds a dict for each, with the input's columns,
        "rank", "uncertainty" and the model's present answer; `remarks` what was left out.

    Raises:
        TextuneError: Any mistake in the file or the run.

    Examples:
        >>> suggest("runs/reviews", "more.csv", n=20).rows[0]["text"]  # doctest: +SKIP
        'not bad for a sequel'
    """
    raise NotImplementedError
