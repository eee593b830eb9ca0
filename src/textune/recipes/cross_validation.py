"""A labelled file says how well it can be learned: every text judged by a model without it."""

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from textune.errors import RunError, SettingsError
from textune.metrics import intervals, metrics, repeated
from textune.recipes import labelled_text
from textune.recipes.recipe import Event
from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.storage import atomic, contents, folders

OUT_OF_FOLD = "out_of_fold.parquet"
WRITTEN = re.compile(rf"fold-(\d+)|folds\.json|{re.escape(OUT_OF_FOLD)}")


@dataclass(frozen=True, slots=True)
class Folds:
    """What cross-validation found."""

    path: Path
    numbers: Mapping[str, Any]


def learn(
    request: TrainRequest, count: int, *, keep: bool = False
) -> Generator[Event, None, Folds]:
    """Train once for each fold on the others, in a folder `fold-1` and so on; judge the fold.

    A request that resumes keeps the folds that are finished and continues the others.

    Returns:
        Mean, deviation and interval of each metric, as in `folds.json`; the predictions of all
        texts, each by the model that did not learn from it, lie in `out_of_fold.parquet`.

    Raises:
        SettingsError: Fewer than two folds, or a file for the test.
        TextuneError: As for one run.
    """
    if not hasattr(count, "__index__") or count < 2:
        raise SettingsError(f"-k {count}: at least two folds are needed")
    if request.resume and not request.out.is_dir():
        raise RunError(f"{request.out}: nothing to resume there")
    if request.test is not None:
        raise SettingsError("--test: each fold is the test of a run of its own; leave it out")
    _refuse_others(request.out)
    found = []
    for number in range(1, count + 1):
        yield Message(f"fold {number} of {count}")
        run = yield from labelled_text.learn(_of_fold(request, number, count))
        found.append(run.metrics["test"])
        if not keep:
            folders.drop_model(run.path)
        elif folders.is_without_model(run.path):
            yield Message(
                f"{run.path}: its model was not kept when it was trained", is_warning=True
            )
    numbers = {
        "folds": count,
        "metrics": summary(found),
        "each": [{"n": one["n"], **metrics.headline(one)} for one in found],
    }
    _clear(request.out, count)
    _collect(request.out, count)
    atomic.write_json(request.out / "folds.json", numbers)
    yield Message(f"everything is in {request.out}")
    return Folds(request.out, numbers)


def summary(found: Sequence[Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Give mean, deviation and 95 % interval over folds of each metric that all of them have.

    The interval is Student's, with the variance corrected for training parts that overlap (Nadeau
    and Bengio, 2003): the folds are not independent, and without that it would be too narrow.
    """
    overlap = 1 / (len(found) - 1)
    known, spread = repeated.values(found), repeated.spread(found)
    return {
        name: {**one, "interval": intervals.student(np.asarray(known[name]), overlap=overlap)}
        for name, one in spread.items()
    }


def _refuse_others(folder: Path) -> None:
    """Refuse a folder that holds anything but folds.

    Raises:
        RunError: It does.
    """
    inside = contents.lasting(folder) if folder.is_dir() else []
    if strange := [name for name in inside if not WRITTEN.fullmatch(name)]:
        held = "a run" if contents.is_marked(folder) else repr(strange[0])
        raise RunError(
            f"{folder}: holds {held}, which no cross-validation writes; choose another --out"
        )


def _clear(folder: Path, count: int) -> None:
    """Delete folds of an earlier cross-validation of more, and what killed processes left."""
    atomic.clear_unfinished(folder, mine=True)
    for place in folder.glob("fold-*"):
        found = WRITTEN.fullmatch(place.name)
        if found is not None and int(found[1]) > count and contents.is_marked(place):
            atomic.remove(place)


def _of_fold(request: TrainRequest, number: int, count: int) -> TrainRequest:
    settings = request.settings
    data = settings.data.model_copy(update={"fold": number, "folds": count})
    out = request.out / f"fold-{number}"
    if out.exists() and not (request.overwrite or request.resume):
        raise RunError(
            f"{out}: already exists; --resume keeps the folds that are finished and continues the "
            "others, --overwrite starts anew, or choose another --out"
        )
    return replace(
        request,
        settings=settings.model_copy(update={"data": data}),
        out=out,
        named=request.named if number == 1 else frozenset(),  # what is said of them is said once
        overwrite=request.overwrite and out.exists(),
        resume=request.resume and bool(contents.inside(out)),
    )


def _collect(folder: Path, count: int) -> None:
    """Put the predictions of all folds into one file, each with its fold."""
    tables = []
    for number in range(1, count + 1):
        table = pq.read_table(folder / f"fold-{number}" / "predictions" / "test.parquet")
        fold = pa.array([number] * len(table), pa.int64())
        tables.append(table.append_column("fold", fold))
    whole = pa.concat_tables(tables, promote_options="default")
    with atomic.replacing_file(folder / OUT_OF_FOLD) as unfinished:
        pq.write_table(whole, unfinished)
