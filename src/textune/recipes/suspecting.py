"""A labelled file becomes the rows whose labels are probably wrong, the surest first."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora import corpus as corpora
from textune.corpora.corpus import Corpus
from textune.encoder import bases, devices
from textune.errors import DataError, SettingsError
from textune.metrics import suspicion
from textune.objectives.labelled import Labelled
from textune.predicting import outputs
from textune.predicting.outputs import Output
from textune.probing import features as probing
from textune.probing import heads
from textune.recipes import kept_answers, label_cells, probed
from textune.records import LinearHead, Message, Row
from textune.settings.config import Settings
from textune.tasks import registry
from textune.tasks.interface import Column
from textune.text import tokenizers

ADDED: list[Column] = [
    *(("rank", True), ("place", False), ("given", False), ("suggested", False)),
    *(("p given", True), ("p suggested", True), ("corrected", False)),
]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Labels of a file that are probably wrong, the surest first."""

    task: str
    texts: int  # that were looked at
    likely: int  # of them, whose label is probably wrong
    agreement: float  # share of the labels that are also the likeliest answer
    rows: tuple[dict[str, Any], ...]  # the input's columns, then those of `ADDED`
    texts_of: tuple[str, ...]  # the text of each of these
    remarks: tuple[str, ...]

    @property
    def share(self) -> float:
        """Return the share of the labels that are probably wrong."""
        return self.likely / self.texts

    def told(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        names = ("task", "texts", "likely", "share", "agreement")
        found = {name: getattr(self, name) for name in names}
        return found | {"rows": list(self.rows), "remarks": list(self.remarks)}


@dataclass(frozen=True, slots=True)
class _Found:
    """Suspects among the texts of a corpus, the surest first."""

    rows: Rows  # (S,) places of the texts
    names: list[tuple[str, ...]]  # S, the labels that are suggested
    given: Floats  # (S,) probabilities of what is doubted, and of what is suggested
    suggested: Floats
    agreement: float
    unknown: int  # texts of which nothing could be told


def suspects(
    source: object,
    settings: Settings,
    *,
    count: int | None = None,
    output: Output | None = None,
    run: Path | None = None,
) -> Generator[Message, None, Suspects]:
    """Find labels that a linear head on frozen features, fitted without them, holds for wrong.

    Args:
        source: A file or a data frame of labelled text.
        settings: How to read it, the base, and the seed.
        count: Most rows that are wanted; None: all whose label is probably wrong.
        output: File to write them to.
        run: Whose answers about texts that it held out are taken; None: those of a linear head.

    Yields:
        Warnings about the file.

    Raises:
        TextuneError: The file or the base cannot be read, or its labels are no names.
    """
    if output is not None:
        output.check(source)
    data = settings.data.model_copy(update={"valid_share": 0.0, "test_share": 0.0})
    settings = settings.model_copy(update={"data": data})
    tokenizer = tokenizers.load(bases.find(settings.base))
    corpus = yield from _only_warnings(corpora.gather(source, settings, tokenizer))
    _require_names(corpus)
    cells = label_cells.of(corpus.table, corpus.contract, corpus.task.labels, corpus.examples)
    logits = held_out(corpus, settings) if run is None else kept_answers.logits(run, corpus)
    found = _found(corpus, logits)
    picked = found.rows[:count].tolist()
    rows_at = {row.origin: row for row in corpus.table.rows()}
    rows = [rows_at[corpus.examples[place].origin] for place in picked]
    answers = _answers(rows, found, cells)
    if output is not None:
        with output.writing(corpus.table, corpus.contract, ADDED) as write:
            write(rows, answers)
    told = outputs.records(corpus.table, corpus.contract, ADDED, rows, answers)
    texts = tuple(corpus.examples[place].text for place in picked)
    looked = len(corpus.store) - found.unknown
    remarks = _remarks(corpus, found, run)
    return Suspects(
        corpus.task.name, looked, len(found.rows), found.agreement, tuple(told), texts, remarks
    )


def _only_warnings(
    gathering: Generator[Message, None, Corpus],
) -> Generator[Message, None, Corpus]:
    """Leave out what is said of training alone: how texts are split."""
    found: list[Corpus] = []

    def keep() -> Generator[Message, None, None]:
        found.append((yield from gathering))

    yield from (said for said in keep() if said.is_warning)
    return found[0]


def _require_names(corpus: Corpus) -> None:
    kind = registry.of(corpus.task.name)
    if corpus.task.asks != "texts" or not kind.has_classes or kind.by_column:
        raise SettingsError(
            f"{corpus.table.name}: {kind.words}: suspects are looked for among names of whole "
            "texts, one or several a text; name such a column with --label"
        )


def held_out(corpus: Corpus, settings: Settings) -> NDArray[np.float32]:
    """Let a linear head on frozen features answer each text while it is held out; (N, C).

    Raises:
        SettingsError: The base has no head that can be fitted so.
        DataError: No text could be held out.
    """
    objective = Labelled.of(corpus, settings)
    device = devices.choose(settings.device)
    encoder, _ = objective.encoder(corpus.tokenizer.place, settings.train, device)
    if not heads.can_probe(corpus.task, encoder):
        raise SettingsError(f"the head of {settings.base} on this task is not linear")
    rows = np.arange(len(corpus.store))
    read = probing.features(encoder, corpus.store, rows, micro_tokens=4096)
    of_names = probed.named(encoder, corpus)
    head, of_fold = probed.fit(corpus, rows, read, of_names, seed=settings.seed)
    if not (of_fold >= 0).any():
        raise DataError(
            f"{corpus.table.name}: {len(rows):,} texts are too few, or their labels too rare, to "
            "hold some of them out; give more rows"
        )
    if head.held_out_logits is not None:
        return head.held_out_logits
    logits = np.full((len(rows), len(corpus.task.labels)), np.nan, dtype=np.float32)
    for fold in np.unique(of_fold[of_fold >= 0]).tolist():
        part = _without(corpus, read, of_fold == fold, head, of_names, seed=settings.seed)
        logits[of_fold == fold] = read[of_fold == fold] @ part.weight.T + part.bias
    return logits


def _without(
    corpus: Corpus,
    read: NDArray[np.float32],
    is_out: NDArray[np.bool_],
    head: LinearHead,
    of_names: NDArray[np.float32] | None,
    *,
    seed: int,
) -> LinearHead:
    """Fit a head as strongly regularised as another on all texts but some."""
    rows = np.flatnonzero(~is_out)
    return heads.fit(
        corpus.task,
        read[rows],
        corpus.targets[rows],
        seed=seed,
        weights=corpus.weights_of(rows),
        names=of_names if head.reads_names else None,
        strengths=(head.strength,),
    )


def _found(corpus: Corpus, logits: NDArray[np.float32]) -> _Found:
    """Rank the texts by what was said of them while they were held out."""
    chances = corpus.task.probabilities(logits, None)
    given = corpus.targets[np.arange(len(corpus.store))]
    unknown = int((~np.isfinite(chances).all(axis=1)).sum())
    if registry.of(corpus.task.name).several:
        return _of_several(corpus, chances, given, unknown)
    said = suspicion.of_classes(chances, given)
    rows = said.order()
    labels = corpus.task.labels
    is_known = np.isfinite(said.margins)
    return _Found(
        rows,
        [(labels[place],) for place in said.suggested[rows].tolist()],
        chances[rows, given[rows]],
        chances[rows, said.suggested[rows]],
        float((chances.argmax(axis=1) == given)[is_known].mean()),
        unknown,
    )


def _of_several(corpus: Corpus, chances: Floats, given: Floats, unknown: int) -> _Found:
    """Rank texts by the label that is most surely wrong; all that are likely wrong are changed."""
    labels = corpus.task.labels
    said = suspicion.of_labels(chances, given)
    is_likely = np.stack([one.is_likely for one in said], axis=1)  # (N, C)
    margins = np.where(is_likely, np.stack([one.margins for one in said], axis=1), np.inf)
    rows = np.flatnonzero(is_likely.any(axis=1))
    rows = rows[np.argsort(margins[rows].min(axis=1), kind="stable")]
    names = []
    for row in rows.tolist():
        marks = np.where(is_likely[row], 1 - given[row], given[row]) == 1
        names.append(tuple(name for name, mark in zip(labels, marks, strict=True) if mark))
    worst = margins[rows].argmin(axis=1)
    there = chances[rows, worst]
    of_given = np.where(given[rows, worst] == 1, there, 1 - there)
    is_scored = np.isfinite(chances) & ~np.isnan(given)
    agreement = float(((chances >= 0.5) == (given == 1))[is_scored].mean())
    return _Found(rows, names, of_given, 1 - of_given, agreement, unknown)


def _answers(rows: list[Row], found: _Found, cells: label_cells.Cells) -> list[list[object]]:
    """Return what is added to each row."""
    given, suggested = found.given.tolist(), found.suggested.tolist()
    return [
        [
            *(place + 1, row.origin, cells.given(row), cells.written(found.names[place])),
            *(round(given[place], 6), round(suggested[place], 6), ""),
        ]
        for place, row in enumerate(rows)
    ]


def _remarks(corpus: Corpus, found: _Found, run: Path | None) -> tuple[str, ...]:
    said = []
    if found.unknown:
        why = "their labels are too rare to be held out"
        why = why if run is None else f"{run} did not hold them out"
        said.append(f"{found.unknown:,} of {len(corpus.store):,} texts were not looked at: {why}")
    if corpus.faulty:
        said.append(f"{len(corpus.faulty):,} faulty rows were left out, as asked")
    return tuple(said)
