"""Records of trainings become cells, paired differences and means over cells.

A cell is a set and a number of rows. Its programs are compared draw by draw: on the same rows to
train on, the same rows to score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, stdev
from typing import Any

from bench.few_jobs import OURS

Record = Mapping[str, Any]  # "set", "rows", "draw", "system", "scores", "seconds", "metrics", …
ERRORS = 2  # standard errors below the best of the others that count as below


@dataclass(frozen=True, slots=True)
class Spread:
    """Values of some draws."""

    mean: float
    deviation: float | None  # None of one draw
    count: int

    @property
    def error(self) -> float | None:
        """Return the standard error of the mean."""
        return None if self.deviation is None else self.deviation / self.count**0.5


@dataclass(frozen=True, slots=True)
class Comparison:
    """textune and the best of the others, by one metric of a cell."""

    metric: str
    best: str
    difference: Spread  # ours minus theirs, draw by draw

    @property
    def is_below(self) -> bool:
        """Tell whether textune is below by more than two standard errors."""
        error = self.difference.error
        return error is not None and self.difference.mean < -ERRORS * error


@dataclass(frozen=True, slots=True)
class Cell:
    """What was found for a set and a number of rows."""

    name: str
    rows: int
    metrics: tuple[str, ...]  # by which programs are compared
    scores: Mapping[str, Mapping[str, Spread]]  # program → metric → over the draws
    seconds: Mapping[str, float]  # program → mean over the draws
    comparisons: tuple[Comparison, ...]


def spread(values: Sequence[float]) -> Spread:
    """Sum up the values of some draws, of one at least."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def cells(records: Sequence[Record]) -> list[Cell]:
    """Sum up the records without an error, cell by cell, in their order."""
    sound = [each for each in records if each["scores"]]
    keys = dict.fromkeys((each["set"], each["rows"]) for each in sound)
    order = {key: at for at, key in enumerate(keys)}
    sound.sort(key=lambda each: order[each["set"], each["rows"]])
    groups = groupby(sound, key=lambda each: (each["set"], each["rows"]))
    return [_cell(name, rows, list(found)) for (name, rows), found in groups]


def _cell(name: str, rows: int, records: Sequence[Record]) -> Cell:
    by_system: dict[str, dict[int, Record]] = {}
    for each in records:
        by_system.setdefault(each["system"], {})[each["draw"]] = each
    metrics = tuple(records[0]["metrics"])
    scores = {
        system: {
            metric: spread([each["scores"][metric] for each in theirs.values()])
            for metric in next(iter(theirs.values()))["scores"]
        }
        for system, theirs in by_system.items()
    }
    seconds = {
        system: fmean(each["seconds"] for each in theirs.values())
        for system, theirs in by_system.items()
    }
    compared = [_compare(metric, by_system, scores) for metric in metrics]
    return Cell(name, rows, metrics, scores, seconds, tuple(filter(None, compared)))


def _compare(
    metric: str,
    by_system: Mapping[str, Mapping[int, Record]],
    scores: Mapping[str, Mapping[str, Spread]],
) -> Comparison | None:
    """Compare with the other that is best on average; None where one of the two is missing."""
    ours = by_system.get(OURS, {})
    others = [
        name for name, theirs in by_system.items() if name != OURS and set(theirs) & set(ours)
    ]
    if not others:
        return None
    best = max(others, key=lambda name: scores[name][metric].mean)
    theirs = by_system[best]
    shared = [draw for draw in ours if draw in theirs]
    pairs = [ours[draw]["scores"][metric] - theirs[draw]["scores"][metric] for draw in shared]
    return Comparison(metric, best, spread(pairs))


@dataclass(frozen=True, slots=True)
class Overall:
    """textune and another, over the cells that both have."""

    system: str
    cells: int
    ours: float  # mean over the cells
    theirs: float
    our_seconds: float
    their_seconds: float


def overall(found: Sequence[Cell], *, place: int = 0) -> list[Overall]:
    """Compare textune with each other program by the mean over the cells that both have.

    Args:
        found: The cells.
        place: Of the metric among those of a cell: 0 for the first, -1 for the last.
    """
    systems = dict.fromkeys(name for cell in found for name in cell.scores if name != OURS)
    answers = []
    for system in systems:
        both = [cell for cell in found if system in cell.scores and OURS in cell.scores]
        if not both:
            continue
        ours, theirs = (
            fmean(cell.scores[name][cell.metrics[place]].mean for cell in both)
            for name in (OURS, system)
        )
        seconds = [fmean(cell.seconds[name] for cell in both) for name in (OURS, system)]
        answers.append(Overall(system, len(both), ours, theirs, *seconds))
    return answers
