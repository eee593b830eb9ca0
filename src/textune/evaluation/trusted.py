"""Decided texts and their truth become how far probabilities, bars and sets can be trusted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.decisions.calibrating import Held
from textune.decisions.rule import Decision
from textune.evaluation import applying
from textune.metrics import reliability
from textune.records import Scores
from textune.tasks import registry
from textune.tasks.interface import Task

LEAST = 1e-15  # of a probability in a logarithm


def held_of(task: Task, scores: Scores) -> Held:
    """Return logits and truth as calibration reads them."""
    assert scores.truth is not None
    kind = registry.of(task.name)
    logits = scores.logits.astype(np.float64)
    if kind.several:
        return Held(logits, marks=scores.truth.astype(np.float64))
    return Held(logits, groups=tuple(kind.exclusive(task, scores.truth)))


def told(task: Task, found: Scores, rule: Decision) -> dict[str, Any]:
    """Say what the parts of a rule did to texts; they should have had no part in its fitting.

    Args:
        task: Of the texts.
        found: As they were decided, with logits that are not calibrated, and truth.
        rule: By which they were decided.

    Returns:
        Of what the rule holds: `rule` (its aim and thresholds), `calibration` (log loss and
        expected calibration error before and after), `abstention` (the share that was decided, and
        how much of that is right) and `sets` (how many hold the truth, how large they are).
    """
    numbers: dict[str, Any] = {}
    if rule.fitted or rule.aim:
        numbers["rule"] = {
            "kind": rule.kind,
            "aim": rule.aim,
            "unmet": [label for label in rule.unmet if label != "--abstain"],
            "thresholds": dict(rule.thresholds),
        }
    if rule.calibration is not None:
        plain = applying.decided(task, found, task.default_decision())
        numbers["calibration"] = {
            "kind": rule.calibration.kind,
            "before": _reliability(task, plain),
            "after": _reliability(task, found),
        }
    if found.truth is None:
        return numbers
    if found.undecided is not None:
        answered = ~found.undecided
        right = found.decisions[answered] == found.truth[answered]
        numbers["abstention"] = {
            "asked": rule.answers,
            "is_promised": "--abstain" not in rule.unmet,
            "coverage": float(answered.mean()),
            "right": float(right.mean()) if len(right) else None,
        }
    if found.members is not None:
        own = found.members[np.arange(len(found.members)), found.truth.astype(np.int64)]
        sizes = found.members.sum(axis=1)
        numbers["sets"] = {
            "asked": rule.covers,
            "coverage": float(own.mean()),
            "mean_size": float(sizes.mean()),
            "empty": float((sizes == 0).mean()),
        }
    return numbers


def _reliability(task: Task, found: Scores) -> dict[str, float | None]:
    """Return log loss, and the expected calibration error of labels, or of the likeliest class."""
    held = held_of(task, found)
    own, right, chances = _cells(held, found.probabilities)
    loss = float(-np.log(np.maximum(own, LEAST)).mean()) if len(own) else None
    return {"log_loss": loss, "ece": reliability.error(right, chances)}


def _cells(
    held: Held, chances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities of the truth; whether what is judged is right, and its probability."""
    if held.marks is not None:
        is_scored = ~np.isnan(held.marks)
        marks, each = held.marks[is_scored], chances[is_scored]
        return np.where(marks == 1, each, 1 - each), marks, each
    owns, rights, tops = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for outputs, classes in held.groups:
        mine = chances[:, outputs]
        rows = np.flatnonzero((classes >= 0) & np.isfinite(held.logits[:, outputs]).all(axis=1))
        best = mine[rows].argmax(axis=1)
        owns.append(mine[rows, classes[rows]])
        rights.append((best == classes[rows]).astype(np.float64))
        tops.append(mine[rows, best])
    return np.concatenate(owns), np.concatenate(rights), np.concatenate(tops)
