"""Keywords become requests: what `import textune` offers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textune import config, recipe
from textune.config import Columns, Settings, names
from textune.corpus import file_name
from textune.recipe import Request
from textune.runs import Run


def train(
    source: object,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    group: str | None = None,
    valid: object | None = None,
    test: object | None = None,
    base: str | Path | None = None,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    limit: int | None = None,
    config: str | Path | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """Fine-tune an encoder on labelled text.

    Args:
        source: A file (CSV, TSV, JSONL, Parquet, each also .gz) or a data frame that speaks Arrow.
        text: Text column, or two for pairs; recognised if not given. "a,b" names two.
        label: Label column, or one 0/1 column for each label; recognised if not given.
        task: "single" (one label a text) or "multi" (several); recognised if not given.
        header: Whether the first row names the columns; columns are "1", "2", … if not.
        delimiter: Character between cells, where recognition errs.
        group: Column whose equal values stay in one split.
        valid: File or frame to select the best weights by; a tenth of the source by default.
        test: File or frame for the final numbers.
        base: Directory or Hub name of the encoder; the bundled one by default.
        out: Folder of the run; runs/<name of the file> by default.
        epochs: Passes over the training texts.
        batch_size: Texts in one update.
        lr: Highest learning rate.
        max_tokens: Tokens of a text that are read.
        seed: Of everything random.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        limit: Use so many rows of each file only.
        config: TOML file with settings; keywords win over it.
        settings: More settings, as "train.patience=2".
        resume: Continue the run in `out`.
        overwrite: Replace the run in `out`.

    Returns:
        The run: its folder and its numbers.

    Raises:
        TextuneError: Any mistake in files, settings or folders; `DataError` names the rows.

    Example:
        >>> run = train("reviews.csv", label="sentiment")  # doctest: +SKIP
        >>> run.metrics["valid"]["mcc"]  # doctest: +SKIP
        0.81
    """
    given = {
        "data.text": names(text),
        "data.label": names(label),
        "data.task": task,
        "data.header": header,
        "data.delimiter": delimiter,
        "data.group": group,
        "data.max_tokens": max_tokens,
        "data.limit": limit,
        "base": None if base is None else str(base),
        "seed": seed,
        "device": device,
        "train.epochs": epochs,
        "train.batch_size": batch_size,
        "train.lr": lr,
    }
    found = resolve(config, settings, given)
    request = Request(
        source=source,
        settings=found,
        out=Path(out) if out is not None else free_folder(source),
        valid=valid,
        test=test,
        resume=resume,
        overwrite=overwrite,
    )
    events = recipe.training(request)
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


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
