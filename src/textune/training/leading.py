"""The first of several processes says what the others compute with it."""

from collections.abc import Iterable, Iterator

from textune.metrics.metrics import Report
from textune.objectives.objective import Objective
from textune.objectives.work import Work
from textune.training import scaling, sharding, snapshot
from textune.training.learner import Learner


def share_state(learner: Learner) -> None:
    """Give the others the weights, the moments and how far the run is."""
    if not learner.ranks.are_several:
        return
    learner.progress.room = learner.room.noted()
    learner.progress.loss_scale = scaling.state(learner.loss_scale)
    found = snapshot.take(
        learner.encoder.model, learner.optimizer, learner.progress, learner.prints()
    )
    learner.ranks.say({"do": "state", "found": dict(learner.found)})
    learner.ranks.say(found.state)
    learner.ranks.send(found.tensors)
    del found
    sharding.begin(learner)


def led(learner: Learner, works: Iterable[Work]) -> Iterator[Work]:
    """Let updates pass, and say before each that it comes."""
    for work in works:
        if not learner.ranks.are_several:
            yield work
            continue
        rates = [float(group["lr"]) for group in learner.optimizer.param_groups]
        is_watched = learner.watch is not None and work.number <= learner.watch.end
        word = {"do": "step", "update": work.number, "rates": rates, "watched": is_watched}
        learner.ranks.say(word)
        learner.ranks.seed(learner.settings.seed, work.number)
        yield sharding.filled(learner, work)


def judged(learner: Learner, objective: Objective, *, learned: bool = False) -> Report:
    """Judge the weights by what all processes compute."""
    if learner.ranks.are_several:
        learner.ranks.say({"do": "judge", "learned": learned})
        sharding.gather(learner)
    return objective.judge(learner.encoder, micro_tokens=learner.micro_tokens, ranks=learner.ranks)
