"""The stories, read top to bottom: a labelled file becomes a run; a run judges another file."""

import json
import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from textune.corpora.corpus import Corpus, gather, targets_of
from textune.encoder import bases, names
from textune.errors import DataError, RunError
from textune.evaluation import plain
from textune.evaluation.unseen import Widened
from textune.predicting.predictor import Predictor, Reading
from textune.records import Example, Message, Started, Step, Validated
from textune.runs import evaluations, runs
from textune.runs.runs import Run
from textune.runs.written import DataCard, File
from textune.settings.config import Settings, to_toml
from textune.splits.left_out import is_skipped, skipped
from textune.storage import atomic, folders
from textune.storage.checksums import Inputs
from textune.tasks import examples
from textune.tasks.tags import tagged
from textune.tasks.tags.tag import Tag
from textune.text import tokenizers
from textune.training import guards, memory

Event = Message | Started | Step | Validated


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
    names.require_device(settings.device)
    with (
        guards.stopping() as stop,
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
        tokenizer = tokenizers.load(place)
        files = request.files()
        sums = Inputs.of(files)
        corpus = yield from gather(
            request.source, settings, tokenizer, valid=request.valid, test=request.test
        )
        sums.refuse_changed(files)
        # learn it: with torch and transformers, which take seconds to import
        from textune.fast import threads
        from textune.recipes import fine_tuning

        with threads.shared(settings.train.threads):
            resumed = request.out if request.resume else None
            learner = yield from fine_tuning.prepare(corpus, settings, place, resumed=resumed)
            assert isinstance(learner.settings, Settings)
            settings = learner.settings  # that name the number format which was chosen
            request = replace(request, settings=settings)
            state: folders.State = "fresh"
            if request.resume:
                state = yield from learner.take_up(folder, accept=request.accept_changes)
            # nothing can be wrong any more: the run takes its place
            mended = folders.start(
                folder, lambda made: _write_beginning(made, request, corpus, sums), state=state
            )
            stop.is_begun = True
            yield from mended_words(folder, mended)
            if state == "done":
                fine_tuning.finish(folder, None, settings)
                yield Message(f"{folder}: this run is finished; there is nothing to resume")
                return read_run(folder)
            yield from fine_tuning.learn(learner, folder, stop, goes_on=state == "on")
            # judge it and keep it
            found = yield from fine_tuning.keep(
                learner, folder, corpus, tokenizer, base=settings.base, began=began
            )
            noted = learner.note()
            del learner  # the page needs the run's files only
            memory.give_back()
            fine_tuning.finish(folder, noted, settings)
        yield Message(f"everything is in {folder}")
    return Run(folder, found)


def mended_words(folder: Path, files: Sequence[str]) -> Iterator[Message]:
    """Say which files of a run were absent or damaged."""
    for name in files:
        yield Message(f"{folder / name} was absent or damaged: written anew", is_warning=True)


def evaluate_file(run: Path, source: object, options: Reading) -> dict[str, Any]:
    """Judge a run's model by another labelled file, and keep what it said in `evaluations/`.

    Args:
        run: The run's folder.
        source: A path or a data frame.
        options: How to read it, and a threshold in place of the model's own.

    Raises:
        DataError: With every problem's file and line; or no row has a label that training saw.
    """
    predictor = Predictor.opened(run, device=options.device, precision=options.precision)
    decision = predictor.decision(options.threshold)
    table, agreed = options.open(source, predictor.card)
    everything = list(examples.read(table, tagged.in_own_scheme(agreed, table)))
    found = [item for item in everything if not is_skipped(item)]
    if not found:
        raise DataError(f"{table.name}: no row has both a text and a scored label")
    wide = Widened.of(predictor.task, found)
    targets = targets_of(wide.task, found)
    from textune.recipes import fine_tuning  # with torch: nothing is wrong with the file

    scores = predictor.score(found, decision, targets=targets)
    numbers = wide.said(fine_tuning.judge(wide.task, wide.scores(scores), found))
    if agreed.task == "tags" and (agreed.form == "words" or table.format == "conll"):
        numbers["plain_text"] = _on_plain_text(predictor, found)
    remarks = (skipped(everything, table.name), wide.remark(), evaluations.remark(run, source))
    numbers["remarks"] = [remark for remark in remarks if remark]
    file = evaluations.write(run, source, numbers)  # apart from the run's own predictions
    fine_tuning.write_scores(file.with_suffix(".parquet"), predictor.task, found, scores)
    return numbers


def _on_plain_text(predictor: Predictor, found: Sequence[Example]) -> dict[str, Any]:
    """Judge the same sentences as plain text, cut into words as predict does."""
    said = predictor.predict([item.text for item in found])
    is_marked = isinstance(predictor.task, Tag) and predictor.task.marks_entities
    return plain.judge(found, said, marks_entities=is_marked)


def read_run(folder: Path) -> Run:
    """Read a finished run's numbers."""
    return Run(folder, json.loads((folder / "metrics.json").read_text(encoding="utf-8")))


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
