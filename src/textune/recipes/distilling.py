"""The story of a smaller encoder: it learns from texts without labels to answer as a run does.

The corpus is that of the run, with its split; what the run says of training texts, and of texts
without labels, are the targets (Hinton et al., 2015; Sanh et al., 2019).
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora import corpus, taught
from textune.corpora.corpus import Corpus
from textune.corpora.taught import Lesson
from textune.errors import RunError, SettingsError, counted
from textune.parallel.place import refuse
from textune.predicting.predictor import Predictor, Reading
from textune.recipes import recipe
from textune.recipes.recipe import Event, Story
from textune.recipes.requests import TrainRequest
from textune.records import Example, Message
from textune.runs import predictions, runs
from textune.runs.runs import Run
from textune.storage import objects
from textune.storage.contents import STUDENT
from textune.tasks import examples
from textune.text import tokenizers
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.recipes.fine_tuning import FineTuning


@dataclass(frozen=True, slots=True)
class DistilRequest(TrainRequest):
    """What somebody asked to be distilled: a run into fewer layers."""

    _: KW_ONLY
    run: Path  # that teaches
    layers: int
    width: int | None = None  # of the states, if somebody says it
    texts: tuple[object, ...] = ()  # files, or data frames, of texts without labels
    reading: Reading = field(default_factory=Reading)
    temperature: float = 1.0

    def inputs(self) -> dict[str, object]:
        """Return all that is read, by the words for it."""
        named = {f"text {number}": one for number, one in enumerate(self.texts, start=1)}
        return {"the run": self.run, **named, **TrainRequest.inputs(self)}

    def told(self) -> dict[str, object]:
        """Return what `config.toml` says of it."""
        return {
            "run": str(self.run),
            "layers": self.layers,
            "texts": [str(one) for one in self.texts if isinstance(one, str | Path)],
            "temperature": self.temperature,
        }


def learn(request: DistilRequest) -> Generator[Event, None, Run]:
    """Distil a run; iterate to watch. For what it yields and raises see `recipe.run`."""
    refuse("distill")
    _require_kind(request.run)
    _require_held_out(request.run)
    return recipe.run(request, STORY)


def _gather(request: DistilRequest, folder: Path) -> Generator[Message, None, Corpus]:
    predictor = Predictor.load(request.run, device=request.settings.device)
    unlabelled = list(_read(request, predictor))
    from textune.encoder import shorter  # torch, which the predictor has loaded

    before = shorter.write(
        runs.model_folder(request.run),
        folder / STUDENT,
        model_class=predictor.task.model_class,
        layers=request.layers,
        width=request.width,
    )
    yield Message(f"it begins with {request.layers} of the {before} layers of {request.run}")
    found = yield from corpus.gather(
        request.source,
        request.settings,
        tokenizers.load(str(folder / STUDENT)),
        valid=request.valid,
        test=request.test,
    )
    _require_same(request.run, found, predictor)
    texts, known = taught.fresh(found, unlabelled)
    yield Message(_said(len(texts), known) if request.texts else _NONE_GIVEN)

    def answer(asked: Sequence[Example]) -> NDArray[np.float32]:
        return predictor.score(asked, predictor.card.decision).logits

    cache = request.settings.data.cache
    return taught.extended(found, texts, Lesson(answer, request.temperature, cache))


_NONE_GIVEN = (
    "no texts without labels were given (--text FILE): it learns from those of the run alone"
)


def _said(texts: int, known: int) -> str:
    """Say how many texts without labels there are, and how many more were left out."""
    are = "is" if known == 1 else "are"
    left = f"; {known:,} more {are} known already, or {'comes' if known == 1 else 'come'} twice"
    return f"{counted(texts, 'text')} without labels{left if known else ''}"


def _require_kind(run: Path) -> None:
    """Refuse a run of which no smaller model can be made.

    Raises:
        SettingsError: It is of another task, or of parts of its owner's.
    """
    card = runs.read_card(runs.model_folder(run))
    taught.require_kind(card.task)
    if card.shape.pairs == "apart" or card.own:
        how = "the texts of a pair apart" if card.shape.pairs == "apart" else "by its owner's parts"
        raise SettingsError(f"{run}: encodes {how}, and cannot be distilled")


def _require_held_out(run: Path) -> None:
    """Refuse a run that learned from all of its texts: none could judge a smaller encoder.

    Raises:
        RunError: It was cross-validated, or had no texts to be judged by.
    """
    judged = objects.read(run / "metrics.json").get("valid")
    is_crossed = isinstance(judged, dict) and bool(judged.get("cross_validation"))
    if judged and not is_crossed:
        return
    crossed = "its scores are those of cross-validation, and " if is_crossed else ""
    raise RunError(
        f"{run}: held no texts out by which a smaller encoder could be judged: {crossed}its model "
        "learned from all of them; train it anew with --valid FILE or --set data.valid_share=0.1, "
        "then distil that"
    )


def _read(request: DistilRequest, predictor: Predictor) -> Iterator[Example]:
    """Read the texts without labels as the run's model reads files.

    Raises:
        DataError: A file cannot be read, or has no such column.
    """
    for source in request.texts:
        table, agreed = request.reading.open(source, predictor.card, unlabelled=True)
        yield from examples.read(table, agreed, labelled=False)


def _require_same(run: Path, found: Corpus, predictor: Predictor) -> None:
    """Refuse a corpus whose held-out texts are not those of the run: it may have learned from them.

    Raises:
        RunError: They are not.
    """
    assert len(found.split.valid)  # by the settings of a run that held some out
    if found.task.labels != predictor.card.labels:
        raise RunError(f"{run}: its files hold other labels than it learned; {_CHANGED}")
    for part in ("valid", "test"):
        file = run / "predictions" / f"{part}.parquet"
        texts = Counter(item.text for item in found.part(part))
        if texts and (
            not file.is_file() or texts != Counter(predictions.read(file, ("text",))["text"])
        ):
            raise RunError(f"{run}: its files hold other {part} texts than it held out; {_CHANGED}")


_CHANGED = "they were changed since: train it anew, then distil that"


def _build(request: DistilRequest, found: Corpus, clock: Clock) -> "FineTuning":
    from textune.recipes import fine_tuning  # torch: nothing is wrong with the files

    return replace(fine_tuning.build(request, found, clock), told={"distilled": request.told()})


def _follow(
    request: DistilRequest, folder: Path, numbers: Mapping[str, Any]
) -> Generator[Event, None, dict[str, Any]]:
    from textune.recipes import distilled_worth  # with what it measures by

    found = distilled_worth.measure(request.run, folder, device=request.settings.device)
    yield from map(Message, distilled_worth.words(found))
    return {**numbers, "distilled": found}


STORY = Story("textune train", gather=_gather, build=_build, follow=_follow, passing=(STUDENT,))
