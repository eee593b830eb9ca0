"""Labels and what models say that did not learn from them become the texts that are doubted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.metrics import entities, suspicion
from textune.recipes.label_cells import Cells
from textune.recipes.selection import out_of_fold
from textune.records import Entity, Prediction, Row
from textune.tasks import registry

Floats = NDArray[np.float64]
Logits = NDArray[np.float32]
Rows = NDArray[np.int64]
PINNED = 1e-6  # probability of a tag that is not given, where nobody doubts the given one


@dataclass(frozen=True, slots=True)
class Doubted:
    """Texts whose labels are probably wrong, the surest first."""

    rows: Rows  # (S,) places of the texts
    instead: tuple[Prediction, ...]  # S, what is suggested
    given: Floats  # (S,) probabilities of what is doubted, and of what is suggested
    suggested: Floats
    agreement: float  # share of the labels that are also the likeliest answer
    unknown: int  # texts of which nothing could be told

    def first(self, count: int | None) -> "Doubted":
        """Return the surest ones alone."""
        return replace(
            self,
            rows=self.rows[:count],
            instead=self.instead[:count],
            given=self.given[:count],
            suggested=self.suggested[:count],
        )


def of(corpus: Corpus, logits: Logits, count: int | None = None) -> tuple[Doubted, int]:
    """Rank the texts by what was said of them while they were held out.

    Args:
        corpus: The texts.
        logits: (I, C), NaN where nothing is known.
        count: Most texts that are wanted.

    Returns:
        The texts, and how many there are in all.
    """
    if corpus.task.asks == "words":
        return _of_tags(corpus, logits, count)
    chances = corpus.task.probabilities(logits, None)
    found = _of_several if registry.of(corpus.task.name).several else _of_one
    every = found(corpus, chances, corpus.targets[np.arange(len(corpus.store))])
    return every.first(count), len(every.rows)


def cells(
    corpus: Corpus, found: Doubted, rows: Sequence[Row], own: Cells | None
) -> list[list[str]]:
    """Write what is given and what is suggested, each in a cell."""
    if own is not None:
        return [
            [own.given(row), own.written(said.labels)]
            for row, said in zip(rows, found.instead, strict=True)
        ]
    written = []
    for place, said in zip(found.rows.tolist(), found.instead, strict=True):
        item = corpus.examples[place]
        tags = list(item.label or ())
        given = replace(said, labels=tuple(tags), entities=_entities(corpus, place, tags))
        written.append([as_cell(given), as_cell(said)])
    return written


def as_cell(said: Prediction) -> str:
    """Write tags as spans, in JSON; those that stand alone as a list."""
    if not said.entities and not {*said.labels} <= {"O"}:
        return json.dumps(list(said.labels), ensure_ascii=False)
    spans = [
        {"start": one.start, "end": one.end, "label": one.label, "text": one.text}
        for one in said.entities
    ]
    return json.dumps(spans, ensure_ascii=False)


def _of_one(corpus: Corpus, chances: Floats, given: Rows) -> Doubted:
    """Rank texts that have one label each."""
    said = suspicion.of_classes(chances, given)
    rows = said.order()
    is_known = np.isfinite(said.margins)
    names = [(corpus.task.labels[place],) for place in said.suggested[rows].tolist()]
    return Doubted(
        rows,
        _said(corpus, rows, names, chances),
        chances[rows, given[rows]],
        chances[rows, said.suggested[rows]],
        float((chances.argmax(axis=1) == given)[is_known].mean()),
        int((~np.isfinite(chances).all(axis=1)).sum()),
    )


def _of_several(corpus: Corpus, chances: Floats, given: Floats) -> Doubted:
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
    unknown = int((~np.isfinite(chances).all(axis=1)).sum())
    instead = _said(corpus, rows, names, chances)
    return Doubted(rows, instead, of_given, 1 - of_given, agreement, unknown)


def _said(
    corpus: Corpus, rows: Rows, names: Sequence[tuple[str, ...]], chances: Floats
) -> tuple[Prediction, ...]:
    labels = corpus.task.labels
    return tuple(
        Prediction(
            corpus.examples[row].text,
            own,
            dict(zip(labels, chances[row].tolist(), strict=True)),
        )
        for row, own in zip(rows.tolist(), names, strict=True)
    )


def _of_tags(corpus: Corpus, logits: Logits, count: int | None) -> tuple[Doubted, int]:
    """Rank texts by the word whose tag is most surely wrong; B- and I- of a type are one class."""
    task, kind = corpus.task, registry.of(corpus.task.name)
    every = np.arange(len(corpus.store))
    borders, given = out_of_fold.borders_of(corpus, every), corpus.targets[every]
    is_known = np.isfinite(logits).all(axis=1) & (given >= 0)
    chances = task.probabilities(np.where(is_known[:, None], logits, 0.0), borders)
    types = list(dict.fromkeys(map(kind.class_of, task.labels)))
    type_of = np.asarray([types.index(kind.class_of(label)) for label in task.labels])
    merged = chances @ (type_of[:, None] == np.arange(len(types)))  # (I, T)
    merged[~is_known] = np.nan
    own = np.where(given >= 0, type_of[given.clip(min=0)], -1)
    said = suspicion.of_classes(merged, own)
    of_text = np.repeat(every, np.diff(borders))
    margins = np.full(len(every), np.inf)
    np.minimum.at(margins, of_text, np.where(said.is_likely, said.margins, np.inf))
    rows = np.flatnonzero(np.isfinite(margins))
    rows = rows[np.argsort(margins[rows], kind="stable")][:count]
    worst = np.asarray(
        [
            borders[row] + _worst(said.margins, said.is_likely, borders[row], borders[row + 1])
            for row in rows.tolist()
        ],
        dtype=np.int64,
    )
    instead = [
        _instead(corpus, row, chances, given, said.is_likely, borders) for row in rows.tolist()
    ]
    agreement = float((merged.argmax(axis=1) == own)[is_known].mean()) if is_known.any() else 0.0
    seen = np.zeros(len(every), dtype=bool)
    seen[of_text[is_known]] = True
    unknown = int((~seen & (np.diff(borders) > 0)).sum())
    found = Doubted(
        *(rows, tuple(instead), merged[worst, own[worst]]),
        *(merged[worst, said.suggested[worst]], agreement, unknown),
    )
    return found, int(np.isfinite(margins).sum())


def _worst(margins: Floats, is_likely: NDArray[np.bool_], first: int, end: int) -> int:
    return int(np.where(is_likely[first:end], margins[first:end], np.inf).argmin())


def _instead(
    corpus: Corpus,
    row: int,
    chances: Floats,
    given: Rows,
    is_likely: NDArray[np.bool_],
    borders: Rows,
) -> Prediction:
    """Suggest the tags of a text: those given, but for the words that are doubted."""
    task = corpus.task
    mine = slice(int(borders[row]), int(borders[row + 1]))
    own = chances[mine]
    pinned = np.where(np.eye(len(task.labels))[given[mine].clip(min=0)] > 0, 1 - PINNED, PINNED)
    ends, rule = np.asarray([0, len(own)]), task.default_decision()
    found = task.decide(np.where(is_likely[mine, None], own, pinned), rule, ends)
    if (found == given[mine]).all():  # no legal sequence differs in these words alone
        found = task.decide(own, rule, ends)
    tags = [task.labels[place] for place in found.tolist()]
    sure = own[np.arange(len(own)), found]
    item = corpus.examples[row]
    return Prediction(
        item.text,
        tuple(tags),
        {},
        _entities(corpus, row, tags, sure),
        tuple(item.words or ()),
        asks="words",
    )


def _entities(
    corpus: Corpus, row: int, tags: Sequence[str], sure: Floats | None = None
) -> tuple[Entity, ...]:
    """Return what tags mark in a text; nothing where each is for its word alone."""
    if not getattr(corpus.task, "marks_entities", False):
        return ()
    item = corpus.examples[row]
    words = item.words or ()
    return tuple(
        Entity(
            start=words[first][0],
            end=words[end - 1][1],
            text=item.text[words[first][0] : words[end - 1][1]],
            label=kind,
            score=1.0 if sure is None else float(np.exp(np.log(sure[first:end]).mean())),
        )
        for kind, first, end in entities.entities(list(tags))
    )
