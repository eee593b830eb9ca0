"""A quick trial of a run: one batch of everything, in a folder that is gone afterwards."""

import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.parallel.place import refuse
from textune.predicting.predictor import Predictor
from textune.recipes import labelled_text, recipe
from textune.recipes.recipe import Event
from textune.recipes.requests import TrainRequest
from textune.records import Example, Message, Split
from textune.runs import events
from textune.runs.runs import Run
from textune.settings import judging, tracking
from textune.settings.config import Settings
from textune.splits import strata
from textune.storage import atomic
from textune.trackers import names as trackers

BATCH = 16  # texts, where no other number is asked for
NOISE = ("everything is in", "the model is no better", "the model cannot be told")
STAGES = "read, tokenise, one update, validate, save, load, predict, report"


def learn(request: TrainRequest) -> Generator[Event, None, Run]:
    """Go through every stage of a run with one batch each; iterate to watch.

    All rows are read and checked. The run is returned, its folder is gone.
    """
    refuse("--try")
    trackers.require(tracking.names(request.settings))
    with atomic.scratch() as place:
        settings = _small(request.settings)
        kept: list[Example] = []
        small = replace(
            request,
            settings=settings,
            out=place / "run",
            seeds=None,
            resume=False,
            overwrite=False,
        )
        story = replace(labelled_text.STORY, gather=partial(_gather, kept), follow=None)
        run = yield from events.without(recipe.run(small, story), NOISE)
        predictor = Predictor.load(run.path, device=settings.device, plugin=request.own)
        answered = len(list(predictor.stream(kept)))
        assert (run.path / "report.html").is_file()
    yield Message(
        f"all stages passed ({STAGES}): the model, loaded again, labelled {answered} texts; "
        "nothing was kept"
    )
    return run


def _small(settings: Settings) -> Settings:
    """Leave out what takes more than one update, or is kept elsewhere, whatever was asked."""
    train = settings.train
    texts = train.batch_size if "batch_size" in train.model_fields_set else BATCH
    few: dict[str, object] = {
        "effort": "normal",
        "epochs": 1,
        "batch_size": texts,
        "curve": False,
        "probe": False,
        "remedies": "off",
        "retry": False,
        "patience": None,
        "profile": False,
        "keep_epochs": False,
        "judge_training": max(texts, 2) if train.judge_training else False,
    }
    if settings.data.valid_share != 0:
        few["validate_every"] = 1  # by texts that are held out, and not in folds
    return settings.model_copy(update={"train": train.model_copy(update=few), "track": ()})


def _gather(
    kept: list[Example], request: TrainRequest, folder: Path
) -> Generator[Message, None, Corpus]:
    """Read everything, and take a batch of each part; keep texts to be labelled at the end."""
    found = yield from labelled_text.STORY.gather(request, folder)
    count = request.settings.train.batch_size
    seed = judging.seed_of_rows(request.settings)
    parts = {
        name: _few(found.examples, getattr(found.split, name), count, seed=seed)
        for name in ("train", "valid", "test")
    }
    yield Message(f"a trial: {', '.join(f'{len(rows)} {name}' for name, rows in parts.items())}")
    few = replace(found, split=Split(**parts), leaks=_of_few(found, parts))
    kept += few.part("train")
    return few


def _of_few(found: Corpus, parts: Mapping[str, NDArray[np.int64]]) -> dict[str, list[str]]:
    """Say of those texts of each part that are taken how they leak."""
    every = {name: getattr(found.split, name).tolist() for name in found.leaks}
    how = {name: dict(zip(every[name], words, strict=True)) for name, words in found.leaks.items()}
    return {name: [own[row] for row in parts[name].tolist()] for name, own in how.items()}


def _few(
    texts: Sequence[Example], rows: NDArray[np.int64], count: int, *, seed: int
) -> NDArray[np.int64]:
    """Draw some rows, so that as many labels as possible are among them."""
    order = rows.tolist()
    random.Random(seed).shuffle(order)
    seen: set[str] = set()
    first: list[int] = []
    others: list[int] = []
    for row in order:
        names = set(strata.label_names(texts[row]))
        (others if names <= seen else first).append(row)
        seen |= names
    return np.sort(np.asarray([*first, *others][:count], dtype=np.int64))
