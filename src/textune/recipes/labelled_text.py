"""The story of labelled text: an encoder learns to answer as its labels do."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from textune.corpora import corpus
from textune.corpora.corpus import Corpus
from textune.encoder import bases
from textune.recipes import recipe
from textune.recipes.recipe import Event, Story
from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.runs.runs import Run
from textune.text import tokenizers
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.recipes.fine_tuning import FineTuning


def learn(request: TrainRequest) -> Generator[Event, None, Run]:
    """Fine-tune an encoder; iterate to watch. For what it yields and raises see `recipe.run`."""
    return recipe.run(request, STORY)


def _gather(request: TrainRequest, _: Path) -> Generator[Message, None, Corpus]:
    tokenizer = tokenizers.load(bases.find(request.settings.base))
    return corpus.gather(
        request.source, request.settings, tokenizer, valid=request.valid, test=request.test
    )


def _build(request: TrainRequest, found: Corpus, clock: Clock) -> "FineTuning":
    from textune.recipes import fine_tuning  # torch: nothing is wrong with the files

    return fine_tuning.build(request, found, clock)


STORY = Story("textune train", gather=_gather, build=_build)
