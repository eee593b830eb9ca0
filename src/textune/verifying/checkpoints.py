"""The checkpoints of a run become what is wrong with them, and the step from which it can go on."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from textune.errors import CheckpointError
from textune.recipes.selection import averaged, out_of_fold
from textune.storage import contents, objects
from textune.training import best, checkpoint
from textune.verifying import models
from textune.verifying.found import Fault, Seen

NOTHING = "delete it: the run is finished, and nothing needs it"
TENSORS, ANEW = "state.safetensors", "start again with --overwrite"


def newest(folder: Path) -> int | None:
    """Return the step of the newest sound checkpoint in a run's folder; None without one."""
    places = sorted(folder.glob("checkpoints/step-*"), reverse=True)
    found = next((one for one in places if checkpoint.is_sound(one)), None)
    return None if found is None else int(found.name.removeprefix("step-"))


def faults(folder: Path, seen: Seen, *, is_finished: bool) -> Iterator[Fault]:
    """Yield what is wrong with the checkpoints in a run's folder."""
    place = folder / "checkpoints"
    step = newest(folder)
    goes_on = "--resume passes it over" + (
        "" if step is None else f", and goes on from step {step:,}"
    )
    way_out = NOTHING if is_finished else goes_on
    for one in sorted(place.glob("step-*")):
        seen.files += sum(file.is_file() for file in one.iterdir())
        seen.compared += 2
        differences = checkpoint.differences(one)
        for name, how in differences.items():
            yield Fault(one / name, "changed" if (one / name).exists() else "missing", how, way_out)
        if not differences and (why := models.unread(one / TENSORS)) is not None:
            yield Fault(one / TENSORS, "damaged", why, way_out)
    yield from _beside(folder, seen, is_finished=is_finished)
    if step is None and not is_finished:
        why = "no checkpoint is whole" if any(place.glob("step-*")) else "has no checkpoint yet"
        yield Fault(place, "no state", why, ANEW)
    elif step is not None and not is_finished:
        yield from _without_best(place, step)


def _without_best(place: Path, step: int) -> Iterator[Fault]:
    """Look whether the best weights so far are there, by which a run that goes on will end."""
    progress = objects.read(place / f"step-{step:08d}" / "state.json").get("progress", {})
    of = progress.get("best_step") or 0
    there = best.step_of(place)
    if not of or (there is not None and there > step):  # the same steps will write it again
        return
    try:
        best.read(place, step=of)
    except CheckpointError as error:
        what = str(error).partition(": ")[2].rpartition(";")[0]
        yield Fault(place / best.NAME, "no state", what, ANEW)


def _beside(folder: Path, seen: Seen, *, is_finished: bool) -> Iterator[Fault]:
    """Look at what lies beside the checkpoints, each with a checksum in it."""
    again = "--resume cross-validates once more"
    copies = "--resume writes it anew from a checkpoint that has the same weights"
    found: tuple[tuple[Path, Callable[[], object], str], ...] = (
        (folder / "checkpoints" / best.NAME, partial(best.step_of, folder / "checkpoints"), copies),
        (folder / contents.SELECTION, partial(out_of_fold.read, folder, None), again),
        (folder / averaged.FILE, partial(averaged.read, folder), again),
    )
    for file, read, way_out in found:
        if not file.exists():
            continue
        seen.files, seen.compared = seen.files + 1, seen.compared + 1
        if read() is None:
            what = "does not agree with its own checksum"
            yield Fault(file, "damaged", what, NOTHING if is_finished else way_out)
