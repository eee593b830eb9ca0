"""The one recipe, read top to bottom: what somebody asked for becomes a run in a folder.

What is special about labelled text (`labelled_text`, `fine_tuning`) and about plain text
(`plain_text`, `masked_lm`) is told there, as a `Story` and its `Job`.
"""

import json
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from textune.decisions.rule import Decision
from textune.encoder import manifest, names
from textune.errors import RunError
from textune.fast import memory
from textune.metrics.metrics import Report
from textune.recipes import assisting, at_chance, joining
from textune.recipes.requests import Request
from textune.records import Message, Started, Step, Validated
from textune.runs import events, model_card, openings, runs, sealing
from textune.runs.runs import Run
from textune.runs.typed import Capsule
from textune.runs.written import Best
from textune.settings import tracking
from textune.settings.storing import to_toml
from textune.settings.train_config import TrainSettings
from textune.storage import atomic, folders
from textune.text import saving
from textune.trackers import names as trackers
from textune.trackers.several import following
from textune.training import energy, guards
from textune.training.clock import Clock
from textune.training.guards import StopRequest

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.corpora.corpus import Corpus
    from textune.corpora.library import Library
    from textune.parallel.ranks import Ranks
    from textune.training.learner import Learner

Event = Message | Started | Step | Validated | events.AuxiliaryStep
Asked = TypeVar("Asked", bound=Request)
Gathered = TypeVar("Gathered")
Follow = Callable[[Asked, Path, Mapping[str, Any]], Generator[Event, None, dict[str, Any]]]


class Job(Protocol):
    """What a run needs once it begins: what there is to learn, and the learner of it."""

    @property
    def request(self) -> Request:
        """Return what was asked, with settings that name the number format which was chosen."""

    @property
    def learner(self) -> "Learner":
        """Return what learns."""

    @property
    def found(self) -> "Corpus | Library":
        """Return what there is to learn."""

    @property
    def base(self) -> str | None:
        """Name what is trained further, if anything."""

    def asked(self) -> dict[str, object]:
        """Return what `config.toml` says beside the settings: the sources, their contract."""

    def write_card(self, folder: Path) -> None:
        """Write what was understood of the files: `data_card.json`, and any split."""

    def place_tokenizer(self, folder: Path) -> str:
        """Move a new tokenizer into the run's folder; return where the tokenizer's files are."""

    def prepare(self, folder: Path, stop: StopRequest, *, goes_on: bool) -> Iterator[Event]:
        """Say what will not happen by these settings, and do what comes before the first step."""

    def judge(self, folder: Path) -> tuple[Report, Decision | None]:
        """Judge the best weights; return the numbers, and how probabilities become labels."""

    def measures(self) -> Capsule:
        """Return where, how and how fast it was learned."""

    def save(self, folder: Path, decision: Decision | None) -> str:
        """Write the weights and what predicting needs into a folder; return its page."""

    def conclude(self, folder: Path, numbers: Mapping[str, Any]) -> Iterator[Event]:
        """Do what is asked beside a run whose numbers are there; nothing of it depends on that."""


@dataclass(frozen=True, slots=True)
class Story(Generic[Asked, Gathered]):
    """What is special about one kind of run, before and after there is a job."""

    command: str  # that makes such runs
    gather: Callable[[Asked, Path], Generator[Message, None, Gathered]]  # what there is to learn
    build: Callable[[Asked, Gathered, Clock], Job]  # with torch
    follow: Follow[Asked] | None = None  # other trainings that belong to the run
    passing: Collection[str] = ()  # what lies in the run's folder until it begins
    parts: bool = True  # whether train.shard parts weights; else one process reckons with it


def run(request: Asked, story: Story[Asked, Gathered]) -> Generator[Event, None, Run]:
    """Learn what is asked, and keep it in a folder; iterate to watch.

    Yields:
        Lines for people, the start, each update of the weights, each validation.

    Returns:
        The finished run, as the generator's value.

    Raises:
        TextuneError: Any mistake of the user's; the run folder keeps the last sound state.
    """
    names.require_device(request.settings.device)
    with joining.joined(request, parts=story.parts) as (mine, ranks):
        if ranks is not None and not ranks.is_first:
            return (yield from assisting.assist(mine, story, ranks))
        made = yield from _made(mine, story, ranks)
        joining.conclude(ranks, made.metrics)
    return made


def _made(
    request: Asked, story: Story[Asked, Gathered], ranks: "Ranks | None"
) -> Generator[Event, None, Run]:
    """Learn what is asked, and keep it; of several processes in the first one."""
    trackers.require(asked := tracking.names(request.settings))
    clock, meter = Clock(request.seconds), energy.Meter.begin()
    with guards.stopping() as stop, _claimed(request, story.passing) as folder:
        if request.resume:
            _refuse_others(folder, story.command)
        gathered = yield from story.gather(request, folder)
        train = request.settings.train
        with _computing(train, ranks):
            yield from _announced(is_deterministic=train.deterministic)
            job: Job = story.build(request, gathered, clock)
            settings = job.request.settings
            state = yield from _begin(job, folder, stop, ranks, keep=story.passing)
            place = job.place_tokenizer(folder)
            if state == "done":
                return (yield from _again(job, folder))
            with following(
                asked, tracking.opening(settings, settings.model_dump(), folder)
            ) as job.learner.trackers:
                told = job.learner.trackers
                learning = _learn(job, folder, stop, goes_on=state == "on", place=place)
                yield from meter.watching(learning, job.learner.encoder.device)
                numbers, decision = job.judge(folder)
                yield from _write_model(job, folder, decision, numbers, place=place)
                _write_capsule(job, folder, clock, meter)
                noted = job.learner.note()
                rest = job.conclude(folder, numbers)
                del job, gathered  # what comes needs the memory, and the run's files only
                memory.give_back()
                if story.follow is not None:
                    numbers = yield from story.follow(request, folder, numbers)
                yield from at_chance.doubted(numbers, settings.train)
                told.finish(numbers)
            yield from (Message(text, is_warning=True) for text in told.news())
            _write_end(folder, numbers)
            yield from _conclude(rest, folder)
            _finish(folder, noted, keep_checkpoints=settings.train.keep_checkpoints)
        yield Message(f"everything is in {folder}")
    return Run(folder, numbers)


def _again(job: Job, folder: Path) -> Generator[Event, None, Run]:
    """Take a finished run as it is, but for what is damaged or asked beside it."""
    changed = sealing.changed(folder)
    yield from _say_lost(folder)
    yield from _conclude(job.conclude(folder, read_run(folder).metrics), folder)
    keep = job.request.settings.train.keep_checkpoints
    _finish(folder, None, keep_checkpoints=keep, changed=changed)
    yield Message(f"{folder}: this run is finished; there is nothing to resume")
    return read_run(folder)


@contextmanager
def _computing(train: TrainSettings, ranks: "Ranks | None") -> Iterator[None]:
    """Compute by so many threads, and deterministically where that is asked for."""
    from textune.training import determinism  # with torch, which takes seconds to import

    by_threads = joining.computing(train.threads, ranks)
    with by_threads, determinism.required(is_asked=train.deterministic):
        yield


def _announced(*, is_deterministic: bool) -> Iterator[Message]:
    """Say what holds for all of a run, and what it begins with."""
    from textune.fast import build  # imported already
    from textune.training import determinism

    if is_deterministic:
        yield determinism.SAID
    if build.is_due():
        yield Message("compiling kernels for this processor: some seconds, once")


def read_run(folder: Path) -> Run:
    """Read a finished run's numbers."""
    return Run(folder, json.loads((folder / "metrics.json").read_text(encoding="utf-8")))


@contextmanager
def _claimed(request: Request, passing: Collection[str]) -> Iterator[Path]:
    """Make the run's folder this process's own; leave nothing of a run that was never begun."""
    with folders.claim(
        request.out,
        resume=request.resume,
        overwrite=request.overwrite,
        inputs=request.inputs(),
    ) as folder:
        try:
            yield folder
        finally:
            for name in passing:
                atomic.remove(folder / name)


def _refuse_others(folder: Path, command: str) -> None:
    """Refuse to continue a run of the other kind.

    Raises:
        RunError: It is one.
    """
    if not runs.is_language(folder) and not (folder / "model").is_dir():
        return
    maker = "textune adapt or pretrain" if runs.is_language(folder) else "textune train"
    if maker != command:
        raise RunError(
            f"{folder}: this run was not made by {command}, but by {maker}; choose another --out"
        )


def _begin(
    job: Job,
    folder: Path,
    stop: StopRequest,
    ranks: "Ranks | None",
    *,
    keep: Collection[str],
) -> Generator[Message, None, folders.State]:
    """Take up a checkpoint if asked; nothing can be wrong any more: the run takes its place."""
    request = job.request
    job.learner.ranks = ranks or job.learner.ranks
    state: folders.State = "fresh"
    if request.resume:
        from textune.training import resuming  # with torch

        state = yield from resuming.take_up(job.learner, folder, accept=request.accept_changes)

    def write(made: Path) -> None:
        atomic.write_text(made / "config.toml", to_toml(request.settings, job.asked()))
        job.write_card(made)

    if state == "on":
        sealing.drop(folder)
    mended = folders.start(folder, write, state=state, keep=keep)
    stop.rest = partial(guards.saved, folder)
    for name in mended:
        yield Message(f"{folder / name} was absent or damaged: written anew", is_warning=True)
    if state != "done":
        yield from joining.introduce(ranks)
        joining.share(ranks, request.settings)
    return state


def _learn(
    job: Job, folder: Path, stop: StopRequest, *, goes_on: bool, place: str
) -> Iterator[Event]:
    """Update the weights to the end of the plan, and take the best of them."""
    from textune.training import learning  # with torch

    learner = job.learner
    yield from learner.introduce()
    with guards.memory(learner.micro_tokens):
        yield from job.prepare(folder, stop, goes_on=goes_on)
        for event in learning.learn(learner, folder, stop, goes_on=goes_on):
            if isinstance(event, Step) and _ends_epoch(event, learner):
                yield from _keep_epoch(job, folder, event.epoch, place=place)
            yield event
    learner.take_best(folder)
    progress = learner.progress
    if learner.objective.looks_first and progress.step and not progress.best_step:
        yield learner.objective.unbeaten


def _write_model(
    job: Job, folder: Path, decision: Decision | None, numbers: Report, *, place: str
) -> Iterator[Message]:
    """Write what predicting needs; yield where plain transformers would read texts otherwise."""
    memory.give_back()  # what judging needed: a whole model is copied now
    job.learner.complete()
    otherwise = _save(job, folder / "model", decision, numbers, place=place)
    if otherwise is not None:
        yield Message(otherwise, is_warning=True)


def _ends_epoch(step: Step, learner: "Learner") -> bool:
    """Tell whether the model after a step is to be kept."""
    return learner.settings.train.keep_epochs and not step.number % learner.objective.per_epoch


def _keep_epoch(job: Job, folder: Path, epoch: int, *, place: str) -> Iterator[Message]:
    """Write the model as it is after an epoch."""
    target = folder / "epochs" / f"epoch-{epoch}"
    _save(job, target, None, None, place=place)
    yield Message(f"kept: {target}")


def _save(
    job: Job, target: Path, decision: Decision | None, numbers: Report | None, *, place: str
) -> str | None:
    """Write a model's folder; return where plain transformers would read texts otherwise."""
    with atomic.replacing_folder(target) as unfinished:
        page = job.save(unfinished, decision)
        otherwise = saving.write(job.found.tokenizer, unfinished, job.found.texts(), place=place)
        page = model_card.dressed(
            page + saving.remark(otherwise),
            unfinished,
            base=job.base,
            numbers=numbers,
            sources=job.asked(),
        )
        atomic.write_text(unfinished / "README.md", page)
        manifest.seal(unfinished)
    return otherwise


def _write_capsule(job: Job, folder: Path, clock: Clock, meter: energy.Meter) -> None:
    """Write on what machine it was learned, how fast, and what that took."""
    found: Capsule = {**runs.capsule(), **job.measures()}
    if (joules := meter.told()) and not clock.before:  # of all its sessions, or nothing
        found["energy_joules"] = joules
    found |= {"store": job.found.key, "wall_seconds": round(clock.seconds(), 2)}
    atomic.write_json(folder / "capsule.json", found)


def _write_end(folder: Path, numbers: Mapping[str, object]) -> None:
    """Write the numbers: from now on the run is finished."""
    for name in ("report.html", "explained.json"):  # of a run that was shorter
        atomic.remove(folder / name)
    openings.note_training(folder, numbers)  # before anybody sees what the test texts scored
    atomic.write_json(folder / "metrics.json", numbers)


def _conclude(rest: Iterator[Event], folder: Path) -> Iterator[Event]:
    """Do what comes after a run; its page is drawn anew where something was done."""
    for event in rest:
        atomic.remove(folder / "report.html")
        yield event


def _say_lost(folder: Path) -> Iterator[Message]:
    """Say what of a finished run is damaged: its page is drawn anew, its records cannot be."""
    page = folder / "report.html"
    if page.exists() and not folders.is_page(page):
        yield Message(f"{page} was damaged: written anew", is_warning=True)
    has_learned = bool(Best.of(read_run(folder).metrics).step)
    for name in folders.lost_records(folder, has_learned=has_learned):
        yield Message(
            f"{folder / name} is absent or damaged, and only the training itself could write it: "
            "the model and its numbers are whole",
            is_warning=True,
        )


def _finish(
    folder: Path,
    noted: Mapping[str, Any] | None,
    *,
    keep_checkpoints: bool,
    changed: Collection[str] = (),
) -> None:
    """Write the page of a run whose numbers are there, and delete what is needed no more.

    What it is of is noted; where that is None, as it was noted when it was finished first. Records
    that were `changed` since then keep the checksums they had.
    """
    if noted is None:
        from textune.training import fingerprints  # with torch

        noted = fingerprints.recorded(folder)
    if not folders.is_page(folder / "report.html"):
        from textune.report import report  # draws: not needed while memory is

        report.write(folder)
    noted = sealing.mark(folder, noted, but=changed)
    folders.finish(folder, noted, keep_checkpoints=keep_checkpoints)
