"""The command that answers: `predict`."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from textune.doors import console, console_files, evaluating_api
from textune.doors.options import command
from textune.errors import SettingsError
from textune.records import ReadOptions

if TYPE_CHECKING:  # pyarrow
    from textune.predicting.files import Asked


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, words=evaluating_api.evaluate)(predict)


def predict(  # noqa: D417  # the others are described in `evaluate`
    run: Path,
    texts: Sequence[str] = (),
    *,
    input_: str | None = None,
    output: str | None = None,
    text: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    threshold: float | None = None,
    device: str = "auto",
    precision: str = "auto",
    plugin: Path | None = None,
    as_: str | None = None,
    explain: bool = False,
    harmless: bool = False,
    processes: int | None = None,
    ray: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    as_json: bool = False,
) -> None:
    """Label TEXTs, or every row of a file, with the model in RUN.

    Args:
        run: Folder that textune train wrote.
        texts: Texts to label.
        input_: File of texts to label.
        output: File to write.
        as_: Write for an annotation tool: label-studio, doccano, conll or brat (a folder).
        explain: Say which words moved each decision, as textune explain does.
        precision: Number format: "auto" (files as the model was trained, TEXTs in fp32), "fp32",
            "bf16" or "fp16".
        harmless: Put ' before cells that a spreadsheet takes for formulas.
        ray: Answer by a Ray cluster: its address, auto, or local for one on this machine.
        resume: Go on with an output where its process was stopped or killed.
        overwrite: Replace what is there.
        as_json: Print one JSON object a text, for programs.
    """
    from textune.data.names import parted
    from textune.doors import labelling
    from textune.predicting import files, sending
    from textune.predicting.files import Long
    from textune.predicting.outputs import Output
    from textune.predicting.predictor import FEW, Predictor, Reading
    from textune.predicting.workers import Opening

    if bool(texts) == bool(input_):
        raise SettingsError("name either texts or --input FILE to be labelled")
    _refuse_alone(texts, input_, output, as_, harmless=harmless)
    _refuse_long(output, as_, {"--resume": resume, "--processes": processes, "--ray": ray})
    read: Any = {"header": header, "delimiter": delimiter, "quote": quote, "encoding": encoding}
    read |= {"faulty": faulty, "rows": rows, "sheet": sheet}
    options = Reading(parted(text) or (), file=ReadOptions(**read), threshold=threshold)
    few = bool(texts) and sum(map(len, texts)) <= FEW
    predictor = Predictor.opened(run, device=device, precision=precision, few=few, plugin=plugin)
    show: Any = {"explain": explain, "as_json": as_json}
    if input_ and output is not None:
        form = labelling.form(as_, predictor, run, harmless=harmless) if as_ else None
        opening = Opening(run, device, precision, plugin, threshold, explain)
        long = Long(opening, resume, overwrite, processes or 1, _asked(ray, processes))
        with sending.to(output, overwrite=overwrite) as (path, may_replace):
            written = Output(path, may_replace, harmless)
            show |= {"form": form, "long": None if as_ else long}
            labelling.of_file(predictor, input_, options, written, **show)
    elif input_:
        labelling.of_file(predictor, input_, options, None, **show)
    else:
        console_files.warn_of_names(texts)
        given = predictor.examples(files.to_texts(predictor, texts))
        labelling.show(predictor, given, threshold, **show)
        for remark in files.remarks_on(given):
            console.warn(remark)


def _refuse_alone(
    texts: Sequence[str], input_: str | None, output: str | None, as_: str | None, *, harmless: bool
) -> None:
    """Refuse options that say nothing without another."""
    if output is not None and not input_:
        if console_files.are_files(texts):
            raise SettingsError(
                f"{texts[0]}: a file of texts is named by --input: --input "
                f"{console.argument(texts[0])} --output {console.argument(output)}"
            )
        raise SettingsError("--output goes with --input FILE; what is said of a TEXT is printed")
    if output is None and (harmless or as_):
        raise SettingsError(f"--{'as' if as_ else 'harmless-cells'} goes with --output FILE")


def _refuse_long(output: str | None, as_: str | None, given: Mapping[str, object]) -> None:
    """Refuse options of tables that may take long where none is written."""
    named = next((name for name, value in given.items() if value), None)
    if named is not None and (output is None or as_):
        what = "has no place beside --as: leave one out" if as_ else "goes with --output FILE"
        raise SettingsError(f"{named} {what}")


def _asked(address: str | None, count: int | None) -> "Asked | None":
    """Return what asks a cluster, if one is named."""
    if address is None:
        return None
    from textune.ray import actors

    return partial(actors.started, address=address, count=count)
