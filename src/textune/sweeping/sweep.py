"""A labelled file and a space become the best settings found, trained again by other seeds."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from textune.errors import RunError, StoppedError
from textune.recipes import labelled_text, seeds
from textune.recipes.recipe import Event
from textune.records import Message
from textune.runs.runs import Run
from textune.settings import judging
from textune.storage import atomic, contents
from textune.sweeping import beginning, helpers, plans, results, spaces, trials
from textune.sweeping.plans import Plan, SweepRequest
from textune.sweeping.study import DONE, Study, Trial
from textune.sweeping.trials import Reading
from textune.training import guards

PAUSE = 0.5  # seconds between two looks at what other processes do
MOST_FAILED = 5  # trials in a row: then nothing will come of the others either


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep found."""

    path: Path
    numbers: Mapping[str, Any]  # as `textune sweep --json`
    run: Run | None = None  # of the winner; None where another process trains it


def learn(request: SweepRequest) -> Generator[Event, None, Sweep]:
    """Try settings, trial after trial; train the best of them again. Iterate to watch.

    Yields:
        Lines for people, and what the run of each trial yields.

    Raises:
        TextuneError: As for one run; a trial's own mistakes are only noted.
    """
    began, reading = time.monotonic(), Reading()
    plan, request = yield from beginning.begin(request, reading)
    folder = request.train.out
    study = Study(folder, plan.rules)
    with closing(study), _resumable(folder):
        study.most = plan.trials
        with helpers.working(folder, request, study) as failed:
            yield from _try(study, plan, request, reading, began=began)
        _tidy(study, folder)
        yield from (Message(each, is_warning=True) for each in failed)
        reading.found.clear()  # what comes needs the memory
        found = yield from _conclude(study, plan, request)
        yield Message(f"everything is in {folder}")
        return found


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Let a stop say what is kept of the sweep: a run within it speaks of itself alone.

    Raises:
        StoppedError: A signal asked for it.
    """
    words = f"trials that ended are kept: continue with textune sweep --resume --out {folder}"
    with guards.stopping() as stop:
        stop.rest = lambda: words
        try:
            yield
        except StoppedError as error:
            stop.signal = error.exit_code - 128
            stop.check()


def _conclude(study: Study, plan: Plan, request: SweepRequest) -> Generator[Event, None, Sweep]:
    """Train the best settings again; once more where another process found better ones meanwhile.

    What came of it is written by the process that trains them.

    Raises:
        RunError: No trial came to its end.
    """
    folder, last = request.train.out, -1
    run: Run | None = None
    numbers: dict[str, Any] = {}
    while True:
        best = study.best()
        if best is None:
            results.write_table(folder, plan, study)
            raise _nothing(folder, study.trials())
        if last == best.number:
            if run is not None:
                numbers = yield from results.write(folder, plan, study, run)
            return Sweep(folder, numbers, run)
        yield Message(f"best: trial {best.number}: {spaces.words(best.values)}")
        numbers = yield from results.write(folder, plan, study, None)
        run = yield from _train_winner(study, plan, request, best)
        last = best.number


def assist(request: SweepRequest) -> Generator[Event, None, None]:
    """Try settings beside the process that began a sweep, as long as there are any."""
    began, reading = time.monotonic(), Reading()
    plan, request = yield from beginning.begin(request, reading)
    study = Study(request.train.out, plan.rules)
    try:
        yield from _try(study, plan, request, reading, began=began, waits=False)
    finally:
        study.close()


def _try(
    study: Study,
    plan: Plan,
    request: SweepRequest,
    reading: Reading,
    *,
    began: float,
    waits: bool = True,
) -> Iterator[Event]:
    """Go through trials until there are enough, or the time is over; tell how each ended."""
    known = {each.number for each in study.trials() if each.is_done and not each.is_lost}
    is_said = False
    _tidy(study, request.train.out)
    while True:
        is_over = request.seconds is not None and time.monotonic() - began >= request.seconds
        trial = study.ask(is_over=is_over)
        if trial is not None:
            words = f"trial {trial.number} ({len(known) + 1} of {study.most})"
            yield Message(f"{words}: {spaces.words(trial.values)}")
            yield from _tried(study, plan, request, reading, trial)
        yield from _told(study, plan, known)
        if trial is not None:
            results.write_table(request.train.out, plan, study)
            _refuse_failing(study, request.train.out)
            continue
        if not waits or not study.others_work():
            break
        if not is_said:
            yield Message("other processes are still at trials of this sweep; waiting for them")
            is_said = True
        time.sleep(PAUSE)
    if request.seconds is not None and len(known) < study.most:
        yield Message(f"the time is over after {len(known)} of {study.most} trials")


def _tidy(study: Study, folder: Path) -> None:
    """Delete the models of trials whose processes ended before they had done it."""
    for each in study.trials():
        if each.is_done:
            trials.tidy(trials.folder_of(folder, each.number))


def _tried(
    study: Study, plan: Plan, request: SweepRequest, reading: Reading, trial: Trial
) -> Iterator[Event]:
    """Train a trial; one with the values of another has its score."""
    for each in study.trials():
        if each.state == "COMPLETE" and each.values == trial.values:
            study.tell(trial, "COMPLETE", each.score, seconds=0.0, same_as=each.number)
            return
    for event in trials.learn(study, trial, request.train, reading, metric=plan.metric):
        if not isinstance(event, Message):
            yield event


def _told(study: Study, plan: Plan, known: set[int]) -> Iterator[Message]:
    """Say how trials ended that nobody has told of."""
    for each in study.trials():
        if each.is_done and each.number not in known and not each.is_lost:
            known.add(each.number)
            yield Message(results.ended(each, plan, study.best()), is_warning=each.state == "FAIL")


def _refuse_failing(study: Study, folder: Path) -> None:
    """Stop where one trial fails after the other.

    Raises:
        RunError: So it is.
    """
    ended = [each for each in study.trials() if each.state in DONE and not each.is_lost]
    last = ended[-MOST_FAILED:]
    if len(last) == MOST_FAILED and all(each.state == "FAIL" for each in last):
        raise RunError(
            f"{folder}: {MOST_FAILED} trials failed one after the other; the last: "
            f"{last[-1].notes.get('error')}; mend that, then go on with --resume"
        )


def _nothing(folder: Path, found: list[Trial]) -> RunError:
    """Return the error that no trial came to its end."""
    reasons = [str(each.notes["error"]) for each in found if each.notes.get("error")]
    why = f"; the first: {reasons[0]}" if reasons else ""
    return RunError(
        f"{folder}: no trial came to its end ({len(found)} were begun){why}; go on with --resume "
        "and more --trials or --timeout"
    )


def _train_winner(
    study: Study, plan: Plan, request: SweepRequest, best: Trial
) -> Generator[Event, None, Run | None]:
    """Train the winner by other seeds, on another split where rows were drawn.

    None comes of it where another process does that.

    Only here a file for the test is opened.
    """
    folder, lock = request.train.out, FileLock(request.train.out / f"{plans.FINAL}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield Message("another process trains the winner")
        return None
    try:
        out, wanted = folder / plans.FINAL, [best.number, plan.seeds]
        if study.winner != wanted:
            atomic.remove(out)  # of another trial, or by another number of seeds
            study.winner = wanted
        settings = spaces.applied(request.train.settings, best.values)
        first = settings.seed + 1 if settings.seed + plan.seeds + 1 < seeds.END else 0
        changes: dict[str, Any] = {"seed": first}
        if results.is_split_anew(plan):
            rows = (judging.seed_of_rows(settings) + 1) % seeds.END
            changes["data"] = settings.data.model_copy(update={"split_seed": rows})
        is_begun = bool(contents.inside(out))
        count = f"{plan.seeds} other seed{'s' * (plan.seeds > 1)}"
        split = "another split" if results.is_split_anew(plan) else "the same split"
        yield Message(f"the winner is trained again: {count}, {split}")
        final = replace(
            request.train,
            settings=settings.model_copy(update=changes),
            out=out,
            seeds=plan.seeds,
            resume=is_begun,
            overwrite=False,
        )
        return (yield from labelled_text.learn(final))
    finally:
        lock.release()
