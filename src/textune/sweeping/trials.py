"""The values of a trial become a run, judged on the same texts as all others; then it is told."""

import json
import time
import traceback
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from textune.corpora.corpus import Corpus
from textune.errors import (
    CheckpointError,
    OutOfMemoryError,
    StoppedError,
    TextuneError,
    first_line,
)
from textune.metrics import catalogue
from textune.recipes import labelled_text, recipe
from textune.recipes.recipe import Event
from textune.recipes.requests import TrainRequest
from textune.records import Message, Started, Validated
from textune.runs.runs import Run
from textune.settings.config import Settings
from textune.storage import atomic, contents, folders
from textune.sweeping import plans, spaces
from textune.sweeping.study import Study, Trial

OF_LEARNING = (  # settings on which nothing of what is read and made into tokens depends
    *("batch_size", "epochs", "lr", "schedule", "warmup_share", "warmup_steps", "warmup_epochs"),
    *("weight_decay", "betas", "eps", "clip", "dropout", "freeze", "pooling", "probe"),
    "contrast",
    *("curve", "explain", "keep_checkpoints", "checkpoint_minutes", "precision", "micro_tokens"),
    "threads",
)


class GivenUpError(Exception):
    """A trial is pruned: others were better at this point."""


@dataclass(slots=True)
class Reading:
    """Reads files, and makes tokens of them, once for all trials that read them alike."""

    found: dict[str, Corpus] = field(default_factory=dict)

    def gather(self, request: TrainRequest, folder: Path) -> Generator[Message, None, Corpus]:
        """Return what is learned and what judges it."""
        key = _key(request.settings)
        if key not in self.found:
            corpus = yield from labelled_text.STORY.gather(request, folder)
            self.found = {key: corpus}  # only the last: a corpus may be large
        return self.found[key]

    def know(self, settings: Settings, corpus: Corpus) -> None:
        """Keep what was read by other settings, which mean the same."""
        self.found = {_key(settings): corpus}


def folder_of(out: Path, number: int) -> Path:
    """Return the folder of a trial's run."""
    return out / plans.TRIALS / f"{number:04}"


def learn(
    study: Study, trial: Trial, request: TrainRequest, reading: Reading, *, metric: str
) -> Generator[Event, None, None]:
    """Train and judge a trial, and tell the study what came of it; whatever it is, others follow.

    Args:
        study: That the trial is of.
        trial: With the values of its settings.
        request: What all trials have in common.
        reading: Of the files.
        metric: That judges.

    Raises:
        StoppedError: A signal asked for it; the trial can go on.
    """
    began = time.perf_counter()
    out = folder_of(request.out, trial.number)

    def seconds() -> float:
        return round(float(trial.notes.get("seconds", 0.0)) + time.perf_counter() - began, 1)

    try:
        run = yield from _run(study, trial, request, reading, out)
    except GivenUpError as error:
        study.tell(trial, "PRUNED", seconds=seconds(), error=str(error))
    except StoppedError:
        raise
    except OutOfMemoryError as error:
        study.tell(trial, "PRUNED", seconds=seconds(), error=f"out of memory: {error}")
        _give_back()
    except TextuneError as error:
        study.tell(trial, "FAIL", seconds=seconds(), error=str(error))
    except Exception as error:
        why = f"{type(error).__name__}: {first_line(error)}"
        trace = "".join(traceback.format_exception(error))
        study.tell(trial, "FAIL", seconds=seconds(), error=why, traceback=trace)
    else:
        _tell(study, trial, run, metric, seconds())
    tidy(out)


def tidy(out: Path) -> None:
    """Delete the model of a trial that has ended, and what trained it; its numbers stay."""
    if (out / "metrics.json").exists():
        if (out / "model").exists() or (out / "checkpoints").exists():
            folders.drop_model(out)
        return
    for name in ("checkpoints", "model"):
        atomic.remove(out / name)


def _give_back() -> None:
    """Return what a card keeps in pieces: the next trial needs others."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _tell(study: Study, trial: Trial, run: Run, metric: str, seconds: float) -> None:
    best = run.metrics.get("best") or {}
    score = best.get("value")
    if score is None:
        why = f"its validation texts do not give {metric}"
        study.tell(trial, "FAIL", seconds=seconds, error=why)
        return
    study.tell(trial, "COMPLETE", float(score), seconds=seconds, epoch=best.get("epoch"))


def _run(
    study: Study, trial: Trial, request: TrainRequest, reading: Reading, out: Path
) -> Generator[Event, None, Run]:
    """Train, from where it was if it had begun; from the start where it cannot go on."""
    is_begun = bool(contents.inside(out))
    wanted = of_trial(request, trial, out, resume=is_begun)
    try:
        return (yield from _watched(study, trial, wanted, reading))
    except CheckpointError:
        if not is_begun:
            raise
    wanted = replace(wanted, resume=False, overwrite=True)
    return (yield from _watched(study, trial, wanted, reading))


def of_trial(request: TrainRequest, trial: Trial, out: Path, *, resume: bool) -> TrainRequest:
    """Ask for the run of a trial: what all have in common, and its own values."""
    settings = spaces.applied(request.settings, trial.values)
    alone = {"curve": False, "explain": 0, "keep_checkpoints": False}
    train = settings.train.model_copy(update=alone)
    return replace(
        request,
        settings=settings.model_copy(update={"train": train}),
        out=out,
        test=None,
        sealed=True,
        seeds=1,
        resume=resume,
        overwrite=False,
    )


def _watched(
    study: Study, trial: Trial, request: TrainRequest, reading: Reading
) -> Generator[Event, None, Run]:
    """Train; report each validation, and give up where the study says so."""
    story = replace(labelled_text.STORY, gather=reading.gather)
    events = recipe.run(request, story)
    epochs = request.settings.train.epochs
    try:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                made: Run = end.value
                return made
            if isinstance(event, Started):
                epochs = event.epochs
            elif isinstance(event, Validated) and event.step:
                _report(study, trial, event, epochs)
            yield event
    finally:
        events.close()


def _report(study: Study, trial: Trial, event: Validated, epochs: int) -> None:
    """Report a validation by the share of the training that is done, so that trials compare.

    Raises:
        GivenUpError: Others were better there.
    """
    score = _score(event)
    per_cent = round(100 * event.epoch / max(epochs, 1))
    if score is None or per_cent < 1 or per_cent >= 100:  # at the end it is told, not given up
        return
    if study.report(trial, score, per_cent):
        raise GivenUpError(
            f"given up after {event.epoch:g} of {epochs} epochs: others were better there"
        )


def _score(event: Validated) -> float | None:
    value: Any = catalogue.value(event.metrics, event.metric)
    return float(value) if isinstance(value, int | float) else None


def _key(settings: Settings) -> str:
    """Name all settings on which it depends what is read, how it is parted and made into tokens."""
    found = settings.model_dump(mode="json", exclude_unset=True)
    train = found.get("train", {})
    found["train"] = {name: value for name, value in train.items() if name not in OF_LEARNING}
    return json.dumps(found, sort_keys=True)
