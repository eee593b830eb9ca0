"""Answers about texts that were not learned from become a section: labels that may be wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.metrics import suspicion
from textune.report import mistakes, pages
from textune.report.mistakes import Extract
from textune.report.section import Section, Subject, section
from textune.storage import columns
from textune.tasks.labels import in_one_cell

MOST = 20  # texts
NONE = "none"  # of several labels a text may have no one

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A text whose label is probably wrong."""

    texts: tuple[Extract, ...]
    given: str
    suggested: str
    numbers: tuple[str, str]  # probability of what is doubted, and of what is suggested
    origin: str


@dataclass(frozen=True, slots=True)
class Suspects:
    """Texts of a part whose labels are probably wrong, the surest first."""

    part: str
    texts: int  # that were looked at
    likely: int  # of them, whose label is probably wrong
    rows: tuple[Suspect, ...]  # the first of them


def suspects(subject: Subject) -> Section | None:
    """Show the texts whose labels are probably wrong, by what was said while they were held out."""
    found = of(subject)
    if found is None or not found.rows:
        return None
    values = {
        "part": found.part,
        "texts": pages.count(found.texts),
        "likely": pages.count(found.likely),
        "shown": pages.count(len(found.rows)) if len(found.rows) < found.likely else "",
        "rows": found.rows,
        "sides": ("Text", "Second text")[: len(found.rows[0].texts)],
    }
    return section("suspects", "Labels that may be wrong", "suspects.html", values)


def of(subject: Subject) -> Suspects | None:
    """Find them in the part that validates: all texts, of a run that was cross-validated.

    Not among those of a test, by which the labels would be chosen that it is then judged by.
    """
    part = subject.part("valid")
    if part is None or part.table is None or "columns" in part.found:
        return None
    names = part.table.column_names
    labels = [name[2:-1] for name in names if re.fullmatch(r"p\(.*\)", name, re.S)]
    if not {"decision", "text"} <= {*names} or len(labels) < 1 + part.is_single:
        return None
    chances = np.stack([columns.array(part.table[f"p({label})"]) for label in labels], axis=1)
    truth = mistakes.marks(part.table["truth"], labels, single=part.is_single)  # (N, C)
    if part.is_single:
        doubted = _of_one(chances, truth)
    else:
        is_scored = np.ones_like(truth)
        if "unscored" in names:
            is_scored = ~mistakes.marks(part.table["unscored"], labels, single=False)
        doubted = _of_several(chances, truth, is_scored)
    first = doubted.rows[:MOST]
    rows = tuple(
        Suspect(
            mistakes.texts(record),
            _names(labels, truth[row]),
            _names(labels, instead),
            (pages.number(float(given), 2), pages.number(float(suggested), 2)),
            record.get("origin") or "",
        )
        for row, instead, given, suggested, record in zip(
            *(first, doubted.instead, doubted.given, doubted.suggested),
            columns.rows(part.table, first.tolist()),
            strict=False,
        )
    )
    is_known = np.isfinite(chances).all(axis=1)
    return Suspects(part.title, int(is_known.sum()), len(doubted.rows), rows)


@dataclass(frozen=True, slots=True)
class _Doubted:
    rows: Rows  # (S,) places, the surest first
    instead: NDArray[np.bool_]  # (S, C) labels that are suggested
    given: Floats  # (S,) probabilities of what is doubted, and of what is suggested
    suggested: Floats


def _of_one(chances: Floats, truth: NDArray[np.bool_]) -> _Doubted:
    given = np.where(truth.any(axis=1), truth.argmax(axis=1), -1)
    said = suspicion.of_classes(chances, given)
    rows, every = said.order(), np.arange(chances.shape[1])
    own, other = chances[rows, given[rows]], chances[rows, said.suggested[rows]]
    return _Doubted(rows, said.suggested[rows, None] == every, own, other)


def _of_several(
    chances: Floats, truth: NDArray[np.bool_], is_scored: NDArray[np.bool_]
) -> _Doubted:
    """Rank texts by the label that is most surely wrong; all that are likely wrong are changed."""
    said = suspicion.of_labels(chances, np.where(is_scored, truth, np.nan))
    is_likely = np.stack([one.is_likely for one in said], axis=1)  # (N, C)
    margins = np.where(is_likely, np.stack([one.margins for one in said], axis=1), np.inf)
    rows = np.flatnonzero(is_likely.any(axis=1))
    rows = rows[np.argsort(margins[rows].min(axis=1), kind="stable")]
    worst = margins[rows].argmin(axis=1)
    there = chances[rows, worst]
    given = np.where(truth[rows, worst], there, 1 - there)
    return _Doubted(rows, truth[rows] ^ is_likely[rows], given, 1 - given)


def _names(labels: Sequence[str], marks: NDArray[np.bool_]) -> str:
    found = [label for label, mark in zip(labels, marks.tolist(), strict=True) if mark]
    return in_one_cell(found, labels) if found else NONE
