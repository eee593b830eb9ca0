"""A file of texts without labels becomes those of its rows that should get one next."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.data import skipping
from textune.errors import DataError, Problems, SettingsError, TextuneError
from textune.predicting import outputs, picking, pool
from textune.predicting.outputs import Output
from textune.predicting.pool import Candidate, Pool
from textune.predicting.predictor import CHUNK, Predictor, Reading
from textune.predicting.waiting import Waiting
from textune.records import PASSAGES, Contract, Example, Prediction, Table
from textune.runs import exports, test_files
from textune.settings import config
from textune.tasks import examples, layout, own_tasks, registry
from textune.tasks.interface import Column, Task
from textune.text import store as stores

if TYPE_CHECKING:  # torch
    from textune.encoder.model import Encoder

RANK, UNCERTAINTY = "rank", "uncertainty"
PARTS = ("source", "valid", "test")


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Texts to label next, the most useful first."""

    task: str
    rows: tuple[dict[str, Any], ...]  # the input's columns, rank, uncertainty, the model's answer
    predictions: tuple[Prediction, ...]
    uncertainty: tuple[float, ...] | None  # 0 sure to 1; None of numbers, which do not say it
    remarks: tuple[str, ...]  # what was left out, and why


def suggest(
    predictor: Predictor,
    source: object,
    options: Reading,
    *,
    count: int,
    seed: int,
    known: Sequence[object] = (),
    run: Path,
    output: Output | None = None,
) -> Generator[int, None, Suggestions]:
    """Choose rows whose labels would teach a model most, in memory that the file does not fill.

    Args:
        predictor: The model.
        source: A path or a data frame; label columns may be absent.
        options: How to read it.
        count: Rows wanted.
        seed: Of what is drawn.
        known: Files and frames whose texts have labels already, beside those of the run.
        run: The run's folder, which names the files that it learned from.
        output: File to write the rows to.

    Yields:
        Rows looked at so far.

    Raises:
        DataError: The input has a problem, or no text that could be suggested.
        RunError: The output exists or cannot be written, or the model is an export.
        SettingsError: There is nothing to be wanted, or the output has an unknown ending.
    """
    if count < 1:
        raise SettingsError(f"-n {count}: how many texts are wanted; allowed: 1 or more")
    if output is not None:
        output.check(source)
    if predictor.task.asks != PASSAGES:  # of which no features are read
        _require_weights(predictor, run)
    test_files.refuse(run, source, "texts to learn from are chosen from others: name another file")
    table, agreed = options.open(source, predictor.card, unlabelled=True)
    remarks = [one.message for one in table.findings if one.kind == layout.KIND]
    found = Pool(_learned(predictor, run, options, known, remarks), seed)
    yield from _gather(predictor, table, agreed, found)
    items = found.close()
    remarks += [_left_out(found)] if found.left_out.total() else []
    remarks += [table.faults.said(table.name)] if table.faults else []
    if not items:
        raise DataError(f"{table.name}: no text is left to be suggested; {'; '.join(remarks)}")
    doubts = pool.doubts_of(items) if registry.of(predictor.task.name).doubt else None
    chosen = picking.choose(_features(predictor, items), doubts, count=count, seed=seed)
    if len(chosen) < count:
        remarks.append(f"{len(chosen):,} texts are all that is left, of {count:,} wanted")
    picked = [items[place] for place in chosen.tolist()]
    return _told(predictor, table, agreed, picked, remarks=remarks, output=output)


def _require_weights(predictor: Predictor, run: Path) -> None:
    if not isinstance(predictor.encoder, Waiting):
        exports.refuse(run, "computes no features of texts, by which unlike ones are chosen")


def _gather(predictor: Predictor, table: Table, agreed: Contract, found: Pool) -> Iterator[int]:
    """Read all rows, and keep those that may be worth a label with how unsure the model is."""
    to_example = examples.reader(table, agreed, labelled=False)
    problems = Problems(table.name, table.faults)
    doubt = registry.of(predictor.task.name).doubt
    rest, done = iter(table.rows()), 0
    while rows := list(islice(rest, CHUNK)):
        both = examples.paired(rows, to_example, problems)
        rows, texts = [row for row, _ in both], [example for _, example in both]
        if problems.count:
            continue
        places = found.fresh(texts)
        fresh = [texts[place] for place in places]
        values = np.zeros(len(fresh))
        if doubt is not None and fresh:
            values = doubt(predictor.score(fresh, predictor.card.decision))
        found.add(
            Candidate(rows[place], texts[place], value)
            for place, value in zip(places, values.tolist(), strict=True)
        )
        done += len(rows)
        yield done
    problems.raise_any()


def _told(
    predictor: Predictor,
    table: Table,
    agreed: Contract,
    picked: Sequence[Candidate],
    *,
    remarks: Sequence[str],
    output: Output | None,
) -> Suggestions:
    """Answer the chosen texts, and write them."""
    task = predictor.task
    has_doubt = registry.of(task.name).doubt is not None
    texts = [item.example for item in picked]
    scores = predictor.score(texts, predictor.card.decision)
    predictions = tuple(task.predictions(scores, texts))
    own, nested = _answer(task)
    before: list[Column] = [(RANK, True), *([(UNCERTAINTY, True)] if has_doubt else [])]
    answers: list[list[object]] = []
    for rank, (item, prediction) in enumerate(zip(picked, predictions, strict=True), start=1):
        cells = task.cells(prediction)
        unsure = [round(item.doubt, 6)] if has_doubt else []
        answers.append([rank, *unsure, *(cells[place] for place, _ in own)])
    added = [*before, *(column for _, column in own)]
    inside = frozenset(len(before) + place for place in nested)
    rows = [item.row for item in picked]
    if output is not None:
        with output.writing(table, agreed, added, nested=inside) as write:
            write(rows, answers)
    found = outputs.records(table, agreed, added, rows, answers, nested=inside)
    doubts = tuple(item.doubt for item in picked) if has_doubt else None
    return Suggestions(task.name, tuple(found), predictions, doubts, tuple(remarks))


def _answer(task: Task) -> tuple[list[tuple[int, Column]], frozenset[int]]:
    """Choose from the columns of a prediction what was decided; the numbers where that is all.

    Returns:
        Their places and names, and which of these hold JSON.
    """
    every = list(enumerate(task.columns()))
    kept = [item for item in every if not item[1][1]] or every
    is_nested = outputs.nested_answers(task)
    return kept, frozenset(at for at, (place, _) in enumerate(kept) if place in is_nested)


def _features(predictor: Predictor, items: Sequence[Candidate]) -> NDArray[np.float32] | None:
    """Compute what the model's last layer reads of each text, (N, D); None where it reads none.

    Of words it is their mean. A passage has one for each token, of which no mean says anything of
    the question.
    """
    if predictor.task.asks == PASSAGES:
        return None
    from textune.probing import features  # torch

    assert isinstance(predictor.encoder, Waiting)
    encoder: Encoder = predictor.encoder.load()  # type: ignore[assignment]  # it is one
    if features.last_layer(encoder) is None:
        return None
    store = stores.tokenize(
        own_tasks.prepared(predictor.task, [item.example for item in items]),
        predictor.tokenizer,
        predictor.card.shape,
    )
    found = features.features(encoder, store, np.arange(len(store)), micro_tokens=0)
    if store.shape.pairs == "apart":
        return found[:, :-1]  # without u · v: the sum of others, beside which these are small
    if store.shape.asks == "texts":
        return found
    borders = store.item_borders  # (N + 1,)
    is_shown = np.asarray(np.isfinite(found).all(axis=1))
    sums = np.concatenate([np.zeros((1, found.shape[1])), np.where(is_shown[:, None], found, 0)])
    sums = np.diff(np.cumsum(sums, axis=0)[borders], axis=0)  # (N, D)
    counts = np.diff(np.concatenate([[0], np.cumsum(is_shown)])[borders])  # (N,)
    return np.asarray(sums / np.maximum(counts, 1)[:, None], dtype=np.float32)


def _learned(
    predictor: Predictor,
    run: Path,
    options: Reading,
    known: Sequence[object],
    remarks: list[str],
) -> Iterator[Example]:
    """Yield the texts that have labels already: of the run's files, and of others.

    What of the run's files cannot be read is said; of the others it is an error.
    """
    for source in known:
        yield from _texts(predictor, source, options)
    places = _sources(run)
    for place in places:
        try:
            yield from list(_texts(predictor, place, Reading()))
        except TextuneError as error:
            why = str(error).splitlines()[0]
            if not known:
                remarks.append(
                    f"texts that the model learned from are not left out: {why}; name the file "
                    "with --known"
                )
    if not places and not known:
        remarks.append(
            f"{run} does not say which file it learned from, so that texts of it are not left "
            "out; name it with --known"
        )


def _texts(predictor: Predictor, source: object, options: Reading) -> Iterator[Example]:
    table, agreed = options.open(source, predictor.card, unlabelled=True)
    kept = skipping.without(table, agreed.skip)
    to_example = examples.reader(table, agreed, labelled=False)
    problems = Problems(table.name, table.faults)
    yield from examples.sound(kept.rows(), to_example, problems)
    problems.raise_any()


def _sources(run: Path) -> list[str]:
    """Name the files that a run learned from and was judged by; none of data frames."""
    file = next(
        (place / "config.toml" for place in (run, run.parent) if (place / "config.toml").is_file()),
        None,
    )
    said = {} if file is None else config.run_section(file)
    return [str(said[part]) for part in PARTS if said.get(part)]


def _left_out(found: Pool) -> str:
    """Say how many texts are not worth a label, and why."""
    counted = ", ".join(f"{count:,} {why}" for why, count in sorted(found.left_out.items()))
    total = found.left_out.total()
    return f"{total:,} of {found.seen:,} texts {'is' if total == 1 else 'are'} left out: {counted}"
