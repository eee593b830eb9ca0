"""A learner goes through its updates: judged, saved and stopped on the way."""

import signal
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from textune.errors import NumericsError, RanksError, StoppedError
from textune.fast import memory, threads
from textune.metrics import catalogue, written
from textune.metrics.metrics import Report
from textune.records import Batch, Message, Started, Step, Validated
from textune.runs.journal import Journal
from textune.training import capturing, leading, scaling, snapshot, starting_over
from textune.training.guards import StopRequest
from textune.training.learner import Learner
from textune.training.profiling import Profiler

Loss = Callable[[Any, Batch], Tensor]
Event = Started | Step | Validated | Message

TENTHS = 10  # validations in the time of a budget, at most
AFTER = 3  # times as long as judging takes what comes after the last update: judging, saving
WORTH = 3  # times as long as judging takes one learns at least before judging again


def learn(learner: Learner, folder: Path, stop: StopRequest, *, goes_on: bool) -> Iterator[Event]:
    """Update the weights to the end of the plan, validating and saving on the way.

    Raises:
        StoppedError: A signal asked for it; the state is saved.
    """
    if not goes_on:
        torch.manual_seed(learner.settings.seed)
    memory.keep()
    starting_over.prepare(learner, goes_on=goes_on)
    after = learner.progress.step if goes_on else -1
    learner.journal = Journal(folder / "log.jsonl", after=after, trackers=learner.trackers)
    yield learner.started()
    yield from (Message(remark, is_warning=True) for remark in learner.journal.news())
    if learner.progress.retry is not None:
        learner.journal.tell_retry(learner.progress.retry)
    try:
        learner.listen(folder, goes_on=goes_on)
        with stop.between_steps():
            if learner.settings.train.profile:
                learner.profiler = Profiler(folder, learner.total, done=learner.progress.step)
            yield from _attempts(learner, folder, stop)
            if learner.profiler is not None:
                yield from learner.profiler.end()
            _stop_if(learner, folder, stop)
        learner.listeners.end()
        if learner.progress.left_out:
            yield Message(scaling.words(learner.progress.left_out))
        if learner.progress.stopped is not None:
            yield Message(f"stopped by a callback of your own: {learner.progress.stopped}")
        elif _has_no_patience(learner) and learner.progress.step != learner.total:
            patience = learner.settings.train.patience
            title = catalogue.HEADLINES.get(learner.objective.metric, learner.objective.metric)
            times = "1 validation" if patience == 1 else f"{patience} validations"
            yield Message(f"stopped early: no better {title} in {times}")
    finally:
        learner.journal.close()


def _attempts(learner: Learner, folder: Path, stop: StopRequest) -> Iterator[Event]:
    """Go through the updates, a second time where the first does not learn."""
    while True:
        leading.share_state(learner)
        why: str | None = None
        try:
            yield from _validated(learner, folder, stop)  # a stop may have come before it
            if not _is_over(learner):
                why = yield from _steps(learner, folder, stop)
        except RanksError as error:
            raise _lost(learner, folder, error) from error
        except NumericsError as error:
            if not starting_over.is_possible(learner):
                raise
            if learner.watch is not None:
                learner.watch.share(learner.ranks)
            why = str(error).partition("; ")[0]
        if why is None:
            return
        yield from starting_over.begin(learner, folder, why)


def _steps(
    learner: Learner, folder: Path, stop: StopRequest
) -> Generator[Step | Validated | Message, None, str | None]:
    """Update the weights; return why it must begin anew, where it must."""
    began = time.perf_counter()
    watch = learner.watch
    loss: Loss = (
        learner.objective.loss if watch is None else watch.listening(learner.objective.loss)
    )
    graphs = learner.capturing(loss)
    works = learner.work(None if graphs is None else torch.device("cpu"))
    works = works if watch is None else watch.over(works)
    yield from _passes(learner)
    for step in learner.updates(loss, leading.led(learner, works), graphs):
        seconds = time.perf_counter() - began
        learner.progress.count(step, seconds)
        learner.journal.step(step, seconds, threads.count())
        if step.number % learner.objective.per_epoch == 0:
            learner.journal.epoch(step)
        yield step
        learner.listeners.step(step)
        yield from learner.room.told()
        yield from learner.profiled()
        yield from map(Message, (*threads.news(), *capturing.news(graphs)))
        yield from (Message(text, is_warning=True) for text in learner.journal.news())
        why = None if watch is None else watch.after(step, learner.ranks)
        if why is not None and starting_over.is_possible(learner):
            return why
        if why is not None:
            yield starting_over.explain(learner, why)
        _stop_if(learner, folder, stop)
        yield from _validated(learner, folder, stop)
        learner.listeners.epoch_end({})
        if _is_over(learner):
            learner.late.settle()
            break
        if _is_to_be_saved(learner):
            yield from _saved(learner, folder)
        began = time.perf_counter()
    return None


def _passes(learner: Learner) -> Iterator[Message]:
    """Say whether passes are captured as graphs of a card, where there is one."""
    if learner.sizes is not None:
        yield Message(f"passes: captured as CUDA graphs; {learner.sizes.words()}")
    elif learner.no_graphs:
        yield Message(f"passes: not captured as CUDA graphs: {learner.no_graphs}")


def _validated(learner: Learner, folder: Path, stop: StopRequest) -> Iterator[Validated | Message]:
    """Validate and save where it is time to, and this step has not been validated yet."""
    if not _is_due(learner):
        return
    try:
        with nullcontext() if learner.ranks.are_several else stop.at_once():  # no one waits in vain
            judged = _judge(learner)
    except StoppedError:  # before anything followed from it: it is judged again
        _stop_if(learner, folder, stop)
        raise
    found = _noted(learner, folder, judged)
    learner.journal.validated(found)
    learner.listeners.epoch_end(found.metrics)
    yield found
    yield from _rising(learner, found.metrics)
    yield from _saved(learner, folder)


def _rising(learner: Learner, found: Mapping[str, Any]) -> Iterator[Message]:
    """Say so, once, where the held-out loss rises while training goes on."""
    key, progress = learner.objective.tie_metric, learner.progress
    rise = progress.rise(found, key)
    if rise is not None and learner.objective.is_judged:
        before, now = map(written.decimals, rise)
        yield Message(
            f"held-out {catalogue.title(key)} rose from {before} to {now} while training goes on: "
            "the weights begin to fit the training texts alone (overfitting); the best so far are "
            f"those of step {progress.best_step:,}"
        )


def _is_due(learner: Learner) -> bool:
    """Tell whether it is time to validate."""
    progress = learner.progress
    if not learner.objective.is_judged:
        return False
    if progress.step == 0:
        return learner.objective.looks_first and progress.before is None
    if progress.validated == progress.step:
        return False
    every = learner.settings.train.validate_every
    if learner.clock.budget is not None and every is None:
        is_worth_it = time.perf_counter() - learner.judged > WORTH * learner.clock.reserve
        return learner.clock.is_over() or (
            int(learner.clock.share() * TENTHS) > progress.tenths and is_worth_it
        )
    is_last = progress.step == learner.total or learner.clock.is_over()
    is_last = is_last or progress.stopped is not None
    return is_last or progress.step % (every or learner.objective.per_epoch) == 0


def _is_to_be_saved(learner: Learner) -> bool:
    """Tell whether it is time for a checkpoint, though nothing was judged."""
    train = learner.settings.train
    is_last = learner.progress.step == learner.total
    is_wanted = train.keep_checkpoints or learner.saves_last
    if is_last and is_wanted and not learner.objective.is_judged:
        return True
    return time.perf_counter() - learner.saved > train.checkpoint_minutes * 60


def _is_over(learner: Learner) -> bool:
    """Tell whether time or patience is at its end."""
    is_stopped = learner.progress.stopped is not None
    return is_stopped or _has_no_patience(learner) or learner.clock.is_over()


def _has_no_patience(learner: Learner) -> bool:
    patience = learner.settings.train.patience
    return patience is not None and learner.progress.since_best >= patience


@dataclass(frozen=True, slots=True)
class _Judged:
    """The numbers of held-out texts, those of training texts where asked for, and when it began."""

    found: Report
    learned: Report | None
    began: float


def _judge(learner: Learner) -> _Judged:
    """Judge the weights on what is held out, and on what was learned from where asked for."""
    began = time.perf_counter()
    learner.late.settle()
    learner.progress.seconds += time.perf_counter() - began  # a card may have been behind
    began = time.perf_counter()
    learner.encoder.release()  # gradients are made anew; meanwhile judging needs memory
    memory.give_back()
    by = learner.objective.learned
    found = leading.judged(learner, learner.objective)
    learned = None if by is None else leading.judged(learner, by, learned=True)
    return _Judged(found, learned, began)


def _noted(learner: Learner, folder: Path, judged: _Judged) -> Validated:
    """Keep the weights if they are the best so far."""
    objective, progress, found = learner.objective, learner.progress, judged.found
    is_best = progress.note(found, objective.metric, objective.tie_metric)
    if is_best:
        model = learner.encoder.model
        snapshot.keep_best(folder, model, step=progress.step, decay=learner.decay)
    progress.validated = progress.step
    if progress.step == 0:
        progress.before = found
    progress.tenths = int(learner.clock.share() * TENTHS)
    learner.judged = time.perf_counter()
    seconds = learner.judged - judged.began
    learner.clock.reserve = max(learner.clock.reserve, AFTER * seconds)
    return Validated(
        step=progress.step,
        epoch=round(progress.step / objective.per_epoch, 3),
        metrics=found,
        metric=objective.metric,
        is_best=is_best,
        seconds=seconds,
        learned=judged.learned,
    )


def _stop_if(learner: Learner, folder: Path, stop: StopRequest) -> None:
    """Save the state and stop where a signal asked for it, between two steps.

    Raises:
        StoppedError: It was asked for.
    """
    if stop.signal is None and learner.ranks.are_stopped:  # another process was asked
        stop.signal = signal.SIGTERM
    if stop.signal is None:
        return
    learner.save_checkpoint(folder)
    raise StoppedError(
        f"stopped after step {learner.progress.step:,}, state saved; continue with --resume",
        signal=stop.signal,
    )


def _lost(learner: Learner, folder: Path, error: RanksError) -> RanksError:
    """Save the state where another process is lost: the weights are those of the last update."""
    if learner.shards is not None or learner.optimizer.is_between:
        why = "it held a part of the state"
        if learner.shards is None:
            why = "it was lost while each process updated its share of the weights"
        lost = RanksError(
            f"{error}; {why}, so none is saved after step {learner.progress.step:,}: --resume goes "
            "on from the last checkpoint"
        )
        lost.exit_code = error.exit_code
        return lost
    learner.optimizer.zero_grad()
    learner.encoder.release()
    try:
        learner.save_checkpoint(folder)
    except OSError as fault:
        return RanksError(f"{error}; no state was saved: {fault}")
    return RanksError(
        f"{error}; the state after step {learner.progress.step:,} is saved: continue with --resume"
    )


def _saved(learner: Learner, folder: Path) -> Iterator[Message]:
    try:
        learner.save_checkpoint(folder)
    except OSError as error:
        learner.saved = time.perf_counter()
        fault = f"no checkpoint was written at step {learner.progress.step}: {error}"
        yield Message(f"{fault}; training goes on", is_warning=True)
