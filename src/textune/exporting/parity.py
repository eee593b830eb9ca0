"""What a run and its export say of the same texts becomes a record, or a refusal.

N texts; I items: texts, words or tokens of passages; C outputs.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.errors import ModelError, counted, excerpt
from textune.metrics.catalogue import METRICS
from textune.predicting.held import Held
from textune.records import Example, Scores
from textune.tasks import registry
from textune.tasks.interface import Task

CHUNK = 128  # texts, after which it is told how many were compared
ROUNDING = 1e-5  # scores that differ by less are equal; a decision that moved then was a tie
SHOWN = 5  # texts in a message, and in the record
HELD_TO = ("macro_f1", "f1", "pearson", "spearman")  # beside a task's main metric
Score = Callable[[Sequence[Example]], Scores]
Tell = Callable[[str], object]  # takes what is done now
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Allowed:
    """How far an export may be from its run."""

    score: float | None  # most that a probability may differ; None: any
    moved: float  # share of texts whose decision may be another
    points: float | None = None  # what a metric may lose, in hundredths; None: it is not judged


ALLOWED = {
    "fp32": Allowed(1e-4, 0.0),
    "fp16": Allowed(0.02, 0.005, 1.0),
    "int8": Allowed(0.2, 0.02, 1.0),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A text that an export answers otherwise than its run."""

    text: str
    origin: str
    gap: float  # of its scores, the largest
    run: str  # what was decided
    export: str

    def told(self) -> dict[str, object]:
        """Return it as JSON would hold it."""
        return {
            "text": excerpt(self.text, most=200),
            "origin": self.origin,
            "difference": self.gap,
            "run": self.run,
            "export": self.export,
        }


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an export is from its run."""

    own: int  # validation texts that were compared
    made: int  # random texts
    gap: float  # of all scores, the largest
    mean_gap: float  # of all scores
    moved_own: int  # validation texts of which another thing is decided, beyond ties
    moved_made: int
    ties: int  # texts whose decision moved though no score differs beyond rounding
    farthest: tuple[Moved, ...]
    metrics: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # run's and export's
    held_to: tuple[str, ...] = ()  # of these
    learned: bool = False  # whether the model learned from the texts of the metrics

    def told(self) -> dict[str, object]:
        """Return it as JSON would hold it."""
        return {
            "texts": {"validation": self.own, "random": self.made},
            "max_difference": self.gap,
            "mean_difference": self.mean_gap,
            "moved_decisions": {"validation": self.moved_own, "random": self.moved_made},
            "ties": self.ties,
            "metrics": {
                name: {"run": before, "export": after}
                for name, (before, after) in self.metrics.items()
            },
            "learned_from_validation": self.learned,
            "farthest": [one.told() for one in self.farthest],
        }


def compare(
    task: Task,
    held: Held,
    made: Sequence[Example],
    run: Score,
    export: Score,
    *,
    tell: Tell,
) -> Parity:
    """Let a run and its export answer the same texts.

    Args:
        task: Of both.
        held: The run's validation texts.
        made: Random texts.
        run: Answers by the run.
        export: Answers by the export.
        tell: Takes how far it is.
    """
    texts = [*held.examples, *made]
    gaps, is_moved = np.zeros(len(texts)), np.zeros(len(texts), dtype=np.bool_)
    total, count = 0.0, 0
    farthest: list[Moved] = []
    said: tuple[list[list[object]], list[list[object]]] = ([], [])
    for first in range(0, len(texts), CHUNK):
        tell(f"comparing: {first:,} of {counted(len(texts), 'text')}, answered by both")
        chunk = texts[first : first + CHUNK]
        both = run(chunk), export(chunk)
        each = _gaps(task, *both)
        count += each.size
        total += float(each.sum())
        here = slice(first, first + len(chunk))
        gaps[here], is_moved[here] = _by_text(each, both[0]), _moved(task, *both)
        answers = [[task.cells(one) for one in task.predictions(own, chunk)] for own in both]
        for side, rows in zip(said, answers, strict=True):
            side.extend(rows[: max(len(held.examples) - first, 0)])
        farthest += _farthest(task, chunk, gaps[here], is_moved[here], answers)
    is_tie = is_moved & (gaps <= ROUNDING)
    is_other, own = is_moved & ~is_tie, len(held.examples)
    metrics = _metrics(task, held, said)
    ranked = sorted(farthest, key=lambda one: (one.run == one.export, -one.gap))
    return Parity(
        own=own,
        made=len(made),
        gap=float(gaps.max(initial=0.0)),
        mean_gap=total / max(count, 1),
        moved_own=int(is_other[:own].sum()),
        moved_made=int(is_other[own:].sum()),
        ties=int(is_tie.sum()),
        farthest=tuple(ranked[:SHOWN]),
        metrics=metrics,
        held_to=tuple(name for name in metrics if name in (task.main_metric, *HELD_TO)),
        learned=held.learned,
    )


def refuse(found: Parity, allowed: Allowed, what: str) -> None:
    """Refuse an export that is too far from its run.

    Raises:
        ModelError: It is: the message says by how much, and which texts.
    """
    reasons = [*_reasons(found, allowed)]
    if not reasons:
        return
    shown = [
        f"  {one.origin}: {excerpt(one.text, most=60)}: {one.run} → {one.export}, "
        f"scores differ by {one.gap:.2g}"
        for one in found.farthest
    ]
    raise ModelError("\n".join([f"{what}: refused, {'; '.join(reasons)}", *shown, _way_out(found)]))


def _reasons(found: Parity, allowed: Allowed) -> Iterator[str]:
    if not np.isfinite(found.gap):
        yield "it answers with NaN where the run does not"
    elif allowed.score is not None and found.gap > allowed.score:
        yield f"a score differs by {found.gap:.2g}, and {allowed.score:g} is allowed"
    for moved, count, name in (
        (found.moved_own, found.own, "validation"),
        (found.moved_made, found.made, "random"),
    ):
        if moved > allowed.moved * count:
            yield (
                f"{moved:,} of {count:,} decisions on {name} texts moved ({moved / count:.1%}), "
                f"and {allowed.moved:.1%} are allowed"
            )
    yield from _lost(found, allowed.points)


def _lost(found: Parity, points: float | None) -> Iterator[str]:
    """Say which metrics fall further than by so many hundredths; None: any may."""
    if points is None:
        return
    if not found.own:
        yield "the run kept no validation texts by which to judge what it lost"
    for name in found.held_to:
        before, after = found.metrics[name]
        if not after >= before - points / 100 - 1e-9:
            yield (
                f"{METRICS[name].title} falls from {before:.4f} to {after:.4f}, and "
                f"{points:g} points are allowed"
            )


def _way_out(found: Parity) -> str:
    more = "" if found.own else "; train with validation texts"
    return (
        f"Nothing was written; export without --int8 and --fp16, or allow more: --tolerance, "
        f"--moved, --points{more}"
    )


def _gaps(task: Task, run: Scores, export: Scores) -> Floats:
    """Return how far the scores of each item are apart, (I,); of numbers in their deviations."""
    is_number = registry.of(task.name).problem == "regression"
    one, other = (
        np.asarray(own.logits if is_number else own.probabilities, dtype=np.float64)
        for own in (run, export)
    )
    is_same = np.isnan(one) & np.isnan(other)  # what no window shows
    apart = np.where(is_same, 0.0, np.abs(one - other))
    apart = np.where(np.isnan(apart), np.inf, apart)
    return np.asarray(apart.max(axis=1) if apart.ndim > 1 and apart.shape[1] else apart.ravel())


def _by_text(each: Floats, scores: Scores) -> Floats:
    """Return the largest of each text's items, (N,)."""
    if scores.borders is None:
        return each
    pairs = zip(scores.borders[:-1].tolist(), scores.borders[1:].tolist(), strict=True)
    return np.asarray([each[first:end].max(initial=0.0) for first, end in pairs])


def _moved(task: Task, run: Scores, export: Scores) -> NDArray[np.bool_]:
    """Tell of which texts another thing is decided, (N,); a number is no decision."""
    if registry.of(task.name).problem == "regression":
        return np.zeros(len(run.decisions), dtype=np.bool_)
    is_other = np.zeros(len(run.decisions), dtype=np.bool_)
    for name in ("decisions", "undecided", "members"):
        one, other = getattr(run, name), getattr(export, name)
        if one is not None and other is not None:
            is_other |= (one != other).reshape(len(one), -1).any(axis=1)
    borders = run.borders
    if borders is None or len(is_other) == len(borders) - 1:
        return is_other
    pairs = zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)
    return np.asarray([bool(is_other[first:end].any()) for first, end in pairs])


def _farthest(
    task: Task,
    texts: Sequence[Example],
    gaps: Floats,
    is_moved: NDArray[np.bool_],
    answers: Sequence[Sequence[Sequence[object]]],
) -> list[Moved]:
    """Return the texts of a chunk that moved, those of the largest gaps first, or else those."""
    order = np.lexsort((-gaps, ~is_moved))[:SHOWN]
    return [
        Moved(
            " | ".join(filter(None, (texts[place].text, texts[place].pair))),
            texts[place].origin,
            float(gaps[place]),
            *(excerpt(str(side[place][0]), most=60) for side in answers),
        )
        for place in order.tolist()
    ]


def _metrics(
    task: Task, held: Held, said: Sequence[Sequence[Sequence[object]]]
) -> dict[str, tuple[float, float]]:
    """Compute a run's metrics and its export's on the validation texts."""
    drawn = registry.of(task.name).drawn
    if drawn is None or not held.examples:
        return {}
    names = [name for name, _ in task.columns()]
    sides = []
    for rows in said:
        fits = [place for place, row in enumerate(rows) if _is_judged(task, held, place, row)]
        columns: dict[str, Any] = {
            name: [rows[place][at] for place in fits] for at, name in enumerate(names)
        }
        columns["truth"] = [held.truth[place] for place in fits]
        if held.unscored is not None:
            columns["unscored"] = [held.unscored[place] for place in fits]
        draws = np.ones((1, len(fits)))
        sides.append({name: float(own[0]) for name, own in drawn(task, columns, draws).items()})
    both = {name: (sides[0][name], sides[1][name]) for name in sides[0] if name in METRICS}
    return {
        name: pair
        for name, pair in both.items()
        if METRICS[name].is_better_higher and np.isfinite(pair).all()
    }


def _is_judged(task: Task, held: Held, place: int, row: Sequence[object]) -> bool:
    """Tell whether a text has a truth, of tags one for each word."""
    truth = held.truth[place]
    if task.asks != "words":
        return bool(truth) or registry.of(task.name).several
    return len(json.loads(truth)) == len(json.loads(str(row[0])))
