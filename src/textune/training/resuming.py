"""A learner takes up where an earlier session of the same run has saved its state."""

from collections.abc import Generator, Iterator
from pathlib import Path

from textune.records import Message
from textune.runs import runs
from textune.storage import contents, folders
from textune.training import (
    checkpoint,
    fingerprints,
    own_callbacks,
    scaling,
    schedules,
    snapshot,
)
from textune.training.learner import START, Learner


def take_up(
    learner: Learner, folder: Path, *, accept: bool
) -> Generator[Message, None, folders.State]:
    """Go on with the run in a folder, if it is the same one and there is something to do.

    Where other bits come of it, only if that is accepted.

    Returns:
        "new" where nothing was learned yet, "on" where the state of its last checkpoint is put
        back, "done" where it is finished.

    Raises:
        CheckpointError: It is another run, or no checkpoint is sound.
    """
    if runs.is_finished(folder):
        is_further, remark = fingerprints.goes_further(folder, learner.prints())
        yield from (Message(one, is_warning=True) for one in remark)
        if not is_further:
            return "done"
    elif not folders.can_resume(folder):
        if not (folder / contents.SELECTION).is_file():
            runs.refuse_unfinished(folder)
        return "new"
    yield from _continue(learner, folder, accept=accept)
    return "on"


def _continue(learner: Learner, folder: Path, *, accept: bool) -> Iterator[Message]:
    place = folder / "checkpoints"
    remarks = [f"{place / one}: damaged, passed over" for one in checkpoint.damaged(place)]
    found = checkpoint.latest(place)
    remarks += fingerprints.refuse_changed(found.state, learner.prints(), folder, accept=accept)
    learner.progress = snapshot.put_back(found, learner.encoder.model, learner.optimizer)
    remarks += snapshot.secure_best(folder, learner.progress, accept=accept)
    learner.room.take(learner.progress.room, learner.encoder)
    scaling.take(learner.loss_scale, learner.progress.loss_scale)
    learner.clock.before, learner.clock.reserve = learner.progress.clock, learner.progress.reserve
    learner.start = {
        name.removeprefix(START): value
        for name, value in found.tensors.items()
        if name.startswith(START)
    }
    learner.calm()
    own_callbacks.rescale(learner, learner.progress.lr_factor)
    schedules.move(learner.schedule, learner.progress.step)
    if learner.sub is not None:
        learner.sub.decay = learner.progress.decay
    learner.model.reload()
    yield from (Message(remark, is_warning=True) for remark in remarks)
    of = "" if learner.total is None else f" of {learner.total:,}"
    yield Message(
        f"continuing after step {learner.progress.step:,}{of}; the learning rate goes on by the "
        "schedule of the whole run"
    )
