"""The stories, read top to bottom: a labelled file becomes a run; a run judges another file."""

import json
import os
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from textune import runs, snapshot
from textune.config import Settings, to_toml
from textune.corpus import Corpus, gather, targets_of
from textune.data import examples, tagged
from textune.encoder import bases, devices, light, load, manifest, units
from textune.encoder.units import Units
from textune.errors import DataError, RunError
from textune.evaluation import by_length, evaluate, fitting, plain
from textune.evaluation.unseen import Widened
from textune.kernels import build, threads
from textune.labelled import Labelled, forewarnings
from textune.learning import Learner
from textune.predictor import Predictor, Reading
from textune.records import Decision, Example, Said, Scores, Started, Step, Validated
from textune.runs import Card, Run
from textune.sets.left_out import is_skipped, skipped
from textune.storage import atomic, evaluations, folders
from textune.storage.checksums import Inputs
from textune.storage.written import Best, DataCard, File
from textune.tasks.interface import Task
from textune.tasks.labels import in_one_cell
from textune.tasks.tag import Tag
from textune.text import saving, tokenizers
from textune.text.tokenizers import Tokenizer
from textune.training import fingerprints, guards, memory

Event = Said | Started | Step | Validated


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked to be trained."""

    source: object  # a path or a data frame
    settings: Settings
    out: Path
    valid: object | None = None
    test: object | None = None
    resume: bool = False
    overwrite: bool = False
    config: Path | None = None  # file that settings came from
    accept_changes: bool = False  # a resumed run may come to other bits

    def files(self) -> list[Path]:
        """Return the files that are read, in order; data frames are none."""
        given = (self.source, self.valid, self.test)
        return [Path(one).expanduser() for one in given if isinstance(one, str | os.PathLike)]

    def parts(self) -> list[str]:
        """Name the part for which each of those files was given that is no folder."""
        given = {"train": self.source, "valid": self.valid, "test": self.test}
        return [
            part
            for part, one in given.items()
            if isinstance(one, str | os.PathLike) and Path(one).expanduser().is_file()
        ]

    def inputs(self) -> dict[str, object]:
        """Return all that is read, by the words for it."""
        return {
            "the file": self.source,
            "the file of --valid": self.valid,
            "the file of --test": self.test,
            "the base": self.settings.base,
            "the file of --config": self.config,
        }


def training(request: Request) -> Generator[Event, None, Run]:
    """Fine-tune an encoder; iterate to watch.

    Yields:
        Lines for people, the start, each update of the weights, each validation.

    Returns:
        The finished run, as the generator's value.

    Raises:
        TextuneError: Any mistake of the user's; the run folder keeps the last sound state.
    """
    began = time.perf_counter()
    settings = request.settings
    device = devices.choose(settings.device)
    with (
        threads.shared(settings.train.threads),
        guards.stopping() as wish,
        folders.claim(
            request.out,
            resume=request.resume,
            overwrite=request.overwrite,
            inputs=request.inputs(),
        ) as folder,
    ):
        if request.resume and runs.is_language(folder):
            raise RunError(
                f"{folder}: this run was not made by textune train, but by textune adapt or "
                "pretrain; choose another --out"
            )
        # what is there to learn
        place = bases.find(settings.base)
        settings, why = snapshot.choose_precision(
            settings,
            device,
            width=light.width(Path(place)),
            resumed=request.out if request.resume else None,
        )
        request = replace(request, settings=settings)
        tokenizer = tokenizers.load(place)
        files = request.files()
        sums = Inputs.of(files)
        corpus = yield from gather(
            request.source, settings, tokenizer, valid=request.valid, test=request.test
        )
        sums.refuse_changed(files)
        # learn it
        if build.is_due():
            yield Said("compiling kernels for this processor: some seconds, once")
        lesson = Labelled.of(corpus, settings)
        encoder, sub = lesson.encoder(place, settings.train, device)
        learner = Learner.build(lesson, settings, encoder, sub=sub, why=why)
        state: folders.State = "fresh"
        if request.resume:
            state = yield from learner.take_up(folder, accept=request.accept_changes)
        # nothing can be wrong any more: the run takes its place
        mended = folders.start(
            folder, lambda made: _write_beginning(made, request, corpus, sums), state=state
        )
        wish.is_begun = True
        yield from mended_words(folder, mended)
        if state == "done":
            _finish(folder, fingerprints.recorded(folder), settings)
            yield Said(f"{folder}: this run is finished; there is nothing to resume")
            return read_run(folder)
        yield from learner.introduce()
        yield from forewarnings(settings.train, lesson.per_epoch)
        with guards.memory(learner.micro_tokens):
            yield from learner.learn(folder, wish, goes_on=state == "on")
        # judge it and keep it
        learner.take_best(folder)
        found, decision = _judge(folder, corpus, learner)
        learner.complete()
        yield from _write_model(
            folder, corpus, learner, decision, base=settings.base, tokenizer=tokenizer
        )
        _write_end(folder, corpus, learner, found, time.perf_counter() - began)
        noted = learner.note()
        del learner  # the page needs the run's files only
        memory.give_back()
        _finish(folder, noted, settings)
        yield Said(f"everything is in {folder}")
    return Run(folder, found)


def mended_words(folder: Path, names: Sequence[str]) -> Iterator[Said]:
    """Say which files of a run were absent or damaged."""
    for name in names:
        yield Said(f"{folder / name} was absent or damaged: written anew", is_warning=True)


def _finish(folder: Path, noted: Mapping[str, Any], settings: Settings) -> None:
    """Write the page of a run whose numbers are there, and delete what is needed no more."""
    if not (folder / "report.html").is_file():
        from textune import report  # draws: not needed while memory is

        report.write(folder)
    folders.finish(folder, noted, keep_checkpoints=settings.train.keep_checkpoints)


def evaluate_file(run: Path, source: object, options: Reading) -> dict[str, Any]:
    """Judge a run's model by another labelled file, and keep what it said in `evaluations/`.

    Args:
        run: The run's folder.
        source: A path or a data frame.
        options: How to read it, and a threshold in place of the model's own.

    Raises:
        DataError: With every problem's file and line; or no row has a label that training saw.
    """
    predictor = Predictor.load(run, device=options.device, precision=options.precision)
    decision = predictor.decision(options.threshold)
    table, agreed = options.open(source, predictor.card)
    everything = list(examples.read(table, tagged.in_own_scheme(agreed, table)))
    found = [item for item in everything if not is_skipped(item)]
    if not found:
        raise DataError(f"{table.name}: no row has both a text and a scored label")
    wide = Widened.of(predictor.task, found)
    scores = predictor.score(found, decision, targets=targets_of(wide.task, found))
    numbers = wide.said(judge(wide.task, wide.scores(scores), found))
    if agreed.task == "tags" and (agreed.form == "words" or table.format == "conll"):
        numbers["plain_text"] = _on_plain_text(predictor, found)
    remarks = (skipped(everything, table.name), wide.remark(), evaluations.remark(run, source))
    numbers["remarks"] = [remark for remark in remarks if remark]
    file = evaluations.write(run, source, numbers)  # apart from the run's own predictions
    _write_scores(file.with_suffix(".parquet"), predictor.task, found, scores)
    return numbers


def _on_plain_text(predictor: Predictor, found: Sequence[Example]) -> dict[str, Any]:
    """Judge the same sentences as plain text, cut into words as predict does."""
    said = predictor.predict([item.text for item in found])
    is_marked = isinstance(predictor.task, Tag) and predictor.task.marks_entities
    return plain.judge(found, said, marks_entities=is_marked)


def read_run(folder: Path) -> Run:
    """Read a finished run's numbers."""
    return Run(folder, json.loads((folder / "metrics.json").read_text(encoding="utf-8")))


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
        _write_scores(folder / "predictions" / f"{part}.parquet", task, texts, scores)
        last = part, scores, texts
    assert last is not None
    simple = task.baselines(corpus.part("train"), last[1], last[2])
    progress = learner.progress
    found["baselines"] = {"part": last[0], **simple}
    found["best"] = asdict(
        Best(
            step=progress.best_step,
            metric=learner.lesson.metric,
            value=progress.best,
            epoch=round(progress.best_step / learner.lesson.per_epoch, 3),
        )
    )
    return found, decision


def judge(task: Task, scores: Scores, texts: Sequence[Example]) -> dict[str, Any]:
    """Compute every metric over all texts at once, the main ones with 95 % intervals, by length."""
    found = {**task.judge(scores, texts), "intervals": task.intervals(scores, texts)}
    return found | {"by_length": by_length.judge(task, scores, texts, found)}


def _write_beginning(folder: Path, request: Request, corpus: Corpus, sums: Inputs) -> None:
    """Write what was asked and understood before anything is learned."""
    sources = {
        name: str(value) if isinstance(value, str | Path) else None
        for name, value in (
            ("source", request.source),
            ("valid", request.valid),
            ("test", request.test),
        )
    }
    contract = asdict(corpus.contract)
    text = to_toml(request.settings, {**sources, "contract": contract})
    atomic.write_text(folder / "config.toml", text)
    DataCard(
        contract=contract,
        files=tuple(
            File(file.path, file.sha256, file.bytes, part)
            for part, file in zip(request.parts(), sums.files, strict=True)
        ),
        columns=corpus.table.columns,
        layout=corpus.table.reasons,
        labels=corpus.label_counts(),
        max_tokens=corpus.max_tokens,
        splits={part: len(getattr(corpus.split, part)) for part in ("train", "valid", "test")},
        findings=tuple(asdict(finding) for finding in corpus.findings),
    ).write(folder)
    rows = {
        part: [corpus.examples[row].origin for row in getattr(corpus.split, part).tolist()]
        for part in ("train", "valid", "test")
    }
    atomic.write_json(folder / "splits.json", rows)


def _write_scores(file: Path, task: Task, texts: Sequence[Example], scores: Scores) -> None:
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


def _write_model(
    folder: Path,
    corpus: Corpus,
    learner: Learner,
    decision: Decision,
    *,
    base: str,
    tokenizer: Tokenizer,
) -> Iterator[Said]:
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
        yield Said(otherwise, is_warning=True)


def _write_end(
    folder: Path, corpus: Corpus, learner: Learner, found: dict[str, Any], seconds: float
) -> None:
    capsule = runs.capsule() | learner.measures()
    capsule |= {"store": corpus.store.key, "wall_seconds": round(seconds, 2)}
    atomic.write_json(folder / "capsule.json", capsule)
    (folder / "report.html").unlink(missing_ok=True)  # of a run that was shorter
    atomic.write_json(folder / "metrics.json", found)
