"""Keywords become requests: what `import textune` offers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns, parted
from textune.predicting.predictor import Reading
from textune.recipes import recipe
from textune.recipes.recipe import Request
from textune.records import Long, Pool
from textune.runs.runs import Run
from textune.settings import config
from textune.settings.config import Settings
from textune.storage.names import file_name

if TYPE_CHECKING:  # scipy
    from textune.recipes.cross_validation import Folds

OPTIONS = {  # of `train` here and on the command line, and the settings that they stand for
    **{name: name for name in ("base", "seed", "device")},
    **{
        name: f"data.{name}"
        for name in (
            *("text", "label", "task", "header", "delimiter", "group", "skip", "weight", "names"),
            *("max_tokens", "long", "pool", "limit"),
        )
    },
    **{name: f"train.{name}" for name in ("epochs", "batch_size", "lr", "precision")},
}


def train(
    source: object,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    names: str | Path | None = None,
    skip: str | Sequence[str] | None = None,
    valid: object | None = None,
    test: object | None = None,
    base: str | Path | None = None,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    max_tokens: int | None = None,
    long: Long | None = None,
    pool: Pool | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    config: str | Path | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> Run:
    """Fine-tune an encoder on labelled text.

    Args:
        source: A file (CSV, TSV, JSONL, Parquet, CoNLL, SQuAD's JSON, each also .gz) or a data
            frame that speaks Arrow.
        text: Text column, or two for pairs, for question and passage; recognised if not given.
            "a,b" names two.
        label: Label column, or one 0/1 column for each label, or one for each number; recognised
            if not given.
        task: "single" (one label a text), "multi" (several), "number", "tags" (on words) or
            "answers" (in a passage); recognised if not given.
        header: Whether the first row names the columns; columns are "1", "2", … if not.
        delimiter: Character between cells, where recognition errs.
        group: Column whose equal values stay in one split.
        names: Names of classes that are numbers: a file of them, or a column.
        weight: Column that says how much each text weighs in the loss.
        skip: "COLUMN=VALUE", one or several: rows in which that cell stands have no label and are
            left out; "label=" for blank cells.
        valid: File or frame to select the best weights by; a tenth of the source by default.
        test: File or frame for the final numbers.
        base: Directory or Hub name of the encoder; the bundled one by default.
        out: Folder of the run; runs/<name of the file> by default.
        epochs: Passes over the training texts.
        batch_size: Texts in one update.
        lr: Highest learning rate.
        max_tokens: Tokens of a text, or of a window of it, that are read at once.
        long: What is read of longer texts: "head", "tail", "head+tail" or, in windows, all
            ("window", the default where more than a little lies beyond).
        pool: How the answers in the windows of a text become one: "mean", "max" or "learned".
        seed: Of everything random.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto" (measured once a run), "fp32" or "bf16".
        limit: Use so many rows of each file only.
        config: TOML file with settings; keywords win over it.
        settings: More settings, as "train.patience=2".
        resume: Continue the run in `out`.
        accept_changes: Resume with other versions, kernels or number format too.
        overwrite: Replace the run in `out`.

    Returns:
        The run: its folder and its numbers.

    Raises:
        TextuneError: Any mistake in files, settings or folders; `DataError` names the rows.
        KeyboardInterrupt: After Ctrl-C, with the state saved.

    Example:
        >>> run = train("reviews.csv", label="sentiment")  # doctest: +SKIP
        >>> run.metrics["valid"]["mcc"]  # doctest: +SKIP
        0.81
    """
    given = chosen(locals())
    found = resolve(config, settings, given)
    request = Request(
        source=source,
        settings=found,
        out=Path(out) if out is not None else free_folder(source),
        valid=valid,
        test=test,
        resume=resume,
        accept_changes=accept_changes,
        overwrite=overwrite,
        config=None if config is None else Path(config),
    )
    from textune.runs import sessions  # torch: not for the options that `cli` reads here

    return sessions.finish(recipe.training(request))


def evaluate(
    run: str | Path | Run,
    source: object,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    skip: str | Sequence[str] | None = None,
    threshold: float | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> dict[str, Any]:
    """Judge a fine-tuned model by labelled text, and keep what it said in its run.

    Args:
        run: What `train` returned, or its folder.
        source: As for `train`.
        text: Text column, if it is not called as in training.
        label: Label column, if it is not called as in training.
        header: Whether the first row names the columns.
        delimiter: Character between cells, where recognition errs.
        skip: "COLUMN=VALUE", one or several: rows in which that cell stands are left out, beside
            those that training left out.
        threshold: Probability from which a label applies, instead of the model's own.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto", "fp32" or "bf16".

    Returns:
        Every metric with its 95 % interval under "intervals", as `textune evaluate --json`;
        "remarks" holds what a person should know.

    Raises:
        TextuneError: Any mistake in the file or the run.

    Example:
        >>> evaluate("runs/reviews", "more.csv")["accuracy"]  # doctest: +SKIP
        0.93
    """
    options = Reading(
        text=parted(text) or (),
        label=parted(label) or (),
        header=header,
        delimiter=delimiter,
        skip=(skip,) if isinstance(skip, str) else tuple(skip or ()),
        threshold=threshold,
        device=device,
        precision=precision,
    )
    folder = run.path if isinstance(run, Run) else Path(run)
    return recipe.evaluate_file(folder, source, options)


def cross_validate(
    source: object,
    *,
    folds: int = 5,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    names: str | Path | None = None,
    skip: str | Sequence[str] | None = None,
    base: str | Path | None = None,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    config: str | Path | None = None,
    settings: Sequence[str] = (),
    keep: bool = False,
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> "Folds":
    """Judge every text of a labelled file by a model that did not learn from it.

    Args:
        source: As for `train`.
        folds: How many parts, each of which is judged by a model that learned from the others.
        text: Text column, or two.
        label: Label column, or several.
        task: "single", "multi", "number", "tags" or "answers".
        header: Whether the first row names the columns.
        delimiter: Character between cells, where recognition errs.
        group: Column whose equal values stay in one fold.
        weight: Column that says how much each text weighs in the loss.
        names: Names of classes that are numbers: a file of them, or a column.
        skip: "COLUMN=VALUE", one or several: rows in which that cell stands are left out.
        base: Directory or Hub name of the encoder.
        out: Folder of all runs; runs/<name of the file>-folds by default.
        epochs: Passes over the training texts of a fold.
        batch_size: Texts in one update.
        lr: Highest learning rate.
        seed: Of everything random.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto", "fp32" or "bf16".
        config: TOML file with settings; keywords win over it.
        settings: More settings, as "train.patience=2".
        keep: Keep the model of each fold.
        resume: Keep the finished folds in `out` and continue the others.
        accept_changes: Resume with other versions, kernels or number format too.
        overwrite: Replace the folds in `out`.

    Returns:
        The folder, and under `numbers` mean, deviation and interval of each metric, as
        `textune folds --json`.

    Raises:
        TextuneError: As for `train`.
        KeyboardInterrupt: After Ctrl-C, with the state saved.

    Example:
        >>> cross_validate("reviews.csv").numbers["metrics"]["mcc"]["mean"]  # doctest: +SKIP
        0.79
    """
    given = chosen(locals())
    request = Request(
        source=source,
        settings=resolve(config, settings, given),
        out=Path(out) if out is not None else folder_of_folds(source),
        resume=resume,
        accept_changes=accept_changes,
        overwrite=overwrite,
        config=None if config is None else Path(config),
    )
    from textune.recipes import cross_validation  # scipy: not for the options that `cli` reads here
    from textune.runs import sessions  # torch

    return sessions.finish(cross_validation.learn(request, folds, keep=keep))


def chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """Name as settings what somebody chose by keywords or options."""
    values = {setting: options.get(option) for option, setting in OPTIONS.items()}
    for several in ("data.text", "data.label"):
        values[several] = parted(values[several])
    for place in ("base", "data.names"):
        values[place] = None if values[place] is None else str(values[place])
    return values


def resolve(file: str | Path | None, changes: Sequence[str], given: dict[str, Any]) -> Settings:
    """Settle settings from a file, changes and keywords."""
    return config.resolve(None if file is None else Path(file), changes, given)


def free_folder(source: object) -> Path:
    """Name a run's folder after its file, with a number where that is taken."""
    name = file_name(source)
    place, number = Path("runs") / name, 1
    while place.exists():
        number += 1
        place = Path("runs") / f"{name}-{number}"
    return place


def folder_of_folds(source: object) -> Path:
    """Name the folder of a cross-validation after its file."""
    free = free_folder(source)
    return free.with_name(f"{free.name}-folds")
