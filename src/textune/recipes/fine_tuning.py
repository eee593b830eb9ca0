"""A corpus becomes a job of fine-tuning: its learner, and what is judged and kept of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from textune.corpora.corpus import Corpus
from textune.encoder import averaging, bases, devices, load, units
from textune.encoder.units import Units
from textune.evaluation import by_length, evaluate, fitting
from textune.metrics.metrics import Report
from textune.objectives.labelled import Labelled, forewarnings
from textune.probing import heads
from textune.recipes import probed
from textune.recipes.requests import TrainRequest
from textune.records import Decision, Example, Message, Scores
from textune.runs import runs
from textune.runs.runs import Card
from textune.runs.written import Best, DataCard
from textune.settings import choosing
from textune.settings.choosing import Facts
from textune.settings.config import TrainSettings
from textune.storage import atomic
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.tasks.labels import in_one_cell
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

    def asked(self) -> dict[str, object]:
        """Return what `config.toml` says beside the settings: of the files, and of its choices."""
        given = {
            "source": self.request.source,
            "valid": self.request.valid,
            "test": self.request.test,
        }
        sources = {
            name: str(value) if isinstance(value, str | Path) else None
            for name, value in given.items()
        }
        chosen = sorted(self.request.settings.train.left_out())
        return {**sources, "chosen": chosen, "contract": asdict(self.found.contract)}

    def write_card(self, folder: Path) -> None:
        """Write what was understood of the files, and which rows are in which part."""
        corpus = self.found
        DataCard(
            contract=asdict(corpus.contract),
            files=corpus.files,
            columns=corpus.table.columns,
            layout=corpus.table.reasons,
            labels=corpus.label_counts(),
            max_tokens=corpus.max_tokens,
            splits={part: len(getattr(corpus.split, part)) for part in PARTS},
            findings=tuple(asdict(finding) for finding in corpus.findings),
        ).write(folder)
        rows = {part: [example.origin for example in corpus.part(part)] for part in PARTS}
        atomic.write_json(folder / "splits.json", rows)

    def place_tokenizer(self, _: Path) -> str:
        """Return where the tokenizer's files are."""
        return self.found.tokenizer.place

    def prepare(self, folder: Path, _: StopRequest, *, goes_on: bool) -> Iterator[Message]:
        """Say what was chosen and what will not happen by it; fit the head to start from."""
        objective, settings = self.learner.objective, self.request.settings
        yield from map(Message, self.choices)
        if objective.looks_first and not goes_on:
            yield probed.begin(self.learner, self.found, folder, seed=settings.seed)
        yield from forewarnings(
            settings.train, objective.per_epoch, is_probed=objective.looks_first
        )

    def judge(self, folder: Path) -> tuple[Report, Decision]:
        """Judge the best weights on validation and test texts, beside what simple rules score."""
        found: Report = {}
        corpus, learner, task = self.found, self.learner, self.found.task
        decision, last = task.default_decision(), None
        for part in PARTS[1:]:
            rows = getattr(corpus.split, part)
            if not len(rows):
                continue
            scores = evaluate.score(
                learner.encoder,
                task,
                corpus.store,
                rows,
                decision=decision,
                targets=corpus.targets,
                micro_tokens=learner.micro_tokens,
            )
            texts, how = corpus.part(part), ""
            if part == "valid":
                decision, scores, how = fitting.decide(task, scores, texts)
            found[part] = judge(task, scores, texts) | ({"decided": how} if how else {})
            write_scores(folder / "predictions" / f"{part}.parquet", task, texts, scores)
            last = part, scores, texts
        assert last is not None
        simple = task.baselines(corpus.part("train"), last[1], last[2])
        probe = probed.baseline(folder, learner.progress.before, last[0])
        found["baselines"] = {"part": last[0], **probe, **simple}
        step = learner.progress.best_step
        best = Best(
            step=step,
            metric=learner.objective.metric,
            value=learner.progress.best,
            epoch=round(step / learner.objective.per_epoch, 3),
        )
        retry = learner.progress.retry
        return found | {"best": asdict(best)} | ({"retry": retry} if retry else {}), decision

    def save(self, folder: Path, decision: Decision | None) -> str:
        """Write the weights and what predicting needs into a folder; return its page."""
        corpus, state = self.found, self.found.task.state()
        assert decision is not None
        numbers = Units(state["centers"], state["scales"]) if "centers" in state else None
        is_folded = load.save(self.learner.encoder, folder, numbers=numbers)
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
        )
        runs.write_card(folder, card)
        page = runs.model_readme(card, self.request.settings.base, corpus.task.model_class)
        if corpus.task.asks == "texts":
            page += averaging.remark(self.learner.encoder.config)
        return page + units.remark(numbers, is_folded=is_folded)


def build(request: TrainRequest, corpus: Corpus, clock: Clock) -> FineTuning:
    """Load the encoder and make everything that trains it.

    Raises:
        TextuneError: Device, number format or base cannot be had.
    """
    place = corpus.tokenizer.place
    device = devices.choose(request.settings.device)
    before = snapshot.choices_before(request.out) if request.resume else None
    chosen = choosing.choose(request.settings, facts_of(corpus), before)
    settings, why = snapshot.choose_precision(
        chosen.settings,
        device,
        width=bases.width(Path(place)),
        resumed=request.out if request.resume else None,
    )
    objective = Labelled.of(corpus, settings)
    encoder, sub = objective.encoder(place, settings.train, device)
    is_probed = settings.train.probe and heads.can_probe(objective.task, encoder)
    objective = replace(objective, looks_first=is_probed)
    learner = Learner.build(objective, settings, encoder, sub=sub, clock=clock, why=why)
    if settings.train.retry:
        learner.fresh = partial(_weights, objective, place, settings.train, device)
    return FineTuning(replace(request, settings=settings), corpus, learner, chosen.words)


def facts_of(corpus: Corpus) -> Facts:
    """Return what is known before a run begins, by which its settings are chosen."""
    place, rows = Path(corpus.tokenizer.place), corpus.split.train
    return Facts(
        rows=len(rows),
        classes=len(corpus.task.labels),
        tokens=round(float(corpus.store.lengths[rows].mean())),
        width=bases.width(place),
        layers=bases.layers(place) - averaging.is_in(place),
        asks=corpus.task.asks,
        averages=averaging.is_wanted(place),
    )


def _weights(
    objective: Labelled, place: str, train: TrainSettings, device: torch.device
) -> dict[str, Tensor]:
    """Return what the weights are before the first update; the base is read once more."""
    found: dict[str, Tensor] = objective.encoder(place, train, device)[0].model.state_dict()
    return found


def judge(task: Task, scores: Scores, texts: Sequence[Example]) -> Report:
    """Compute every metric over all texts at once, the main ones with 95 % intervals, by length."""
    found = {**task.judge(scores, texts), "intervals": task.intervals(scores, texts)}
    return found | {"by_length": by_length.judge(task, scores, texts, found)}


def write_scores(file: Path, task: Task, texts: Sequence[Example], scores: Scores) -> None:
    """Write what was decided of each text beside its truth."""
    columns: dict[str, list[Any]] = {
        "origin": [item.origin for item in texts],
        "text": [item.text for item in texts],
    }
    if any(item.pair is not None for item in texts):
        columns[registry.of(task.name).second] = [item.pair for item in texts]
    columns["truth"] = [task.truth(item) for item in texts]
    if any(item.unscored for item in texts):
        columns["unscored"] = [in_one_cell(item.unscored, task.labels) for item in texts]
    answers = [task.cells(item) for item in task.predictions(scores, texts)]
    for (name, _), cells in zip(task.columns(), zip(*answers, strict=True), strict=True):
        columns[name] = list(cells)
    if task.asks == "texts":
        for number, label in enumerate(task.labels):
            columns[f"logit({label})"] = scores.logits[:, number].tolist()
    runs.write_predictions(file, columns)
