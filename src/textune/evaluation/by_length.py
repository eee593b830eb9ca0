"""Scores become numbers for texts of each length: what short ones are judged as, and long ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics import catalogue
from textune.metrics.metrics import Report
from textune.records import Example, Scores
from textune.tasks.interface import Task
from textune.text import ragged

EDGES = (64, 128, 256, 512)  # tokens of a text, special ones included, up to which a bin reaches
NO_INTERVAL = "the texts are too few for an interval"


def judge(
    task: Task, scores: Scores, examples: Sequence[Example], whole: Report
) -> list[dict[str, object]]:
    """Judge texts of like length together.

    Args:
        task: Judges by its main metric.
        scores: Of N texts, with their lengths.
        examples: The texts, N.
        whole: What all of them together were judged as, `intervals` included.

    Returns:
        One entry for each range of lengths that occurs, the shortest first: `above` and `up_to`
        (tokens; None: no bound), `n` texts, the main metric by its name, None where these texts
        cannot give it, its 95 % `interval`, None where it has none, and `why` it lacks either.

    Raises:
        ValueError: The lengths of the texts are not known.
    """
    if scores.fulls is None:
        raise ValueError("the lengths of the texts are not known")
    bins = np.searchsorted(EDGES, scores.fulls)  # (N,)
    found = []
    for number in np.unique(bins).tolist():
        rows = np.flatnonzero(bins == number)
        report = whole
        if len(rows) < len(examples):
            part, texts = part_of(task, scores, rows), [examples[row] for row in rows.tolist()]
            report = task.judge(part, texts) | {"intervals": task.intervals(part, texts)}
        key = task.main_metric
        value, span, why = number_of(report, key)
        entry = {
            "above": EDGES[number - 1] if number else None,
            "up_to": EDGES[number] if number < len(EDGES) else None,
            "n": len(rows),
            key: value,
            "interval": span,
        }
        found.append(entry | ({"why": why} if why else {}))
    return found


def number_of(report: Mapping[str, Any], key: str) -> tuple[float | None, Any, str]:
    """Return a number of a report, its interval, and why it lacks either, if it does."""
    value, span = catalogue.value(report, key), report["intervals"].get(key)
    if value is None:
        undefined = report.get("undefined") or {}
        return None, None, str(undefined.get(key) or "these texts cannot give it")
    return value, span, "" if span else NO_INTERVAL


def part_of(task: Task, scores: Scores, rows: NDArray[np.int64]) -> Scores:
    """Select some texts; what is decided of words lies in items, what of answers in rows."""
    borders = scores.borders
    items = rows if borders is None else ragged.ranges(borders[rows], borders[rows + 1])
    decided = items if task.asks == "words" else rows
    sizes = None if borders is None else np.diff(borders)[rows]
    return replace(
        scores,
        logits=scores.logits[items],
        probabilities=scores.probabilities[items],
        decisions=scores.decisions[decided],
        truth=None if scores.truth is None else scores.truth[decided],
        borders=None if sizes is None else np.concatenate([[0], np.cumsum(sizes)]),
        spans=None if scores.spans is None else scores.spans[items],
        fulls=None if scores.fulls is None else scores.fulls[rows],
        undecided=None if scores.undecided is None else scores.undecided[rows],
        members=None if scores.members is None else scores.members[rows],
    )
