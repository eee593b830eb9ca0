"""Probabilities of held-out texts become the thresholds that decide best; N texts, C labels."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from textune.records import Decision
from textune.tasks.interface import Floats, Task

Goal = Literal["mcc", "macro_f1"]
FEWEST = 4  # texts with a label, and without it, of which a threshold can be fitted
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)  # of the classes' shares, that are tried


def with_goal(task: Task, goal: Goal) -> Task:
    """Return a task of labels whose decision rule is fitted on held-out texts."""
    changed: Task = replace(cast("Any", task), goal=goal)  # every task is a dataclass
    return changed


def fit(labels: Sequence[str], truth: NDArray[np.generic], chances: Floats, goal: Goal) -> Decision:
    """Fit the rule by which held-out texts are decided best.

    Args:
        labels: C of them.
        truth: Classes (N,), or zeros, ones, and NaN where a label is not scored (N, C).
        chances: (N, C).
        goal: What is to be high.
    """
    if truth.ndim == 2:
        found = _of_labels(truth.astype(np.float64), chances, goal)
    elif len(labels) == 2:
        second = _of_one(truth == 1, chances[:, 1], goal, counts_both=True)
        found = np.asarray([1 - second, second])
    else:
        found = _of_classes(truth.astype(np.int64), chances, goal)
    return Decision("threshold", dict(zip(labels, found.tolist(), strict=True)), fitted=True)


def _of_labels(truth: Floats, chances: Floats, goal: Goal) -> Floats:
    """Return the threshold of each label by which its F1, or its MCC, is highest; (C,)."""
    found = np.full(truth.shape[1], 0.5)
    for label in range(truth.shape[1]):
        is_scored = ~np.isnan(truth[:, label])
        own = truth[is_scored, label] == 1
        found[label] = _of_one(own, chances[is_scored, label], goal)
    return found


def _of_classes(truth: NDArray[np.int64], chances: Floats, goal: Goal) -> Floats:
    """Return by what the probabilities of classes are divided before the highest is taken; (C,).

    The classes' shares to some power (Menon et al., 2021, "logit adjustment"): one number is
    fitted, however many classes there are.
    """
    classes = chances.shape[1]
    shares = (np.bincount(truth, minlength=classes) + 0.5) / (len(truth) + classes / 2)
    tried = [shares**power / (shares**power).sum() for power in POWERS]
    values = [_value(truth, (chances / one).argmax(axis=1), classes, goal) for one in tried]
    return np.asarray(tried[int(np.argmax(values))])


def _of_one(
    truth: NDArray[np.bool_], chances: Floats, goal: Goal, *, counts_both: bool = False
) -> float:
    """Return the threshold, between two texts, by which a label is decided best; (N,) each.

    One half where too few texts have it, or lack it.

    Args:
        truth: Whether a text has the label.
        chances: That it has.
        goal: What is to be high.
        counts_both: Whether the F1 of those that lack it counts as well.
    """
    count, all_ = len(truth), float(truth.sum())
    if min(all_, count - all_) < FEWEST:
        return 0.5
    order = np.argsort(-chances, kind="stable")
    ranked, hits = chances[order], np.cumsum(truth[order]).astype(np.float64)
    given = np.arange(1, count + 1, dtype=np.float64)
    if goal == "macro_f1":
        values = 2 * hits / (given + all_)
        if counts_both:
            values += 2 * (count - given - all_ + hits) / (2 * count - given - all_)
    else:
        spread = np.sqrt(given * (count - given) * all_ * (count - all_))
        above = hits * count - given * all_
        values = np.divide(above, spread, out=np.zeros_like(above), where=spread > 0)
    values[:-1][ranked[:-1] == ranked[1:]] = -np.inf  # equal texts are decided alike
    last = int(values.argmax())
    below = ranked[last + 1] if last + 1 < count else 0.0
    return float((ranked[last] + below) / 2)


def _value(
    truth: NDArray[np.int64], decisions: NDArray[np.int64], classes: int, goal: Goal
) -> float:
    """Return macro F1 or MCC of classes."""
    hits = np.bincount(truth[truth == decisions], minlength=classes)
    totals, given = (np.bincount(part, minlength=classes) for part in (truth, decisions))
    if goal == "macro_f1":
        occurs = totals + given > 0
        return float((2 * hits[occurs] / (totals + given)[occurs]).mean())
    count = len(truth)
    above = hits.sum() * count - totals @ given
    spread = np.sqrt(float((count**2 - totals @ totals) * (count**2 - given @ given)))
    return float(above / spread) if spread else 0.0
