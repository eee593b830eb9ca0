"""Probabilities and truth become what each threshold gives: counts, of which all else follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.report import mistakes
from textune.report.section import Part
from textune.storage import columns

STOPS = (
    *(0.001, 0.002, 0.005),
    *(step / 100 for step in range(1, 100)),
    *(0.995, 0.998, 0.999),
)
DEFAULT = 0.5  # a label's threshold where none was fitted
ALL = "all labels together"

Marks = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cells:
    """What was said of one label, text by text."""

    label: str
    truth: Marks  # (N,)
    chances: Floats  # (N,) probability of the label
    scores: Floats  # (N,) by which a threshold gives it; below zero where another is likelier
    own: float  # the model's threshold


@dataclass(frozen=True, slots=True)
class Counts:
    """What a threshold gives."""

    threshold: float
    given: int  # texts that get the label by it
    right: int  # of these, those that have it
    texts: int
    having: int  # texts that have the label

    @property
    def precision(self) -> float | None:
        """Return the share of those given that have it; None where none is given."""
        return self.right / self.given if self.given else None

    @property
    def recall(self) -> float | None:
        """Return the share of those having it that get it; None where none has it."""
        return self.right / self.having if self.having else None

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of both; None where neither is anything."""
        both = self.given + self.having
        return 2 * self.right / both if both else None


def cells(part: Part) -> list[Cells]:
    """Return the labels of a part whose predictions were kept with probabilities; else none.

    Of several labels a text, and of two of which one excludes the other, a label is given where its
    probability reaches the threshold. Of more classes the likeliest is meant, where it does.
    """
    labels, table = part.labels, part.table
    names = [f"p({label})" for label in labels]
    if table is None or not names or not set(names) <= set(table.column_names) or not len(table):
        return []
    chances = np.stack([columns.array(table[name]) for name in names], axis=1)
    if not np.isfinite(chances).all():
        return []
    truth = mistakes.marks(table["truth"], labels, single=part.is_single)
    judged = np.ones_like(truth)
    if "unscored" in table.column_names:
        judged = ~mistakes.marks(table["unscored"], labels, single=False)
    scores = chances
    if part.is_single and len(labels) > 2:
        likeliest = chances.argmax(axis=1)[:, None] == np.arange(len(labels))  # (N, C)
        scores = np.where(likeliest, chances, -1.0)
    found = []
    for place, label in enumerate(labels):
        rows = judged[:, place]
        own = _own(part, label)
        mine = (truth[rows, place], chances[rows, place], scores[rows, place])
        found.append(Cells(label, *mine, own))
    return found


def together(part: Part, found: Sequence[Cells]) -> Cells | None:
    """Return the likeliest class of each text as one label, of which all texts have one.

    Its precision is then the share of the decided texts that is right, and what is given is what is
    decided at all.
    """
    if not part.is_single or len(found) < 3:
        return None
    chances = np.stack([one.chances for one in found], axis=1)  # (N, C)
    truth = np.stack([one.truth for one in found], axis=1)
    best = chances.argmax(axis=1)
    rows = np.arange(len(best))
    sure = chances[rows, best]
    return Cells(ALL, truth[rows, best], sure, sure, 0.0)


def count(one: Cells, threshold: float) -> Counts:
    """Count what a threshold gives."""
    given = one.scores >= threshold
    right = int((given & one.truth).sum())
    having = len(one.truth) if one.label == ALL else int(one.truth.sum())
    return Counts(threshold, int(given.sum()), right, len(one.truth), having)


def told(one: Cells) -> Mapping[str, Any]:
    """Return what the page's script needs of a label: counts at each of the thresholds."""
    order = np.sort(one.scores)
    rights = np.sort(one.scores[one.truth])
    own = count(one, one.own)
    return {
        "label": one.label,
        "texts": own.texts,
        "having": own.having,
        "given": _reaching(order, STOPS),
        "right": _reaching(rights, STOPS),
        "own": [own.threshold, own.given, own.right],
    }


def _reaching(ascending: Floats, stops: Sequence[float]) -> list[int]:
    """Count for each threshold what reaches it."""
    found: list[int] = (len(ascending) - np.searchsorted(ascending, stops, side="left")).tolist()
    return found


def _own(part: Part, label: str) -> float:
    """Return the model's threshold of a label; 0 where the likeliest class is meant anyway."""
    fitted = (part.found.get("rule") or {}).get("thresholds") or {}
    if label in fitted:
        return float(fitted[label])
    return 0.0 if part.is_single and len(part.labels) > 2 else DEFAULT
