"""A corpus becomes a job of fine-tuning: its learner, and what is judged and kept of it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from textune.corpora.corpus import Corpus
from textune.data import names, slicing
from textune.decisions.rule import Decision
from textune.encoder import averaging, bases, devices, load, units
from textune.encoder.units import Units
from textune.errors import SettingsError
from textune.evaluation import evaluate, fitting, parts
from textune.extensions import kept
from textune.fast import libraries, memory
from textune.metrics import catalogue, intervals
from textune.metrics.metrics import Report
from textune.objectives.labelled import Labelled, forewarnings
from textune.probing import heads
from textune.reading import obtained
from textune.recipes import adapting, data_cards, explaining, previewed, seeds, unjudged, wishing
from textune.recipes.requests import TrainRequest
from textune.recipes.selection import (
    averaged,
    choices,
    contrasting,
    crossed,
    learning_curve,
    out_of_fold,
    probed,
    refitted,
    remedied,
    selecting,
)
from textune.recipes.selection.out_of_fold import Outcome
from textune.records import Example, Message, Scores
from textune.runs import runs
from textune.runs.curves import FROZEN
from textune.runs.events import AuxiliaryStep
from textune.runs.runs import Card
from textune.runs.typed import Capsule
from textune.runs.written import Best
from textune.settings import judging
from textune.settings.train_config import TrainSettings
from textune.tasks import registry
from textune.text import plan, unknown
from textune.training import snapshot
from textune.training.clock import Clock
from textune.training.guards import StopRequest
from textune.training.learner import Learner

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class FineTuning:
    """What a run on labelled text needs once it begins."""

    request: TrainRequest
    found: Corpus
    learner: Learner
    choices: tuple[str, ...] = ()  # of settings that were left out, each with its reason
    told: Mapping[str, object] = field(default_factory=dict)  # what `config.toml` says besides

    @property
    def base(self) -> str:
        """Name what is fine-tuned."""
        return self.request.settings.base

    def asked(self) -> dict[str, object]:
        """Return what `config.toml` says beside the settings: of the files, and of its choices."""
        given = {
            "source": self.request.source,
            "valid": self.request.valid,
            "test": self.request.test,
        }
        sources = {name: _place(value) for name, value in given.items()}
        chosen = sorted(self.request.settings.train.left_out())
        told = {"chosen": chosen, "seeds": self.request.seeds}
        return {**sources, **told, **self.told, "contract": asdict(self.found.contract)}

    def write_card(self, folder: Path) -> None:
        """Write what was understood of the files, and which rows are in which part."""
        data_cards.write(folder, self.found)

    def place_tokenizer(self, _: Path) -> str:
        """Return where the tokenizer's files are."""
        return self.found.tokenizer.place

    def prepare(
        self, folder: Path, _: StopRequest, *, goes_on: bool
    ) -> Iterator[Message | AuxiliaryStep]:
        """Say what was chosen and what will not happen by it; fit the head to start from."""
        learner, train = self.learner, self.request.settings.train
        is_probed = learner.objective.looks_first or learner.is_frozen
        is_crossed = self.found.is_cross_validated
        chosen = unjudged.of_use(
            self.choices, learns_all=self.found.learns_all, is_cross_validated=is_crossed
        )
        yield from map(Message, chosen)
        if not goes_on:
            most = learner.micro_tokens
            said = previewed.preview(learner.encoder, self.found, micro_tokens=most)
            yield from filter(None, [said])
        yield from forewarnings(train, learner.objective.per_epoch, is_probed=is_probed)
        if is_crossed:
            yield from self._select(folder, goes_on=goes_on)
        elif learner.objective.looks_first and not goes_on:
            yield probed.begin(learner, self.found, folder, seed=self.request.settings.seed)

    def _select(self, folder: Path, *, goes_on: bool) -> Iterator[Message | AuxiliaryStep]:
        """Choose how to learn from all texts, by cross-validation."""
        learner, objective = self.learner, self.learner.objective
        encoder = None
        if goes_on:  # its weights are no longer those of the base
            assert isinstance(objective, Labelled)
            place, train = self.found.tokenizer.place, learner.settings.train
            encoder = objective.encoder(place, train, learner.encoder.device)[0]
        yield from selecting.select(learner, self.found, folder, goes_on=goes_on, encoder=encoder)

    def measures(self) -> Capsule:
        """Return where, how and how fast it was learned, and what packing has spared."""
        corpus, settings = self.found, self.learner.settings
        lengths, size = corpus.store.lengths[corpus.split.train], settings.train.batch_size
        spared = plan.padding(lengths, seed=settings.seed, batch_size=size)
        return {**self.learner.measures(), "padding_avoided": round(spared, 4)}

    def judge(self, folder: Path) -> tuple[Report, Decision]:
        """Judge the best weights on what is held out; say so where nothing is."""
        if self.found.learns_all and not len(self.found.split.test):
            numbers: Report = {"learned_all": True, "best": asdict(self._best({}))}
            numbers |= self.learner.progress.told()
            return numbers, self.found.task.default_decision()
        return self._judge(folder)

    def _judge(self, folder: Path) -> tuple[Report, Decision]:
        """Judge the best weights on validation and test texts, beside what simple rules score."""
        found: Report = {}
        assert isinstance(self.learner.objective, Labelled)
        corpus, task = self.found, self.learner.objective.task
        decision, last = task.default_decision(), None
        outcome = out_of_fold.read(folder, None) if corpus.is_cross_validated else None
        if outcome is not None and outcome.best.name != FROZEN:
            self._finish(folder, outcome)
        by = names.columns_meant(self.request.settings.data.by, corpus.tables[-1].columns)
        for part in PARTS[1:]:
            of_folds = outcome if part == "valid" else None
            if of_folds is not None:
                scores, texts = crossed.scores(corpus, of_folds)
            elif len(getattr(corpus.split, part)):
                scores, texts = self._scores(part, decision), corpus.part(part)
            else:
                continue
            how = ""
            if part == "valid":
                wish = wishing.of(self.request.settings, task.labels, task.name)
                fitted = fitting.decide(task, scores, texts, wish)
                decision, scores, how = fitted.rule, fitted.scores, fitted.how
            beside = parts.Beside(
                cells=slicing.cells(corpus.tables, by, texts),
                leaked=corpus.leaks.get(part),
                unknown=unknown.Counter(lambda: corpus.tokenizer),
                wider=intervals.OUT_OF_FOLD if of_folds is not None else 1.0,
            )
            marked = dict if of_folds is None else partial(crossed.marked, corpus, of_folds)
            given: Any = {"rule": decision, "how": how, "marked": marked}
            found[part] = parts.judge(task, scores, texts, beside, **given)
            file = folder / "predictions" / f"{part}.parquet"
            parts.write(file, task, scores, texts, beside)
            last = part, scores, texts
        assert last is not None
        found["baselines"] = self._baselines(folder, *last, outcome)
        found |= crossed.remedies(outcome)
        found |= {"faulty": len(corpus.faulty)} if corpus.faulty else {}
        found |= {"best": asdict(self._best(found))} | self.learner.progress.told()
        return found, decision

    def _baselines(
        self,
        folder: Path,
        part: str,
        scores: Scores,
        texts: Sequence[Example],
        outcome: Outcome | None,
    ) -> Report:
        """Say what simple rules score on the texts of a part."""
        corpus, task = self.found, self.found.task
        if part == "valid" and outcome is not None:
            probe, parts = crossed.frozen(corpus, outcome), crossed.parts(outcome)
        else:
            probe, parts = probed.baseline(folder, self.learner.progress.before, part), None
        memory.give_back()  # simple rules come with libraries of their own
        with libraries.alone():
            simple = task.baselines(corpus.part("train"), scores, texts, parts)
        return {"part": part, **probe, **simple}

    def _finish(self, folder: Path, outcome: Outcome) -> None:
        """Take the mean with the models of the folds, and fit the head anew on all texts."""
        corpus, learner, best = self.found, self.learner, outcome.best
        assert isinstance(learner.objective, Labelled)
        if self.request.settings.train.average and outcome.averages:
            mean = averaged.read(folder)
            assert mean is not None, "written or found whole before"
            averaged.blend(learner.encoder, mean)
        if best.refit is None:
            return
        refitted.install(
            learner.encoder,
            corpus,
            learner.objective.task,
            corpus.split.train,
            best.refit,
            seed=learner.settings.seed,
            micro_tokens=learner.micro_tokens,
        )

    def _scores(self, part: str, decision: Decision) -> Scores:
        """Let the best weights answer the texts of a part."""
        corpus, learner = self.found, self.learner
        return evaluate.score(
            learner.encoder,
            corpus.task,
            corpus.store,
            getattr(corpus.split, part),
            decision=decision,
            targets=corpus.targets,
            micro_tokens=learner.micro_tokens,
        )

    def _best(self, found: Report) -> Best:
        """Say which weights are kept: the best of those judged, or the last where none were."""
        progress, objective = self.learner.progress, self.learner.objective
        step, value = progress.best_step, progress.best
        if not objective.is_judged:
            step = progress.step
            value = catalogue.value(found.get("valid") or {}, objective.metric)
        return Best(
            step=step,
            metric=objective.metric,
            value=value,
            epoch=round(step / objective.per_epoch, 3),
        )

    def save(self, folder: Path, decision: Decision | None) -> str:
        """Write the weights and what predicting needs into a folder; return its page."""
        corpus, state = self.found, self.found.task.state()
        decision = decision or corpus.task.default_decision()
        numbers = Units(state["centers"], state["scales"]) if "centers" in state else None
        is_folded = load.save(
            self.learner.encoder,
            folder,
            numbers=numbers,
            adapter=adapting.folder(self.request.settings),
        )
        card = Card(
            task=corpus.task.name,
            labels=corpus.task.labels,
            state=state,
            decision=decision,
            shape=corpus.store.shape,
            pool=corpus.pool,
            precision=self.learner.precision,
            contract=corpus.contract,
            header=corpus.table.has_header,
            delimiter=corpus.table.delimiter,
            own=corpus.task.own.told(),
        )
        runs.write_card(folder, card)
        kept.write(corpus.task.own, folder)
        page = runs.model_readme(card, self.request.settings.base, corpus.task.model_class)
        if corpus.task.asks == "texts":
            page += averaging.remark(self.learner.encoder.config)
        page += registry.of(corpus.task.name).page(corpus.task)
        page += self._how_it_was_learned()
        return page + units.remark(numbers, is_folded=is_folded)

    def _how_it_was_learned(self) -> str:
        """Say on the model's page what the weights are, and by what they were judged."""
        said = []
        if self.found.is_cross_validated:
            texts = len(self.found.split.train)
            said.append(
                f"It learned from all {texts:,} texts; the scores of its run are those of "
                "cross-validation."
            )
        if self.found.learns_all:
            texts = len(self.found.split.train)
            said.append(f"It learned from all {texts:,} texts; none was held out to judge it.")
        if self.learner.is_frozen:
            said.append("The encoder is that of the base, and a linear head was fitted to it.")
        return f"\n{' '.join(said)}\n" if said else ""

    def conclude(
        self, folder: Path, numbers: Mapping[str, Any]
    ) -> Iterator[Message | AuxiliaryStep]:
        """Explain the worst errors, and draw the learning curve where it is asked for."""
        learner, settings = self.learner, self.request.settings
        asked = explaining.asked(settings, learner, self.found)
        if not settings.train.curve:
            return _concluded(folder, asked, None)
        numbers = seeds.of_first(folder, numbers)
        assert isinstance(learner.objective, Labelled)
        wanted = learning_curve.Wanted(
            objective=learner.objective,
            settings=settings,
            facts=choices.facts_of(self.found, settings),
            device=learner.encoder.device,
            micro_tokens=learner.micro_tokens,
            key=learning_curve.key_of(learner.prints().values),
            tuned=learning_curve.tuned_of(numbers, settings.train),
            scored=learning_curve.scored_of(numbers),
            retry=numbers.get("retry"),
        )
        return _concluded(folder, asked, wanted)


def _place(source: object) -> str | list[str] | None:
    """Write the name of a file, or the names of several; None for data that Python held."""
    if not obtained.are_places(source):
        return None
    return str(source) if isinstance(source, str | os.PathLike) else list(map(str, source))


def build(request: TrainRequest, corpus: Corpus, clock: Clock) -> FineTuning:
    """Load the encoder and make everything that trains it.

    Raises:
        TextuneError: Device, number format or base cannot be had.
    """
    place = corpus.tokenizer.place
    device = devices.choose(request.settings.device)
    before = snapshot.choices_before(request.out) if request.resume else None
    chosen = choices.choose(request.settings, corpus, before)
    settings, why = snapshot.choose_precision(
        chosen.settings,
        device,
        width=bases.width(Path(place)),
        resumed=request.out if request.resume else None,
    )
    has_file = any(file.part == "valid" for file in corpus.files)  # then no share is drawn
    if not has_file or (request.resume and judging.had_share(request.out)):
        settings = judging.resolved(settings, is_cross_validated=corpus.is_cross_validated)
    remedied.check(settings, corpus)
    adapting.check(settings, corpus)
    wishing.check(settings, corpus.task)
    objective = Labelled.of(corpus, settings)
    encoder, sub = objective.encoder(place, settings.train, device)
    adapting.check_apart(settings, encoder)
    settings, objective = contrasting.asked(settings, objective, encoder)
    is_quick = settings.train.effort == "quick"
    unjudged.check(request, settings, learns_all=corpus.learns_all)
    can_probe = heads.can_probe(objective.task, encoder)
    if is_quick and not can_probe:
        raise SettingsError(
            f"--effort quick: {registry.of(corpus.task.name).words}, and no linear head on frozen "
            "features can give that; leave it out"
        )
    is_probed = can_probe and (is_quick or settings.train.probe) and objective.is_judged
    objective = replace(objective, looks_first=is_probed)
    learner = Learner.build(objective, settings, encoder, sub=sub, clock=clock, why=why)
    learner.is_frozen = is_quick
    learner.takes = partial(selecting.take, learner, corpus)
    learner.saves_last = (request.seeds or 1) > 1  # much follows, and may be stopped
    if settings.train.retry:
        learner.fresh = partial(_weights, objective, place, settings.train, device)
    return FineTuning(replace(request, settings=settings), corpus, learner, chosen.words)


def _concluded(
    folder: Path, asked: explaining.Asked, wanted: learning_curve.Wanted | None
) -> Iterator[Message | AuxiliaryStep]:
    """Do what comes last; the job's encoder is no longer held."""
    seeds.tidy(folder)
    yield from explaining.explained(folder, asked)
    if wanted is not None:
        yield from learning_curve.draw(wanted, folder)


def _weights(
    objective: Labelled, place: str, train: TrainSettings, device: torch.device
) -> dict[str, Tensor]:
    """Return what the weights are before the first update; the base is read once more."""
    found: dict[str, Tensor] = objective.encoder(place, train, device)[0].model.state_dict()
    return found
