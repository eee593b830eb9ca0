"""What `import textune` offers to see whether texts have moved since a training: `watch`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.errors import hinting
from textune.records import ReadOptions

if TYPE_CHECKING:  # numpy
    from textune.recipes.drifting import Watched
    from textune.runs.runs import Run


@hinting
def watch(
    run: "str | Path | Run",
    source: object,
    *,
    level: float = 0.01,
    text: Columns | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    skip: str | Sequence[str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    plugin: str | Path | Mapping[str, Any] | None = None,
) -> "Watched":
    """Say whether texts have moved since a run was trained, beyond what chance explains.

    Length, language, decisions and how sure they are, each beside the run's held-out texts, by
    named tests that keep one level together. Labels are not needed.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        source: File, folder, pattern or address of texts, as for train (in Python: or a data
            frame); labels may be absent.
        level: Chance, of all tests together, that something is said to have moved by chance alone.
        text: Text column, or two, "A,B", if not called as in training.
        header: Does the first row name the columns? Without, they are "1", "2", …
        delimiter: Character between cells, where recognition errs.
        rows: Keys of JSON that lead to the rows, "body.items", where several may.
        sheet: Sheet of a spreadsheet, where several hold tables.
        quote: Character around cells, where recognition errs; "none" if quotes are text.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        faulty: "refuse" files with faulty rows, or "skip" those rows: they are counted.
        skip: Leave out rows with this cell, "COLUMN=VALUE", besides those that training left out.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format: "auto", "fp32", "bf16" or "fp16".
        plugin: Python file with the parts of the model's owner, where it was trained with a head or
            preprocessing of that kind.

    Returns:
        `moved` names what has; `tests` holds each test with its p after Holm's correction and the
        size of the effect, `unlike` the rows that are most unlike the run's texts. No tests where
        either side has fewer than 20 texts: nothing can be told.

    Raises:
        TextuneError: Any mistake in the file or the run.

    Examples:
        >>> textune.watch("runs/reviews", "today.csv").moved  # doctest: +SKIP
        ('language',)
    """
    from textune.data.names import parted
    from textune.predicting.predictor import Reading
    from textune.recipes import drifting
    from textune.runs import runs

    options = Reading(
        text=parted(text) or (),
        file=ReadOptions(
            header=header,
            delimiter=delimiter,
            quote=quote,
            encoding=encoding,
            faulty=faulty,
            rows=rows,
            sheet=sheet,
        ),
        skip=(skip,) if isinstance(skip, str) else tuple(skip or ()),
        device=device,
        precision=precision,
        plugin=plugin,
    )
    folder = runs.folder_of(run)
    return drifting.watch(folder, source, options, level=level)
