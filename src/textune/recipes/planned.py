"""A run becomes a forecast of what it takes: a few of its updates are computed, all else once.

The run is made in a folder that is gone afterwards, with all its stages; of each training only
some updates are computed, the largest and others of all sizes, and the rest is reckoned by tokens.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.fast import memory
from textune.parallel.place import refuse
from textune.recipes import labelled_text, plain_text, recipe, reckoned, seeds, shares, trial
from textune.recipes.recipe import Asked, Event, Gathered, Story
from textune.recipes.reckoned import Seen, Training
from textune.recipes.requests import TextRequest, TrainRequest
from textune.records import Message
from textune.runs import events
from textune.runs.runs import Run
from textune.settings.train_config import TrainSettings
from textune.storage import atomic
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.corpora.corpus import Corpus
    from textune.corpora.library import Library
    from textune.recipes.fine_tuning import FineTuning
    from textune.recipes.masked_lm import MaskedLM
    from textune.recipes.vocabularies import Start

LATER = {  # parts of a run's folder that are written when the last update is done
    *("model", "predictions", "pictures", "metrics.json", "capsule.json", "report.html"),
    "explained.json",
}
BEST = "best.safetensors"
SHARDED = (
    "train.shard: one process computes here by itself, and holds everything; from that is reckoned "
    "what each of several holds"
)
NOISE = (*trial.NOISE, "cross-validation: ", "why: ")  # not of so few updates


def forecast(request: TrainRequest) -> Generator[Event, None, Run]:
    """Say what a run would take; iterate to watch.

    Returns:
        A run whose folder is gone, and whose numbers are the forecast: seconds, bytes of memory and
        of disk, and how each of them is known.

    Raises:
        TextuneError: Any mistake that the run itself would meet.
    """
    seen = Seen()
    data = request.settings.data.model_copy(update={"cache": False})
    settings = request.settings.model_copy(update={"data": data, "track": ()})
    story = replace(labelled_text.STORY, build=partial(_build, seen), follow=None)
    run = yield from _made(replace(request, settings=settings, seeds=None), story, seen)
    seen.repeats = seeds.count_of(request, run.metrics)
    last = "learning from all texts, where fine-tuning turns out the better way on the folds"
    left_out = {"the learning curve": request.settings.train.curve, last: seen.is_frozen}
    cache = seen.cache if request.settings.data.cache else 0
    return Run(request.out, {"plan": _told(request, seen, left_out, cache)})


def forecast_language(request: TextRequest) -> Generator[Event, None, Run]:
    """Say what adapting or pretraining would take, as `forecast` does of fine-tuning.

    Raises:
        TextuneError: Any mistake that the run itself would meet.
    """
    seen = Seen()
    text = request.settings.text.model_copy(update={"cache": False})
    settings = request.settings.model_copy(update={"text": text, "track": ()})
    story = replace(plain_text.STORY, build=partial(_build_language, seen), follow=None)
    yield from _made(replace(request, settings=settings), story, seen)
    left_out = {"fine-tuning with adaptation and without (--prove)": request.proof is not None}
    cache = seen.cache if request.settings.text.cache else 0
    return Run(request.out, {"plan": _told(request, seen, left_out, cache)})


def _made(request: Asked, story: Story[Asked, Gathered], seen: Seen) -> Generator[Event, None, Run]:
    """Go through the stages of a run in a folder that is gone afterwards."""
    refuse("--plan")
    if request.settings.train.shard:
        yield Message(SHARDED)
    began = reckoned.clock()
    with atomic.scratch() as place:
        small: Asked = replace(request, out=place / "run", resume=False, overwrite=False)
        run = yield from events.without(recipe.run(small, replace(story, parts=False)), NOISE)
        seen.wall = reckoned.clock() - began
        seen.sizes = {part.name: _bytes(part) for part in run.path.iterdir()}
        kept = run.path / "checkpoints"
        seen.state = max(map(_bytes, kept.glob("step-*")), default=0)
        seen.beside = sum(map(_bytes, kept.glob("*.safetensors")))
        if seen.trainings and seen.trainings[-1].validations and not (kept / BEST).exists():
            seen.beside += _bytes(run.path / "model")  # few updates were not better than none
    yield Message("nothing was kept of this forecast")
    return run


def _build(seen: Seen, request: TrainRequest, found: "Corpus", clock: Clock) -> "FineTuning":
    """Make the job of the run, whose learner computes some updates of each training."""
    from textune.recipes import fine_tuning, sampled  # torch

    return sampled.job(fine_tuning.build(request, found, clock), seen)


def _build_language(
    seen: Seen, request: TextRequest, found: "tuple[Start, Library]", clock: Clock
) -> "MaskedLM":
    from textune.recipes import masked_lm, sampled_language  # torch

    return sampled_language.job(masked_lm.build(request, found, clock), seen)


def _told(
    request: TrainRequest | TextRequest, seen: Seen, left_out: Mapping[str, bool], cache: int
) -> dict[str, Any]:
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
    share = seconds["training"] / training if training else 1.0
    seconds = {name: round(seen.repeats * value, 2) for name, value in seconds.items()}
    counted = ["steps", "tokens"]
    return {
        "steps": round(sum(one.steps for one in seen.trainings) * seen.repeats * share),
        "tokens": round(sum(one.tokens for one in seen.trainings) * seen.repeats * share),
        "trainings": len(seen.trainings) * seen.repeats,
        "computed_steps": sum(len(one.computed) + 2 for one in seen.trainings),
        "seconds": {"whole": round(sum(seconds.values()), 2), **seconds},
        "peak_memory_bytes": memory.peak(),
        "peak_card_bytes": _card(),
        "each_process": _shares(request.settings.train, seen),
        "disk_bytes": {**_disk(request.settings.train, seen, main), "cache": cache},
        "known": [
            *(counted if request.seconds is None else ()),
            *("trainings", "peak_memory_bytes", "disk_bytes"),
        ],
        "reckoned": [
            *(counted if request.seconds is not None else ()),
            *("seconds.training", "seconds.validation"),
            *(("each_process",) if request.settings.train.shard else ()),
        ],
        "measured": ["seconds.scoring", "seconds.rest"],
        "may_end_earlier": request.settings.train.patience is not None,
        "left_out": [what for what, is_so in left_out.items() if is_so],
    }


def _shares(train: TrainSettings, seen: Seen) -> list[dict[str, Any]]:
    """Say what each of several processes holds, where weights shall be parted between them."""
    if not train.shard or seen.held is None:
        return []
    held = replace(seen.held, is_alone=len(seen.trainings) > 1 or seen.repeats > 1)
    return shares.needs(held, memory.peak(), _card())


def _disk(train: TrainSettings, seen: Seen, main: Training) -> dict[str, int]:
    """Say what lies on the disk when the run has ended, and while it runs."""
    parts = {name: size for name, size in seen.sizes.items() if name != "checkpoints"}
    parts["log.jsonl"] = round(parts.get("log.jsonl", 0) * main.steps / (len(main.computed) + 2))
    model, states = parts.get("model", 0), min(main.validations, 2)
    end = sum(parts.values()) + (train.epochs * model if train.keep_epochs else 0)
    # a third checkpoint is written before the first of two is deleted; the model is not there yet
    learning = sum(size for name, size in parts.items() if name not in LATER)
    learning += seen.beside + seen.state * min(main.validations, 3)
    most = max(learning, end + seen.beside + seen.state * states)
    end += (seen.beside + seen.state * states) * train.keep_checkpoints
    return {"end": end, "most": max(end, most), "model": model}


def _card() -> int | None:
    """Return the most bytes of a graphics card that torch has held; None without one."""
    import torch  # imported already

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def _bytes(place: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
