"""A folder that textune wrote becomes what is wrong with it; it is read only."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from textune.errors import RunError
from textune.runs import sealing
from textune.storage import atomic, contents, folders
from textune.verifying import checkpoints, models, records
from textune.verifying.found import Fault, Seen, Verified

ANEW = "copy the folder again, or train anew"
MOST = 10_000  # folders beside runs that are looked through for runs


def verify(place: Path) -> Verified:
    """Look at a run, a model or an export whole; nothing is written, and nothing deleted.

    Raises:
        BusyError: Another process works in it.
        RunError: There is no such folder, or none that textune wrote, or too many to look through.
    """
    if not place.is_dir():
        why = "is a file" if place.is_file() else "no such folder"
        raise RunError(f"{place}: {why}; give the folder of a run, a model or an export")
    seen = Seen()
    inner = sorted(_inside(place) if _is_run(place) else _below(place))
    if models.is_model(place):
        kind = "an export" if models.is_export(place) else "a model"
        found = list(models.faults(place, _again(kind), seen))
    elif _is_run(place):
        is_finished = _is_finished(place)
        kind = "a finished run" if is_finished else "an unfinished run"
        found = list(chain.from_iterable(_of_run(one, seen) for one in (place, *inner)))
    elif inner:
        kind = "runs"
        found = list(chain.from_iterable(_of_run(one, seen) for one in inner))
    else:
        raise RunError(
            f"{place}: holds nothing that textune wrote; give the folder of a run, a model or an "
            "export"
        )
    left = tuple(sorted(_left(place)))
    return Verified(place, kind, seen.files, seen.compared, tuple(found), left, tuple(seen.remarks))


def _again(kind: str) -> str:
    return "copy the folder again, or export anew" if kind == "an export" else ANEW


def _is_run(folder: Path) -> bool:
    return contents.is_marked(folder) or contents.is_begun(folder)


def _is_finished(folder: Path) -> bool:
    """Tell whether a run came to its end, though something of it may be gone since."""
    return bool(sealing.known(folder)) or (folder / records.NUMBERS).exists()


def _inside(place: Path) -> Iterator[Path]:
    """Yield the runs that lie in a folder: those of seeds, folds, trials and proofs."""
    for file in place.rglob("config.toml"):
        if file.parent != place and contents.is_marked(file.parent):
            yield file.parent


def _below(place: Path) -> Iterator[Path]:
    """Yield the runs below a folder that is none, each with those that lie in it.

    Raises:
        RunError: There are too many folders.
    """
    looked = 0
    for root, names, files in os.walk(place):
        folder = Path(root)
        if folder != place and "config.toml" in files and contents.is_marked(folder):
            yield folder
            yield from _inside(folder)
            names.clear()
            continue
        looked += 1
        if looked > MOST:
            raise RunError(
                f"{place}: holds more than {MOST:,} folders, which are not all looked through for "
                "runs; give the folder of a run, or one that holds little beside runs"
            )


def _of_run(folder: Path, seen: Seen) -> Iterator[Fault]:
    """Yield what is wrong with one run."""
    folders.refuse_used(folder)
    is_finished = _is_finished(folder)
    found = list(records.faults(folder, seen, is_finished=is_finished))
    yield from found
    if not any(one.kind == "damaged" for one in found):
        yield from records.unfit(folder, seen)
    yield from checkpoints.faults(folder, seen, is_finished=is_finished)
    stranger = contents.foreign(folder)
    if stranger is not None:
        seen.remarks.append(f"{folder / stranger}: was not written by textune, and was not read")
    for model in (folder / "model", *sorted(folder.glob("epochs/epoch-*"))):
        if model.is_dir():
            yield from models.faults(model, _model_again(folder, model), seen)
        elif is_finished and not folders.is_without_model(folder):
            yield Fault(model, "missing", "is not there any more", _model_again(folder, model))


def _model_again(folder: Path, model: Path) -> str:
    """Say how the model of a run is had again."""
    step = checkpoints.newest(folder)
    if step is None or model.name != "model":
        return ANEW
    return (
        f"delete {folder / records.NUMBERS} and repeat the command of the run with --resume: the "
        f"model is written anew from the checkpoint of step {step:,}"
    )


def _left(place: Path) -> Iterator[Path]:
    """Yield what killed processes have left unfinished."""
    for root, names, files in os.walk(place):
        found = {*atomic.abandoned(Path(root)), *contents.unfinished(Path(root))}
        found |= {Path(root) / name for name in (*names, *files) if name in contents.LEFT}
        yield from found
        names[:] = [name for name in names if Path(root) / name not in found]
