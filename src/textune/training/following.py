"""What the first of several processes says becomes what the others compute: no more, no less.

They decide nothing and write nothing. Their weights are those of the first process from the first
word on, whatever that had done before: a linear head, a checkpoint.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from torch import Tensor

from textune.encoder import precision
from textune.errors import OutOfMemoryError, SettingsError
from textune.objectives.work import Work
from textune.parallel.ranks import END, Ranks
from textune.records import Batch
from textune.training import fingerprints, guards, loop, scaling, sharding, snapshot, starting_over
from textune.training.checkpoint import Checkpoint
from textune.training.learner import Learner
from textune.training.reducing import Adding


def follow(learner: Learner, ranks: Ranks) -> dict[str, Any]:
    """Do what the first process says, until it says that this is the end; return its last word.

    Raises:
        RanksError: The first process is lost, or another one is.
        SettingsError: Other texts were read here, or other settings.
    """
    works: Iterator[Work] = iter(())
    reducer: Adding | None = None
    with guards.memory(learner.micro_tokens), ExitStack() as closed:
        while (word := ranks.hear())["do"] != END["do"]:
            match word["do"]:
                case "state":
                    closed.close()
                    works = _take_state(learner, ranks, word["found"])
                    reducer = sharding.adding(learner)
                    if reducer is not None:
                        closed.callback(reducer.close)
                case "step":
                    given = sharding.filled(learner, next(works))
                    # of a lack of memory: the first one has come to it, too
                    with sharding.watching(learner), suppress(OutOfMemoryError):
                        _learn(learner, given, word, reducer)
                case "judge":
                    _assist(learner, word)
                case "gather":
                    sharding.gather(learner)
                case "save":
                    sharding.send_state(learner)
    return word


def _take_state(learner: Learner, ranks: Ranks, found: Mapping[str, Any]) -> Iterator[Work]:
    """Take the first process's weights and moments; return the updates that come after them.

    What it has found in cross-validation is taken, too.
    """
    sharding.end(learner)
    if found and learner.takes is not None:
        learner.takes(found)
    state = ranks.hear()
    _refuse_others(learner, state["fingerprints"])
    learner.optimizer.begin_anew()
    learner.encoder.release()
    taken = Checkpoint(ranks.receive(), state)
    learner.progress = snapshot.put_back(taken, learner.encoder.model, learner.optimizer)
    learner.room.take(learner.progress.room, learner.encoder)
    scaling.take(learner.loss_scale, learner.progress.loss_scale)
    learner.model.reload()
    del taken
    sharding.begin(learner)
    starting_over.watch(learner)
    return learner.work()


def _refuse_others(learner: Learner, prints: dict[str, Any]) -> None:
    """Refuse to learn from other texts, or by other settings, than the first process.

    Raises:
        SettingsError: They differ.
    """
    mine = learner.prints()
    changes = fingerprints.compare(prints, mine)
    if not changes.names:
        return
    settings = f" ({'; '.join(changes.settings)})" if changes.settings else ""
    raise SettingsError(
        f"{' and '.join(changes.names)} differ from those of rank 0{settings}: every machine needs "
        "the same files, and every process the same command"
    )


def _learn(learner: Learner, work: Work, word: dict[str, Any], reducer: Adding | None) -> None:
    """Take part in an update of the weights."""
    assert work.number == word["update"], "the processes have come to different updates"
    optimizer, ranks = learner.optimizer, learner.ranks
    loss: Callable[[Any, Batch], Tensor] = learner.objective.loss
    for group, rate in zip(optimizer.param_groups, word["rates"], strict=True):
        group["lr"] = rate
    watch = learner.watch if word["watched"] else None
    if watch is not None:
        loss = watch.listening(loss)
        watch.begin(work)
    ranks.seed(learner.settings.seed, work.number)
    learner.model.set_dropout(True)
    with precision.products(by_tf32=learner.by_tf32):
        _, norm = loop.gradient(
            partial(loop.accumulate, learner.model, loss, reducer=reducer),
            work,
            (learner.model, optimizer),
            clip=learner.settings.train.clip,
            reducer=reducer,
            smaller=None if learner.shards else learner.smaller,
        )
    if optimizer.skips or learner.loss_scale is not None or bool(norm.isfinite()):
        loop.update(learner.model, optimizer)
    if watch is not None:
        watch.share(ranks)


def _assist(learner: Learner, word: dict[str, Any]) -> None:
    """Compute this process's share of what the first one judges."""
    learner.optimizer.zero_grad()
    learner.encoder.release()
    sharding.gather(learner)
    objective = learner.objective
    if word["learned"]:
        assert objective.learned is not None
        objective = objective.learned
    objective.assist(learner.encoder, micro_tokens=learner.micro_tokens, ranks=learner.ranks)
