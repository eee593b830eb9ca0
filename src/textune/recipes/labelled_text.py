"""The story of labelled text: an encoder learns to answer as its labels do."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.corpora import corpus
from textune.corpora.corpus import Corpus
from textune.encoder import bases
from textune.errors import SettingsError
from textune.recipes import idle, own_parts, recipe, seeds
from textune.recipes.recipe import Event, Story
from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.runs.runs import Run
from textune.settings import config
from textune.settings.config import Settings
from textune.settings.data_config import DataSettings
from textune.settings.train_config import TrainSettings
from textune.text import tokenizers
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.recipes.fine_tuning import FineTuning


def learn(request: TrainRequest) -> Generator[Event, None, Run]:
    """Fine-tune an encoder; iterate to watch. For what it yields and raises see `recipe.run`."""
    return recipe.run(request, STORY)


def _gather(request: TrainRequest, _: Path) -> Generator[Message, None, Corpus]:
    seeds.check(request)
    yield from own_parts.introduce(request.own)
    if (idle_ones := idle.remark(request)) is not None:
        yield idle_ones
    tokenizer = tokenizers.load(bases.find(request.settings.base))
    if (said := seeds.introduce(request)) is not None:
        yield said
    if (Path(tokenizer.place) / "decision.json").is_file() and not request.resume:
        yield Message(
            f"{request.settings.base}: the model of a run is trained further, and the schedule of "
            "the learning rate begins anew; --resume --epochs N in that run goes on by its own"
        )
    settings = request.settings
    if request.resume:
        settings = _paired_as_begun(_judged_as_begun(settings, request.out), request.out)
    return (
        yield from corpus.gather(
            request.source,
            settings,
            tokenizer,
            valid=request.valid,
            test=request.test,
            sealed=request.sealed,
            own=request.own,
        )
    )


def _judged_as_begun(settings: Settings, folder: Path) -> Settings:
    """Let the texts be judged as in the run that goes on, where nothing else is asked for."""
    file = folder / "config.toml"
    if settings.data.valid_share is not None or not file.is_file():
        return settings
    try:
        data = config.read_section(file, "data", DataSettings)
        train = config.read_section(file, "train", TrainSettings)
    except SettingsError:  # damaged: it is written anew
        return settings
    if data.valid_share is not None:
        begun = settings.data.model_copy(update={"valid_share": data.valid_share})
        return settings.model_copy(update={"data": begun})
    is_known = "recipe" in train.model_fields_set  # it is not where the file was emptied
    if not is_known or "recipe" in settings.train.model_fields_set:
        return settings
    asked = settings.train.model_dump(exclude_unset=True) | {"recipe": train.recipe}
    return settings.model_copy(update={"train": TrainSettings.model_validate(asked)})


def _paired_as_begun(settings: Settings, folder: Path) -> Settings:
    """Let pairs be encoded as in the run that goes on, where nothing else is asked for."""
    file = folder / "config.toml"
    if "pairs" in settings.train.model_fields_set or not file.is_file():
        return settings
    try:
        begun = config.read_section(file, "train", TrainSettings)
    except SettingsError:  # damaged: it is written anew
        return settings
    pairs = begun.pairs if "pairs" in begun.model_fields_set else "together"
    train = settings.train.model_copy(update={"pairs": pairs})
    return settings.model_copy(update={"train": train})


def _build(request: TrainRequest, found: Corpus, clock: Clock) -> "FineTuning":
    from textune.recipes import fine_tuning  # torch: nothing is wrong with the files

    return fine_tuning.build(request, found, clock)


def _follow(
    request: TrainRequest, folder: Path, numbers: Mapping[str, Any]
) -> Generator[Event, None, dict[str, Any]]:
    return seeds.repeat(request, folder, numbers, learn)


STORY = Story("textune train", gather=_gather, build=_build, follow=_follow)
