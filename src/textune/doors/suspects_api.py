"""What `import textune` offers for wrong labels: `suspects` and `correct`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.doors.api import Events, carried_out_by
from textune.errors import hinting, require_known
from textune.records import Annotators
from textune.storage.names import to_path

EFFORTS = ("quick", "thorough")
OF_BASE = ("base", "device", "seed")  # that a linear head needs

if TYPE_CHECKING:  # pydantic, numpy, torch
    from textune.recipes.correcting import Corrected
    from textune.recipes.suspecting import Suspects
    from textune.runs.runs import Run


def looking(options: Mapping[str, Any]) -> Events["Suspects"]:
    """Look for wrong labels by the keywords of `suspects`."""
    from textune.doors import keywords
    from textune.errors import SettingsError
    from textune.predicting.outputs import Output
    from textune.settings.config import Settings

    count, output = options["n"], options["output"]
    if count is not None and count < 1:
        raise SettingsError(f"-n {count}: how many rows are wanted; allowed: 1 or more")
    if options["harmless"] and output is None:
        raise SettingsError("--harmless-cells goes with --output FILE")
    run = options["run"]
    if run is not None and (
        given := [f"--{name}" for name in OF_BASE if options[name] is not None]
    ):
        raise SettingsError(f"{', '.join(given)}: --run has answers already; leave it out")
    _check_forms(options)
    settings = keywords.resolve(Settings, {**options, "effort": None})
    from textune.recipes import suspecting  # torch: nothing is wrong with the options
    from textune.runs import runs

    written = None
    if output is not None:
        written = Output(to_path(output, "--output"), options["overwrite"], options["harmless"])
    wanted = suspecting.Wanted(
        count=count,
        output=written,
        form=options["as_"],
        run=None if run is None else runs.folder_of(run),
        is_thorough=options["effort"] == "thorough",
    )
    return suspecting.suspects(options["source"], settings, wanted)


def _check_forms(options: Mapping[str, Any]) -> None:
    """Refuse efforts that there are not, and forms that nothing is written in."""
    from textune.errors import SettingsError, among

    effort, form = options["effort"], options["as_"]
    if effort not in (None, *EFFORTS):
        raise SettingsError(f"--effort {effort}: {among(str(effort), EFFORTS)}")
    if effort is not None and options["run"] is not None:
        raise SettingsError("--effort: --run has answers already; leave it out")
    if form is not None and options["output"] is None:
        raise SettingsError(f"--as {form} goes with --output FILE")
    if form is not None and options["harmless"]:
        raise SettingsError("--harmless-cells is for tables, and --as writes none; leave it out")


@carried_out_by(looking)
def suspects(  # noqa: D417  # the others are described in `train`
    source: object,
    *,
    n: int | None = None,
    output: str | Path | None = None,
    as_: str | None = None,
    effort: str | None = None,
    run: "str | Path | Run | None" = None,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    annotators: Annotators | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    merge_labels: str | Sequence[str] | None = None,
    group: str | None = None,
    names: str | Path | None = None,
    skip: str | Sequence[str] | None = None,
    no_skip: str | Sequence[str] | None = None,
    base: str | Path | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    harmless: bool = False,
    overwrite: bool = False,
) -> "Suspects":
    """Find the labels of a file that are probably wrong, by confident learning.

    A linear head on the frozen encoder answers each text while it does not learn from it; with
    effort "thorough" encoders that are fine-tuned on folds do, too.

    Args:
        source: File, folder, pattern or address of labelled text, as for train (in Python: or a
            data frame).
        n: Most rows that are wanted; all whose label is probably wrong if not given.
        output: File to write them to, in the input's columns: .csv, .tsv, .jsonl or .parquet.
        as_: Write tasks of an annotation tool instead, what is suggested as their first annotation:
            "label-studio", "doccano" and others, as for predict.
        effort: "quick" (a linear head on the frozen encoder, in seconds) or "thorough" (the encoder
            is fine-tuned ten times, without a fifth of the texts each time, too).
        run: Folder of textune folds, or of a run of this file that was cross-validated: its own
            answers about texts that it held out are taken, which takes no training.
        harmless: Put ' before cells that a spreadsheet takes for formulas.
        overwrite: Replace what is there.

    Returns:
        The rows, the surest first: `rows` holds a dict for each, with the input's columns, "rank",
        "place", "given", "suggested", "p given", "p suggested" and a blank "corrected"; `likely`
        and `share` say how many there are.

    Raises:
        TextuneError: The file or the base cannot be read, or its labels are no names of texts.

    Examples:
        >>> textune.suspects("reviews.csv", n=20).rows[0]["suggested"]  # doctest: +SKIP
        'good'
    """
    raise NotImplementedError


@hinting
def correct(
    source: object,
    corrections: str | Path,
    output: str | Path,
    *,
    overwrite: bool = False,
    measure: bool = False,
    **options: object,
) -> "Corrected":
    """Write a copy of a labelled file with the labels that somebody corrected.

    Args:
        source: The file that suspects were looked for in.
        corrections: What `suspects` wrote, its column "corrected" filled in where a label is wrong;
            where it is blank the label stays.
        output: The copy, in the input's columns: .csv, .tsv, .jsonl or .parquet.
        overwrite: Replace what is there.
        measure: Say what a linear head on the frozen encoder scores before and after, on texts that
            it did not learn from.
        options: How the file is read, by the keywords of `suspects`; with measure `base`, `seed`
            and `device`, too.

    Returns:
        How many rows there are, how many were changed, and, if measured, what that is `worth`.

    Raises:
        TextuneError: A file cannot be read or written, or a correction belongs to no row.

    Examples:
        >>> textune.correct("reviews.csv", "suspects.csv", "fixed.csv").changed  # doctest: +SKIP
        12
    """
    from textune.doors import keywords
    from textune.predicting.outputs import Output
    from textune.recipes import correcting
    from textune.settings.config import Settings

    require_known(correct, options, like=suspects)
    settings = keywords.resolve(Settings, options)
    written = Output(to_path(output, "--output"), overwrite)
    done = correcting.correct(source, settings, to_path(corrections, "--apply"), written)
    if not measure:
        return done
    from textune.recipes import correction_worth  # torch

    found = correction_worth.measure(source, written.path, settings)
    if isinstance(found, str):
        return replace(done, remarks=(*done.remarks, found))
    return replace(done, worth=found)
