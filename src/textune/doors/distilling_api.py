"""What `import textune` offers to make a run's model smaller: `distill`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.doors.api import Events, carried_out_by
from textune.records import ReadOptions
from textune.storage.names import to_path

READ = ("header", "delimiter", "rows", "sheet", "quote", "encoding", "faulty")
TO = re.compile(r"(\d{1,4})(?:x(\d{1,6}))?")
CONFIG, SUFFIX = "config.toml", "-distilled"
OFF = ("train.probe=false", "train.class_weights=none")  # head and targets are the run's own
LR = 0.0768  # learning rate times width: 2e-4 of 384

if TYPE_CHECKING:  # pydantic, numpy
    from textune.recipes.distilling import DistilRequest
    from textune.runs.runs import Run


def distilling(options: Mapping[str, Any]) -> Events["Run"]:
    """Distil by the keywords of `distill`; iterate to watch."""
    from textune.recipes import distilling

    return distilling.learn(request(options))


def request(options: Mapping[str, Any]) -> "DistilRequest":
    """Make a request of the keywords of `distill`.

    Raises:
        SettingsError: A value is none that is allowed.
        RunError: There is no finished run, or it does not say from which file it learned.
    """
    from textune.data.names import parted
    from textune.doors.keywords import HOW
    from textune.predicting.predictor import Reading
    from textune.recipes.distilling import DistilRequest
    from textune.runs import runs

    run, texts, out = options["run"], options["unlabelled"], options["out"]
    folder = runs.folder_of(run)
    layers, width = _size(options)
    begun = _begun(folder)
    return DistilRequest(
        source=begun["source"],
        valid=begun.get("valid"),
        test=begun.get("test"),
        settings=_settings(folder, options),
        out=folder.with_name(f"{folder.name}{SUFFIX}") if out is None else to_path(out, "--out"),
        **{name: options[name] for name in HOW},
        run=folder,
        layers=layers,
        width=width,
        texts=tuple(texts) if isinstance(texts, list | tuple) else (texts,),
        reading=Reading(
            text=parted(options["column"]) or (),
            file=ReadOptions(**{name: options[name] for name in READ}),
        ),
        temperature=options["temperature"],
    )


def _size(options: Mapping[str, Any]) -> tuple[int, int | None]:
    """Read how many layers are wanted, and their width if it is said."""
    from textune.errors import SettingsError

    found = TO.fullmatch(str(options["to"]))
    if found is None:
        raise SettingsError(
            f"--to {options['to']}: expected how many layers, and how wide they are, as 3x384 or 3"
        )
    if not 0 < options["temperature"] < float("inf"):
        raise SettingsError(f"--temperature {options['temperature']}: allowed: numbers above 0")
    return int(found[1]), None if found[2] is None else int(found[2])


def _begun(folder: Path) -> Mapping[str, Any]:
    """Return from which files a run learned."""
    from textune.errors import RunError
    from textune.runs import exports, runs
    from textune.settings import config

    runs.read_card(runs.model_folder(folder))
    file = folder / CONFIG
    found = config.run_section(file) if file.is_file() else {}
    if not found.get("source"):
        exports.refuse(folder, "does not say from which file it learned")
        raise RunError(
            f"{folder}: does not say from which file it learned, which is needed for its held-out "
            "texts; give the folder of a run that textune train made from a file"
        )
    return found


def _settings(folder: Path, options: Mapping[str, Any]) -> Any:
    """Return the run's settings of its data, and new ones of the training."""
    from textune.doors import keywords
    from textune.encoder import bases
    from textune.runs import runs
    from textune.settings import config
    from textune.settings.config import Settings

    changes = options["settings"]
    listed = (changes,) if isinstance(changes, str) else tuple(changes)
    before = keywords.resolve(Settings, {}, folder / CONFIG)
    rate = LR / bases.width(runs.model_folder(folder))
    mine = [*OFF, f"train.lr={rate:.2g}", *listed]
    if before.train.metric is not None:
        mine.insert(0, f"train.metric={before.train.metric}")
    names = ("epochs", "batch_size", "lr", "precision")
    given = {f"train.{name}": options[name] for name in names if options[name] is not None}
    train = config.resolve(Settings, None, tuple(mine), given).train
    changed = {"train": train, "base": str(folder), "device": options["device"] or before.device}
    return before.model_copy(update=changed)


@carried_out_by(distilling)
def distill(
    run: "str | Path | Run",
    *,
    to: str,
    unlabelled: str | Path | Sequence[object] = (),
    out: str | Path | None = None,
    column: Columns | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    temperature: float = 1.0,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    precision: str | None = None,
    device: str | None = None,
    settings: str | Sequence[str] = (),
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> "Run":
    """Teach an encoder of fewer layers to answer as a run does.

    It begins with some of the run's own layers, evenly chosen, and its head, and learns what the
    run says of its training texts and of texts without labels. The texts that the run held out
    judge it, and say what was lost.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        to: How many layers, and how wide they are: "3x384", or "3".
        unlabelled: File of texts without labels, once or several times; the run's own training
            texts are learned from, too.
        out: Folder of the new run; that of the run with "-distilled" by default.
        column: Text column of those files, or two, "A,B", if not called as in training.
        header: Does the first row name the columns? Without, they are "1", "2", …
        delimiter: Character between cells, where recognition errs.
        rows: Keys of JSON that lead to the rows, "body.items", where several may.
        sheet: Sheet of a spreadsheet, where several hold tables.
        quote: Character around cells, where recognition errs; "none" if quotes are text.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        faulty: "refuse" files with faulty rows, or "skip" those rows: they are named.
        temperature: The run's logits are divided by it before they become probabilities.
        epochs: Passes over all texts.
        batch_size: Texts in one update.
        lr: Highest learning rate; by default 0.0768 over the width, 2e-4 of the bundled encoder.
        precision: Number format: "auto", "fp32", "bf16" or "fp16".
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        settings: Any setting of the training, as "train.patience=2".
        resume: Go on with a run that was stopped or killed, to the same weights.
        accept_changes: Go on though versions or kernels have changed, to other bits.
        overwrite: Replace what is there.

    Returns:
        The new run: an ordinary one, whose `metrics["distilled"]` says what was lost and gained.

    Raises:
        TextuneError: The run is none of one or several labels a text, held no texts out, or its
            files have changed; or a file of texts cannot be read.

    Examples:
        >>> small = textune.distill("runs/reviews", to="3")  # doctest: +SKIP
        >>> small.metrics["distilled"]["times_as_fast"]  # doctest: +SKIP
        1.9
    """
    raise NotImplementedError
