"""A run becomes a forecast of what it takes: a few of its updates are computed, all else once.

The run is made in a folder that is gone afterwards, with all its stages; of each training only
some updates are computed, the largest and others of all sizes, and the rest is reckoned by tokens.
"""

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.parallel.place import refuse
from textune.recipes import labelled_text, recipe, reckoned, seeds, trial
from textune.recipes.recipe import Event
from textune.recipes.reckoned import Seen, Training
from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.runs import events
from textune.runs.runs import Run
from textune.storage import atomic
from textune.training import memory
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.corpora.corpus import Corpus
    from textune.recipes.fine_tuning import FineTuning

LATER = {  # parts of a run's folder that are written when the last update is done
    *("model", "predictions", "pictures", "metrics.json", "capsule.json", "report.html"),
    "explained.json",
}
NOISE = (*trial.NOISE, "cross-validation: ", "why: ")  # not of so few updates


def forecast(request: TrainRequest) -> Generator[Event, None, Run]:
    """Say what a run would take; iterate to watch.

    Returns:
        A run whose folder is gone, and whose numbers are the forecast: seconds, bytes of memory and
        of disk, and how each of them is known.

    Raises:
        TextuneError: Any mistake that the run itself would meet.
    """
    refuse("--plan")
    seen, began = Seen(), reckoned.clock()
    with atomic.scratch() as place:
        data = request.settings.data.model_copy(update={"cache": False})
        settings = request.settings.model_copy(update={"data": data, "track": ()})
        small = replace(
            request,
            settings=settings,
            out=place / "run",
            seeds=None,
            resume=False,
            overwrite=False,
        )
        story = replace(labelled_text.STORY, build=partial(_build, seen), follow=None)
        run = yield from events.without(recipe.run(small, story), NOISE)
        seen.wall = reckoned.clock() - began
        seen.repeats = seeds.count_of(request, run.metrics)
        seen.sizes = {part.name: _bytes(part) for part in run.path.iterdir()}
        kept = run.path / "checkpoints"
        seen.state = max(map(_bytes, kept.glob("step-*")), default=0)
        seen.beside = sum(map(_bytes, kept.glob("*.safetensors")))
    yield Message("nothing was kept of this forecast")
    return Run(request.out, {"plan": _told(request, seen)})


def _build(seen: Seen, request: TrainRequest, found: "Corpus", clock: Clock) -> "FineTuning":
    """Make the job of the run, whose learner computes some updates of each training."""
    from textune.recipes import fine_tuning, sampled  # torch

    return sampled.job(fine_tuning.build(request, found, clock), seen)


def _told(request: TrainRequest, seen: Seen) -> dict[str, Any]:
    """Say what the whole run takes."""
    training = sum(one.whole for one in seen.trainings)
    spent = sum(one.spent for one in seen.trainings)
    main = seen.trainings[-1] if seen.trainings else Training(0, 0, 0)
    validation = main.validations * seen.judged
    rest = seen.wall - spent - seen.scored - (seen.judged if seen.trainings else 0.0)
    seconds = {
        "training": training,
        "validation": validation,
        "scoring": seen.scored,
        "rest": max(rest, 0.0),
    }
    if request.seconds is not None:  # time decides: it learns until that is over
        seconds["training"] = max(request.seconds - seconds["rest"] - seen.scored - validation, 0.0)
    seconds = {name: round(seen.repeats * value, 2) for name, value in seconds.items()}
    return {
        "steps": sum(one.steps for one in seen.trainings) * seen.repeats,
        "tokens": sum(one.tokens for one in seen.trainings) * seen.repeats,
        "trainings": len(seen.trainings) * seen.repeats,
        "computed_steps": sum(len(one.computed) + 2 for one in seen.trainings),
        "seconds": {"whole": round(sum(seconds.values()), 2), **seconds},
        "peak_memory_bytes": memory.peak(),
        "peak_card_bytes": _card(),
        "disk_bytes": _disk(request, seen, main),
        "known": ["steps", "tokens", "trainings", "peak_memory_bytes", "disk_bytes"],
        "reckoned": ["seconds.training", "seconds.validation"],
        "measured": ["seconds.scoring", "seconds.rest"],
        "may_end_earlier": request.settings.train.patience is not None,
        "left_out": _left_out(request, seen),
    }


def _left_out(request: TrainRequest, seen: Seen) -> list[str]:
    """Say what the numbers do not count."""
    last = "learning from all texts, where fine-tuning turns out the better way on the folds"
    found = {"the learning curve": request.settings.train.curve, last: seen.is_frozen}
    return [what for what, is_so in found.items() if is_so]


def _disk(request: TrainRequest, seen: Seen, main: Training) -> dict[str, int]:
    """Say what lies on the disk when the run has ended, and while it runs."""
    train = request.settings.train
    parts = {name: size for name, size in seen.sizes.items() if name != "checkpoints"}
    parts["log.jsonl"] = round(parts.get("log.jsonl", 0) * main.steps / (len(main.computed) + 2))
    model, states = parts.get("model", 0), min(main.validations, 2)
    end = sum(parts.values()) + (train.epochs * model if train.keep_epochs else 0)
    # a third checkpoint is written before the first of two is deleted; the model is not there yet
    learning = sum(size for name, size in parts.items() if name not in LATER)
    learning += seen.beside + seen.state * min(main.validations, 3)
    most = max(learning, end + seen.beside + seen.state * states)
    end += (seen.beside + seen.state * states) * train.keep_checkpoints
    cache = seen.cache if request.settings.data.cache else 0
    return {"end": end, "most": max(end, most), "model": model, "cache": cache}


def _card() -> int | None:
    """Return the most bytes of a graphics card that torch has held; None without one."""
    import torch  # imported already

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def _bytes(place: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
