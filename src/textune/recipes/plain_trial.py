"""A quick trial of adapting or pretraining: one batch of everything, and nothing kept."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.errors import SettingsError
from textune.parallel.place import refuse
from textune.recipes import plain_text, recipe
from textune.recipes.recipe import Event
from textune.recipes.requests import TextRequest
from textune.records import Message
from textune.runs import events
from textune.runs.runs import Run
from textune.settings import tracking
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.storage import atomic
from textune.trackers import names as trackers

if TYPE_CHECKING:  # with torch and transformers, which take seconds to import
    from textune.corpora.library import Library
    from textune.recipes.vocabularies import Start

LEAST = 2  # passages: the second sentence of a pair may come from another one
STAGES = "read, tokenise, one update, validate, save, load, ask, report"


def learn(request: TextRequest) -> Generator[Event, None, Run]:
    """Go through every stage of a run with one batch each; iterate to watch.

    The whole text is read, and a vocabulary made of it. The run is returned, its folder is gone.

    Raises:
        SettingsError: A run is to go on, of which a trial knows nothing.
    """
    refuse("--try")
    if request.resume:
        raise SettingsError("--try: a trial begins anew; leave --resume out")
    trackers.require(tracking.names(request.settings))
    train = request.settings.train
    whole = f"for {train.hours:g} hours" if train.hours else f"{train.epochs} epochs"
    with atomic.scratch() as place:
        few = _small(request.settings)
        small = replace(request, settings=few, out=place / "run", overwrite=False, proof=None)
        story = replace(plain_text.STORY, gather=_gather, follow=None)
        run = yield from events.without(recipe.run(small, story), ("everything is in",))
        _ask(run, few)
        assert (run.path / "report.html").is_file()
    yield Message(f"all stages passed ({STAGES}); nothing was kept")
    yield Message(f"without --try it would learn {whole}, into {request.out}")
    return run


def _small(settings: AdaptSettings | PretrainSettings) -> AdaptSettings | PretrainSettings:
    """Leave out what takes more than one update, or is kept elsewhere, whatever was asked."""
    few: dict[str, object] = {
        "epochs": 1,
        "hours": None,
        "keep_epochs": False,
        "patience": None,
        "profile": False,
        "validate_every": None,
    }
    changes: dict[str, object] = {"train": settings.train.model_copy(update=few), "track": ()}
    if isinstance(settings, AdaptSettings):
        changes["warm_head"] = "never"
    return settings.model_copy(update=changes)


def _gather(
    request: TextRequest, folder: Path
) -> "Generator[Message, None, tuple[Start, Library]]":
    """Read everything, and take a batch of what is learned from and of what is held out."""
    from textune.text.passages import Passages  # torch: not before a request is looked at

    start, found = yield from plain_text.STORY.gather(request, folder)
    count = max(request.settings.train.batch_size, LEAST)
    train, valid = found.train, found.valid
    rows = _spread(len(train), count)
    few = (
        train.take(rows)
        if isinstance(train, Passages)
        else replace(
            train,
            edges=train.edges[rows],
            options=tuple(train.options[row] for row in rows.tolist()),
            owners=train.owners[rows],
        )
    )
    judged = valid.take(_spread(len(valid), count))
    yield Message(f"a trial: {len(few)} passages learned from, {len(judged)} held out")
    return start, replace(found, train=few, valid=judged)


def _spread(total: int, count: int) -> NDArray[np.int64]:
    """Choose so many of all, evenly from the first to the last; each once."""
    return np.unique(np.linspace(0, total - 1, min(total, count)).round().astype(np.int64))


def _ask(run: Run, settings: AdaptSettings | PretrainSettings) -> None:
    """Load the model again, and ask it once."""
    from textune.predicting import filling, following  # torch: imported already

    if settings.mask.only_nexts:
        following.follows(run.path, [("one", "two")], device=settings.device)
    else:
        filling.Filler.load(run.path, device=settings.device).fill("[MASK]")
