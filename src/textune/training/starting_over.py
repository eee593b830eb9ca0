"""A training that does not learn begins anew, once, from the same weights and by a safer recipe."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from textune.encoder import adapters, heads
from textune.records import Message, Started
from textune.settings import choosing
from textune.storage import atomic
from textune.training import best, sharding, snapshot
from textune.training.instability import Watch
from textune.training.late import Late
from textune.training.learner import Learner
from textune.training.progress import Progress

PART = 3  # the rate is divided by it
SAFE = 0.0384  # learning rate times width above which nothing begins anew: 5e-5 of 768
WARMUP = 0.1  # share of all updates in which the rate rises, at least


def prepare(learner: Learner, *, goes_on: bool) -> None:
    """Keep what a new beginning needs, and watch the updates."""
    found = heads.last(learner.encoder.model)
    if not goes_on and found is not None and learner.fresh is not None:
        name, layer = found
        state = layer.state_dict()
        learner.start = {f"{name}.{key}": value.detach().clone() for key, value in state.items()}
    watch(learner)


def watch(learner: Learner) -> None:
    """Begin to watch the updates, or go on where an earlier session was."""
    prior, total = learner.objective.prior, learner.total
    if prior is not None and total:
        learner.watch = Watch(prior, total, learner.progress.watched)


def is_possible(learner: Learner) -> bool:
    """Tell whether it can begin anew."""
    return learner.fresh is not None and learner.progress.retry is None


def explain(learner: Learner, why: str) -> Message:
    """Say that training does not learn, where it goes on all the same; it is said once."""
    retry = learner.progress.retry
    if retry is not None:
        retry["again"] = why
        which = "training does not learn by the safer recipe either"
    else:
        which = "training does not learn"
    if learner.watch is not None:
        learner.watch.end = 0
    return Message(
        f"{which}: {why}; it goes on as it is. What may help: a lower --lr, another --base, a look "
        "at the labels with textune check",
        is_warning=True,
    )


def safer(learner: Learner, why: str) -> dict[str, Any]:
    """Choose a recipe by which nothing more goes wrong, and note why."""
    model = learner.encoder.model
    lr, width = learner.settings.train.lr / PART, model.config.hidden_size
    most = SAFE / width * (choosing.of_adapters(width) if adapters.are_in(model) else 1)
    lr = min(lr, most)
    return {"at": learner.progress.step, "why": why, "lr": lr, "warmup_share": WARMUP}


def take(learner: Learner, retry: Mapping[str, Any]) -> None:
    """Let a training that has not begun go by a safer recipe from its first update."""
    learner.progress.retry = dict(retry)
    learner.calm()


def words(learner: Learner, retry: Mapping[str, Any]) -> str:
    """Say what is safer."""
    return (
        f"with a learning rate of {retry['lr']:.1e} instead of {learner.settings.train.lr:.1e} and "
        f"a warm-up of at least {WARMUP:.0%}"
    )


def begin(learner: Learner, folder: Path, why: str) -> Iterator[Message | Started]:
    """Put everything back to where it was before the first update, with a safer recipe."""
    retry = safer(learner, why)
    sharding.end(learner)
    _forget(learner)
    assert learner.fresh is not None
    state = learner.fresh()
    learner.encoder.model.load_state_dict({**state, **learner.start})
    del state
    learner.model.reload()
    if learner.sub is not None:
        learner.sub.decay = 1.0
    kept = {name: getattr(learner.progress, name) for name in ("seconds", "texts", "tokens")}
    kept |= {name: getattr(learner.progress, name) for name in ("computed", "reserve")}
    learner.progress = Progress(**kept, retry=retry)
    learner.listeners.epoch = 0
    watch(learner)
    learner.calm()
    torch.manual_seed(learner.settings.seed)
    yield from _replace_checkpoints(learner, folder)
    learner.journal.begin_anew(retry)
    yield Message(
        f"training does not learn: {why}. It begins anew, once, from the same weights, "
        f"{words(learner, retry)}; --set train.retry=false goes on instead",
        is_warning=True,
    )
    yield learner.started()


def _forget(learner: Learner) -> None:
    """Forget gradients and moments, and updates of which it is not known whether they count."""
    learner.late = Late("")
    learner.optimizer.begin_anew()
    learner.encoder.release()


def _replace_checkpoints(learner: Learner, folder: Path) -> Iterator[Message]:
    """Write a checkpoint of the new beginning, and remove those of the old one after it.

    At every moment one of them is there, and goes on to the same weights.
    """
    place = folder / snapshot.CHECKPOINTS
    before = sorted(place.glob("step-*"))
    for old in before[:-1]:
        atomic.remove(old)
    try:
        learner.save_checkpoint(folder)
    except OSError as error:
        yield Message(f"no checkpoint of the new beginning was written: {error}", is_warning=True)
    for old in before[-1:]:
        if old.name != "step-00000000":
            atomic.remove(old)
    atomic.remove(place / best.NAME)
