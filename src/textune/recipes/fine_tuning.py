"""A corpus becomes a learner; what it has learned is judged and kept in the run's folder."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textune.corpora.corpus import Corpus
from textune.encoder import devices, light, load, manifest, units
from textune.encoder.units import Units
from textune.evaluation import by_length, evaluate, fitting
from textune.fast import build
from textune.objectives.labelled import Labelled, forewarnings
from textune.records import Decision, Example, Message, Scores, Started, Step, Validated
from textune.runs import runs
from textune.runs.runs import Card
from textune.runs.written import Best
from textune.settings.config import Settings
from textune.storage import atomic, folders
from textune.tasks.interface import Task
from textune.tasks.labels import in_one_cell
from textune.text import saving
from textune.text.tokenizers import Tokenizer
from textune.training import fingerprints, guards, snapshot
from textune.training.guards import StopRequest
from textune.training.learning import Learner


def prepare(
    corpus: Corpus, settings: Settings, place: str, *, resumed: Path | None
) -> Generator[Message, None, Learner]:
    """Load the encoder and make everything that trains it.

    Args:
        corpus: What there is to learn.
        settings: Of the run; those of the learner name the number format that was chosen.
        place: Folder of the base.
        resumed: Folder of a run that goes on.

    Raises:
        TextuneError: Device, number format or base cannot be had.
    """
    device = devices.choose(settings.device)
    width = light.width(Path(place))
    settings, why = snapshot.choose_precision(settings, device, width=width, resumed=resumed)
    if build.is_due():
        yield Message("compiling kernels for this processor: some seconds, once")
    objective = Labelled.of(corpus, settings)
    encoder, sub = objective.encoder(place, settings.train, device)
    return Learner.build(objective, settings, encoder, sub=sub, why=why)


def learn(
    learner: Learner, folder: Path, stop: StopRequest, *, goes_on: bool
) -> Iterator[Message | Started | Step | Validated]:
    """Update the weights to the end of the plan, and take the best of them."""
    assert isinstance(learner.settings, Settings)
    yield from learner.introduce()
    yield from forewarnings(learner.settings.train, learner.objective.per_epoch)
    with guards.memory(learner.micro_tokens):
        yield from learner.learn(folder, stop, goes_on=goes_on)
    learner.take_best(folder)


def keep(
    learner: Learner,
    folder: Path,
    corpus: Corpus,
    tokenizer: Tokenizer,
    *,
    base: str,
    began: float,
) -> Generator[Message, None, dict[str, Any]]:
    """Judge the weights and write the finished run.

    Args:
        learner: With the best weights.
        folder: Of the run.
        corpus: What it learned from.
        tokenizer: That made its texts.
        base: What was fine-tuned, by the name that it was given.
        began: Reading of the performance counter when the run began.

    Returns:
        The numbers, as the generator's value.
    """
    found, decision = _judge(folder, corpus, learner)
    learner.complete()
    yield from _write_model(folder, corpus, learner, decision, base=base, tokenizer=tokenizer)
    _write_end(folder, corpus, learner, found, time.perf_counter() - began)
    return found


def finish(folder: Path, noted: Mapping[str, Any] | None, settings: Settings) -> None:
    """Write the page of a run whose numbers are there, and delete what is needed no more.

    Args:
        folder: Of the run.
        noted: What the run is of; None: as it was noted when it was finished first.
        settings: Of the run.
    """
    if noted is None:
        noted = fingerprints.recorded(folder)
    if not (folder / "report.html").is_file():
        from textune.report import report  # draws: not needed while memory is

        report.write(folder)
    folders.finish(folder, noted, keep_checkpoints=settings.train.keep_checkpoints)


def judge(task: Task, scores: Scores, texts: Sequence[Example]) -> dict[str, Any]:
    """Compute every metric over all texts at once, the main ones with 95 % intervals, by length."""
    found = {**task.judge(scores, texts), "intervals": task.intervals(scores, texts)}
    return found | {"by_length": by_length.judge(task, scores, texts, found)}


def write_scores(file: Path, task: Task, texts: Sequence[Example], scores: Scores) -> None:
    """Write what was decided of each text beside its truth."""
    columns: dict[str, list[Any]] = {
        "origin": [item.origin for item in texts],
        "text": [item.text for item in texts],
    }
    if task.asks == "answers":
        columns["passage"] = [item.pair for item in texts]
    elif any(item.pair is not None for item in texts):
        columns["pair"] = [item.pair for item in texts]
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


def _judge(folder: Path, corpus: Corpus, learner: Learner) -> tuple[dict[str, Any], Decision]:
    """Judge the chosen weights on validation and test texts, beside what simple rules score."""
    found: dict[str, Any] = {}
    task, decision = corpus.task, corpus.task.default_decision()
    last = None
    for part in ("valid", "test"):
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
        texts = corpus.part(part)
        how = ""
        if part == "valid":
            decision, scores, how = fitting.decide(task, scores, texts)
        found[part] = judge(task, scores, texts) | ({"decided": how} if how else {})
        write_scores(folder / "predictions" / f"{part}.parquet", task, texts, scores)
        last = part, scores, texts
    assert last is not None
    simple = task.baselines(corpus.part("train"), last[1], last[2])
    progress = learner.progress
    found["baselines"] = {"part": last[0], **simple}
    found["best"] = asdict(
        Best(
            step=progress.best_step,
            metric=learner.objective.metric,
            value=progress.best,
            epoch=round(progress.best_step / learner.objective.per_epoch, 3),
        )
    )
    return found, decision


def _write_model(
    folder: Path,
    corpus: Corpus,
    learner: Learner,
    decision: Decision,
    *,
    base: str,
    tokenizer: Tokenizer,
) -> Iterator[Message]:
    """Write what predicting needs; yield where plain transformers would read texts otherwise."""
    card = Card(
        task=corpus.task.name,
        labels=corpus.task.labels,
        state=corpus.task.state(),
        decision=decision,
        shape=corpus.store.shape,
        pool=corpus.pool,
        precision=learner.precision,
        contract=corpus.contract,
        header=corpus.table.has_header,
        delimiter=corpus.table.delimiter,
    )
    with atomic.replacing_folder(folder / "model") as unfinished:
        state = corpus.task.state()
        numbers = Units(state["centers"], state["scales"]) if "centers" in state else None
        is_folded = load.save(learner.encoder, unfinished, numbers=numbers)
        otherwise = saving.write(tokenizer, unfinished, corpus.texts())
        runs.write_card(unfinished, card)
        page = runs.model_readme(card, base, corpus.task.model_class)
        remarks = units.remark(numbers, is_folded=is_folded) + saving.remark(otherwise)
        atomic.write_text(unfinished / "README.md", page + remarks)
        manifest.seal(unfinished)
    if otherwise is not None:
        yield Message(otherwise, is_warning=True)


def _write_end(
    folder: Path, corpus: Corpus, learner: Learner, found: dict[str, Any], seconds: float
) -> None:
    capsule = runs.capsule() | learner.measures()
    capsule |= {"store": corpus.store.key, "wall_seconds": round(seconds, 2)}
    atomic.write_json(folder / "capsule.json", capsule)
    atomic.remove(folder / "report.html")  # of a run that was shorter
    atomic.write_json(folder / "metrics.json", found)
