"""Probabilities of held-out texts become the rule by which classes or labels are decided.

N texts, C labels.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from textune.decisions import aims, calibrating, thresholds
from textune.decisions.aims import Aim
from textune.decisions.calibrating import Held
from textune.decisions.rule import Decision
from textune.decisions.wishes import Costs
from textune.errors import SettingsError, among, counted
from textune.tasks.interface import Floats, Task

Goal = Literal["mcc", "macro_f1"]
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)  # of the classes' shares, that are tried
OF_GOALS = {"mcc": Aim("mcc"), "macro_f1": Aim("f1")}


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
        return of_labels(labels, truth, chances, OF_GOALS[goal])
    return of_classes(labels, truth, chances, OF_GOALS[goal])


def of_labels(
    labels: Sequence[str],
    truth: NDArray[np.generic],
    chances: Floats,
    aim: Aim,
    costs: Costs = (),
) -> Decision:
    """Fit the rule of labels that each text may have, or not.

    Args:
        labels: C of them.
        truth: (N, C) zeros, ones, and NaN where a label is not scored.
        chances: (N, C).
        aim: What decisions are to be good at.
        costs: (C, 2) of missing a label, and of giving it wrongly.

    Raises:
        SettingsError: Several labels have no place for such an aim.
    """
    if aim.label:
        raise SettingsError(
            f"--aim {aim}: of several labels each is held to it; leave out the name"
        )
    if aim.kind == "likeliest":
        return Decision("threshold", dict.fromkeys(labels, 0.5), aim=str(aim))
    if aim.kind == "cost":
        best = [wrong / (missed + wrong) for missed, wrong in costs]
        return Decision("threshold", dict(zip(labels, best, strict=True)), aim=str(aim))
    if aim.kind == "top":
        return _of_top(labels, aim)
    found = thresholds.fit(truth.astype(np.float64), chances, aim)
    unmet = [label for label, is_met in zip(labels, found.is_met, strict=True) if not is_met]
    bars = dict(zip(labels, found.values.tolist(), strict=True))
    return Decision("threshold", bars, fitted=True, aim=str(aim), unmet=tuple(unmet))


def _of_top(labels: Sequence[str], aim: Aim) -> Decision:
    """Return the rule by which each text gets so many labels.

    Raises:
        SettingsError: There are no more than that.
    """
    if aim.value >= len(labels):
        most = f"at most top={len(labels) - 1}" if len(labels) > 1 else "another aim"
        raise SettingsError(
            f"--aim {aim}: every text would get all {counted(len(labels), 'label')}; "
            f"allowed: {most}"
        )
    return Decision("top", dict.fromkeys(labels, 0.5), top=int(aim.value), aim=str(aim))


def of_classes(
    labels: Sequence[str],
    truth: NDArray[np.generic],
    chances: Floats,
    aim: Aim,
    costs: Costs = (),
) -> Decision:
    """Fit the rule of classes that exclude each other.

    Args:
        labels: C of them.
        truth: (N,) classes.
        chances: (N, C).
        aim: What decisions are to be good at.
        costs: (C, C) of deciding on a class (column) where another is true (row).

    Raises:
        SettingsError: So many classes have no place for such an aim.
    """
    classes = truth.astype(np.int64)
    if aim.kind == "likeliest":
        return Decision("argmax", aim=str(aim))
    if aim.kind == "cost":
        return Decision("cost", costs=costs, aim=str(aim))
    if aim.kind == "top":
        raise SettingsError(
            f"--aim {aim}: a text has exactly one of these labels; sets of likely ones are had "
            "with --sets 0.9"
        )
    if len(labels) == 2:
        return _of_two(labels, classes, chances, aim)
    if aim.kind not in ("f1", "mcc"):
        raise SettingsError(
            f"--aim {aim}: fits several labels a text, or exactly two classes, and here are "
            f"{len(labels)}; f1, mcc, cost=FILE or likeliest fit them, and --abstain 0.9 answers "
            "only where that share is right"
        )
    found = _of_powers(classes, chances, aim)
    bars = dict(zip(labels, found.tolist(), strict=True))
    return Decision("threshold", bars, fitted=True, aim=str(aim))


def _of_two(
    labels: Sequence[str], classes: NDArray[np.int64], chances: Floats, aim: Aim
) -> Decision:
    """Fit the threshold of one of two classes; the second where none is named.

    A score is made high in expectation, by probabilities that are calibrated for that alone: the
    score itself, of some hundred texts, is highest at a threshold of chance.
    """
    if aim.label and aim.label not in labels:
        raise SettingsError(f"--aim {aim}: no label {aim.label!r}; {among(aim.label, labels)}")
    lacking = tuple(label for place, label in enumerate(labels) if place not in classes)
    if lacking:  # nothing says where one of them ends
        return Decision("threshold", dict.fromkeys(labels, 0.5), aim=str(aim), unmet=lacking)
    at = labels.index(aim.label) if aim.label else 1
    marks = (classes == at).astype(np.float64)[:, None]
    own, both = chances[:, [at]], aim.kind in ("f1", "mcc")
    expected = _expected(marks, own) if aim.kind in aims.OF_SCORES else marks
    found = thresholds.fit(expected, own, aim, counts_both=both)
    value = float(found.values[0])
    bars = {labels[at]: value, labels[1 - at]: 1 - value}
    unmet = () if found.is_met[0] else (labels[at],)
    ordered = {label: bars[label] for label in labels}
    return Decision("threshold", ordered, fitted=True, aim=str(aim), unmet=unmet)


def _expected(marks: Floats, chances: Floats) -> Floats:
    """Return how likely each text has a label, by a scale and a shift of its log odds; (N, 1)."""
    near = np.clip(chances, thresholds.NEAREST, 1 - thresholds.NEAREST)
    odds = np.log(near / (1 - near))
    found = calibrating.apply(calibrating.fit("labels", Held(odds, marks=marks)), odds)
    return np.asarray(1 / (1 + np.exp(-found)))


def worth(
    labels: Sequence[str], truth: NDArray[np.generic], decisions: NDArray[np.generic], aim: Aim
) -> float | None:
    """Return the score that an aim is to make high; None where it is none.

    Args:
        labels: C of them.
        truth: Classes (N,), or zeros, ones, and NaN where a label is not scored (N, C).
        decisions: Classes (N,), or zeros and ones (N, C).
        aim: What they are to be good at.

    Returns:
        F-beta or MCC; of several labels the mean of each.
    """
    if aim.kind not in aims.OF_SCORES:
        return None
    if truth.ndim == 2:
        marks, given = truth.astype(np.float64), decisions.astype(np.float64)
        each = [thresholds.score(*one, aim) for one in zip(marks.T, given.T, strict=True)]
        return float(np.mean(each))
    classes, decided = truth.astype(np.int64), decisions.astype(np.int64)
    if aim.kind == "fbeta":
        return thresholds.score((classes == 1) * 1.0, (decided == 1) * 1.0, aim)
    return _value(classes, decided, len(labels), aim)


def _of_powers(truth: NDArray[np.int64], chances: Floats, aim: Aim) -> Floats:
    """Return by what the probabilities of classes are divided before the highest is taken; (C,).

    The classes' shares to some power (Menon et al., 2021, "logit adjustment"): one number is
    fitted, however many classes there are.
    """
    classes = chances.shape[1]
    shares = (np.bincount(truth, minlength=classes) + 0.5) / (len(truth) + classes / 2)
    tried = [shares**power / (shares**power).sum() for power in POWERS]
    values = [_value(truth, (chances / one).argmax(axis=1), classes, aim) for one in tried]
    return np.asarray(tried[int(np.argmax(values))])


def _value(truth: NDArray[np.int64], decisions: NDArray[np.int64], classes: int, aim: Aim) -> float:
    """Return macro F1 or MCC of classes."""
    hits = np.bincount(truth[truth == decisions], minlength=classes)
    totals, given = (np.bincount(part, minlength=classes) for part in (truth, decisions))
    if aim.kind == "f1":
        occurs = totals + given > 0
        return float((2 * hits[occurs] / (totals + given)[occurs]).mean())
    count = len(truth)
    above = hits.sum() * count - totals @ given
    spread = np.sqrt(float((count**2 - totals @ totals) * (count**2 - given @ given)))
    return float(above / spread) if spread else 0.0
