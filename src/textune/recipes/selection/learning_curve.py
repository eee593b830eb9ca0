"""Parts of the training texts become a learning curve: what more labels would buy.

An eighth, a quarter, a half and all of them, each in the next, teach a linear head on frozen
features, and the encoder; what they score is judged as the run is judged.
"""

import hashlib
import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder import precision
from textune.encoder.model import Encoder
from textune.errors import NumericsError
from textune.evaluation import answered
from textune.metrics import catalogue, written
from textune.objectives.labelled import Labelled
from textune.probing import forecast, heads
from textune.probing.features import features
from textune.recipes.selection import affording, contrasting, foretelling, probed, refitted
from textune.recipes.selection.guarded import Guard
from textune.recipes.selection.part_training import Trainer
from textune.recipes.selection.probed import MOST_TEXTS, Rows
from textune.records import LinearHead, Message
from textune.runs.curves import CONTRASTED, FROZEN, TUNED, LearningCurve, Point
from textune.runs.events import AuxiliaryStep
from textune.runs.written import Best
from textune.settings import choosing
from textune.settings.choosing import Before, Facts
from textune.settings.config import Settings
from textune.settings.train_config import TrainSettings
from textune.splits import folds, nested
from textune.tasks import registry
from textune.text.ragged import ranges

FEWEST = 10  # texts that are tried
DRAWS = {8: 3, 4: 2}  # of an eighth and of a quarter; of more texts one
SHARE = 1.25  # of the run's own cost that fine-tuning on parts of its texts may take together
ALLOWED = 3e12  # weights of the layers times tokens that it may always take: some 100 s of 2 cores


@dataclass(frozen=True, slots=True)
class Tuned:
    """What fine-tuning on all texts scored."""

    value: float | None
    folds: int  # of cross-validation; 1 where validation texts judged it


@dataclass(frozen=True)
class Wanted:
    """Of what run a curve is wanted, and what is computed for it once."""

    objective: Labelled
    settings: Settings  # of the run, which still tell what was left out
    facts: Facts
    device: torch.device
    micro_tokens: int
    key: str  # names all that the points depend on
    tuned: Tuned | None  # what fine-tuning on all texts scored; None where there was none
    scored: Mapping[str, Any]  # the run's score and its interval
    retry: Mapping[str, Any] | None = None  # the safer recipe by which the run learned

    @property
    def corpus(self) -> Corpus:
        """Return what the run learned from."""
        return self.objective.corpus

    @cached_property
    def encoder(self) -> Encoder:
        """Return the base once more; the run's own encoder has learned."""
        place, train = self.corpus.tokenizer.place, self.settings.train
        train = train.model_copy(update={"probe": True})  # which reads the names of labels
        found, _ = self.objective.encoder(place, train, self.device)
        precision.wrap(found, train.precision)
        return found

    @cached_property
    def order(self) -> Rows:
        """Return the training texts in the order in which they are added; (N,)."""
        return _order(self.corpus, self.corpus.split.train, self.settings.seed)

    @cached_property
    def parts(self) -> list[tuple[Rows, Rows]]:
        """Return what a head may learn from and what judges it: once, or fold after fold."""
        return self._parted(probed.FOLDS)

    @cached_property
    def tuned_parts(self) -> list[tuple[Rows, Rows]]:
        """Return what fine-tuning may learn from and what judges it, in as many folds as before."""
        return self._parted(probed.FOLDS if self.tuned is None else self.tuned.folds)

    def _parted(self, count: int) -> list[tuple[Rows, Rows]]:
        train, valid = self.corpus.split.train, self.corpus.split.valid
        if len(valid):
            return [(train, valid)]
        of_fold = probed.deal(self.corpus, train, self.settings.seed, most=count)
        numbers = [fold for fold in np.unique(of_fold).tolist() if fold != folds.ALWAYS]
        return [(train[of_fold != fold], train[of_fold == fold]) for fold in numbers]

    @cached_property
    def known(self) -> "Known":
        """Return the features of the texts that a head is fitted on or judged by."""
        judged = [rows for _, rows in self.parts]
        rows = np.unique(np.concatenate([self.order[:MOST_TEXTS], *judged]))
        read = features(self.encoder, self.corpus.store, rows, micro_tokens=self.micro_tokens)
        return Known(rows, read, _borders(self.corpus, rows))

    @cached_property
    def of_names(self) -> NDArray[np.float32] | None:
        """Return the features of the labels' names."""
        return probed.named(self.encoder, self.corpus)

    @cached_property
    def trainer(self) -> Trainer:
        """Return what fine-tunes the encoder; its features are computed before it does."""
        guard = None if self.retry is None else Guard(may_retry=False, retry=dict(self.retry))
        is_crossed = not len(self.corpus.split.valid)  # as the run itself is then
        refits = is_crossed and self.settings.train.refit and refitted.can_refit(self.corpus.task)
        objective = contrasting.on(self.objective, self.encoder)
        return Trainer.of(objective, self.encoder, guard=guard, refits=refits)

    def fit(self, rows: Rows) -> LinearHead:
        """Fit a linear head on those of some texts whose features are known."""
        mine = rows[np.isin(rows, self.known.rows)]
        read = self.known.of(mine)
        task, seed = self.objective.task, self.settings.seed
        return probed.fit(self.corpus, mine, read, self.of_names, seed=seed, task=task)[0]

    def value(self, answers: Sequence[tuple[Rows, NDArray[np.float32]]]) -> float | None:
        """Judge the logits of the items of some texts, part by part."""
        corpus, task = self.corpus, self.objective.task
        rows = np.concatenate([rows for rows, _ in answers])
        logits = np.concatenate([logits for _, logits in answers])
        scores = answered.scores(
            [(np.arange(len(rows)), logits)],
            task,
            corpus.store,
            rows,
            decision=task.default_decision(),
            targets=corpus.targets,
        )
        report = task.judge(scores, [corpus.examples[row] for row in rows.tolist()])
        found: float | None = catalogue.value(report, self.objective.metric)
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """Texts whose features are known."""

    rows: Rows  # (N,) sorted
    read: NDArray[np.float32]  # (I, D) of their items
    borders: Rows  # (N + 1,) items of each text

    def of(self, rows: Rows) -> NDArray[np.float32]:
        """Return the features of some of them."""
        places = np.searchsorted(self.rows, rows)
        return self.read[ranges(self.borders[places], self.borders[places + 1])]


def draw(wanted: Wanted, folder: Path) -> Iterator[Message | AuxiliaryStep]:
    """Find the points of a run's curve that are not known yet, and what they foretell.

    Each point is kept in the run's folder as soon as it is known.

    Raises:
        StoppedError: A signal asked for it; what is known stays.
    """
    curve = LearningCurve.read(folder)
    if curve is None or curve.key != wanted.key:
        curve = _empty(wanted)
    elif curve.words:
        return
    if heads.can_probe(wanted.corpus.task, wanted.encoder) and not curve.of(FROZEN):
        curve = yield from _add_frozen(wanted, curve, folder)
    if wanted.tuned is not None:
        curve = yield from _add_tuned(wanted, curve, folder)
    curve = replace(curve, **wanted.scored)
    replace(curve, **foretelling.foretell(curve)).write(folder)


def tuned_of(numbers: Mapping[str, Any], train: TrainSettings) -> Tuned | None:
    """Look up in a run's numbers what fine-tuning on all texts scored; None where there was none.

    Where the run is cross-validated, that is what one of its candidates scored.
    """
    if not train.epochs or train.effort == "quick":
        return None
    best, crossed = Best.of(numbers), numbers["valid"].get("cross_validation")
    if crossed is None:
        return Tuned(best.value, 1)
    chosen = crossed["chosen"]
    names = [chosen] if chosen in (TUNED, CONTRASTED) else [TUNED, CONTRASTED]
    found = next((one for one in crossed["candidates"] if one["name"] in names), None)
    if found is None:
        return None
    value = best.value if chosen == found["name"] else catalogue.value(found, best.metric)
    return Tuned(value, found["folds"])


def scored_of(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Look up in a run's numbers its score by the metric that selects, and the score's interval."""
    metric, found = Best.of(numbers).metric, numbers["valid"]
    interval = (found.get("intervals") or {}).get(metric)
    return {"score": catalogue.value(found, metric), "interval": interval and list(interval)}


def key_of(prints: object) -> str:
    """Name by content all that the points depend on."""
    return hashlib.sha256(json.dumps(prints, sort_keys=True, default=str).encode()).hexdigest()


def _empty(wanted: Wanted) -> LearningCurve:
    valid, train = len(wanted.corpus.split.valid), len(wanted.corpus.split.train)
    judged = f"{valid:,} validation text{'s' * (valid != 1)}"
    if not valid:
        judged = f"{len(wanted.parts)}-fold cross-validation"
    return LearningCurve(wanted.key, wanted.objective.metric, judged, train)


def _add_frozen(
    wanted: Wanted, curve: LearningCurve, folder: Path
) -> Generator[Message, None, LearningCurve]:
    """Fit a linear head on parts of the texts, of small ones several draws."""
    began, train = time.perf_counter(), wanted.corpus.split.train
    most = min(len(train), MOST_TEXTS)
    sizes = {size for size in forecast.sizes(len(train), fewest=FEWEST) if size < most}
    points = []
    for size in sorted({*sizes, most} if most >= FEWEST else sizes):
        start = time.perf_counter()
        draws = DRAWS.get(len(train) // size, 1)
        found = [_frozen(wanted, size, number) for number in range(draws)]
        values = [value for value in found if value is not None]
        mean = float(np.mean(values)) if values else None
        points.append(Point(FROZEN, size, mean, draws, _since(start)))
    curve = replace(curve, points=(*curve.points, *points))
    curve.write(folder)
    title = catalogue.title(curve.metric)
    said = ", ".join(f"{_shown(each.value)} ({each.texts:,} texts)" for each in points)
    yield Message(
        f"learning curve, linear head on frozen features: {title} {said}; "
        f"{written.clock(_since(began))}"
    )
    return curve


def _frozen(wanted: Wanted, size: int, number: int) -> float | None:
    """Judge heads that learned from one draw of so many texts."""
    order = wanted.order[:MOST_TEXTS]
    if number:
        order = _order(wanted.corpus, np.sort(order), wanted.settings.seed + number)
    answers = []
    for learned, judged in wanted.parts:
        head = wanted.fit(np.sort(order[:size][np.isin(order[:size], learned)]))
        answers.append((judged, wanted.known.of(judged) @ head.weight.T + head.bias))
    return wanted.value(answers)


def _add_tuned(
    wanted: Wanted, curve: LearningCurve, folder: Path
) -> Generator[Message | AuxiliaryStep, None, LearningCurve]:
    """Fine-tune on parts of the texts, as many as there is time for; the run itself had all."""
    assert wanted.tuned is not None
    texts = len(wanted.corpus.split.train)
    known = {each.texts for each in curve.points if each.way == TUNED}
    for size, is_cheap in _tried(wanted):
        if size in known:
            continue
        if not is_cheap:
            yield Message(
                f"learning curve: fine-tuning on {size:,} texts is left out: with the others it "
                f"would take more than {SHARE:g} times what the run took"
            )
            continue
        began = time.perf_counter()
        what = f"learning curve, fine-tuning on {size:,} of {texts:,} texts"
        try:
            value = yield from _tuned(wanted, size, what)
        except NumericsError as error:
            yield Message(f"learning curve: {size:,} texts: {error}", is_warning=True)
            continue
        finally:
            wanted.trainer.restore()
        point = Point(TUNED, size, value, 1, _since(began))
        curve = replace(curve, points=(*curve.points, point))
        curve.write(folder)
        train = _settings(wanted, size).train
        yield Message(
            f"{what}: {catalogue.title(curve.metric)} {_shown(value)}; epochs {train.epochs}, "
            f"{written.clock(_since(began))}"
        )
    if texts not in known:
        curve = replace(curve, points=(*curve.points, Point(TUNED, texts, wanted.tuned.value)))
    return curve


def _tuned(wanted: Wanted, size: int, what: str) -> Generator[AuxiliaryStep, None, float | None]:
    """Judge the encoder after it learned from so many texts, by the recipe for so many."""
    settings, answers = _settings(wanted, size), []
    is_probed = settings.train.probe and heads.can_probe(wanted.corpus.task, wanted.encoder)
    if is_probed:
        assert len(wanted.known.rows)  # before the first update
    trainer = wanted.trainer
    for number, (learned, judged) in enumerate(wanted.tuned_parts, start=1):
        rows = np.sort(wanted.order[:size][np.isin(wanted.order[:size], learned)])
        head = wanted.fit(rows) if is_probed else None
        if len(wanted.corpus.split.valid):
            return (yield from trainer.score(rows, settings, head, what=what))
        of = f"{what}, fold {number} of {len(wanted.tuned_parts)}"
        found = yield from trainer.answer(rows, judged, settings, head, what=of)
        answers.append((judged, found))
    return wanted.value(answers)


def _tried(wanted: Wanted) -> list[tuple[int, bool]]:
    """List the numbers of texts below all, and whether there is time for them.

    Decided from counts of weights and tokens, not by the clock; the most texts come first.
    """
    train, config = wanted.corpus.split.train, wanted.encoder.config
    layers = 12 * config.num_hidden_layers * config.hidden_size**2  # weights of them, about
    lengths, times = wanted.corpus.store.lengths, len(wanted.tuned_parts)
    own = wanted.settings.train.epochs * int(lengths[train].sum()) * layers * times
    left, found = max(SHARE * own, ALLOWED), []
    sizes = [size for size in forecast.sizes(len(train), fewest=FEWEST) if size < len(train)]
    for size in reversed(sizes):
        tokens = int(lengths[wanted.order[:size]].sum())
        cost = _settings(wanted, size).train.epochs * tokens * layers * times
        found.append((size, cost <= left))
        left -= cost if cost <= left else 0
    return found[::-1]


def _settings(wanted: Wanted, size: int) -> Settings:
    """Return the settings that the run's recipe chooses for so many texts."""
    before = Before(wanted.settings.train.recipe, {})
    facts = replace(wanted.facts, rows=size)
    found = choosing.choose(wanted.settings, facts, before).settings
    corpus, train = wanted.corpus, found.train
    if not corpus.is_cross_validated or "epochs" not in train.left_out():
        return found
    part = replace(corpus, split=replace(corpus.split, train=wanted.order[:size]))
    passes = affording.affordable(train.epochs, part, wanted.encoder.config)
    return choosing.changed(found, {"epochs": passes})


def _order(corpus: Corpus, rows: Rows, seed: int) -> Rows:
    texts: list[Any] = [corpus.examples[row] for row in rows.tolist()]
    if not registry.of(corpus.task.name).has_classes:  # numbers are not kept in proportion
        texts = [replace(text, label=None) for text in texts]
    return rows[nested.order(texts, seed=seed)]


def _borders(corpus: Corpus, rows: Rows) -> Rows:
    """Return where the items of each text begin among those of all; (N + 1,)."""
    sizes = np.ones(len(rows), dtype=np.int64)
    if corpus.task.asks == "words":
        sizes = np.diff(corpus.store.item_borders)[rows]
    return np.concatenate([[0], np.cumsum(sizes)])


def _shown(value: float | None) -> str:
    return "–" if value is None else written.decimals(value)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)
