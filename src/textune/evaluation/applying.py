"""Logits and a rule become probabilities and decisions: the one place where a rule is applied."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.decisions import calibrating
from textune.decisions.rule import Decision
from textune.records import Scores
from textune.tasks import registry
from textune.tasks.interface import Task


def decided(task: Task, scores: Scores, rule: Decision) -> Scores:
    """Return scores with the probabilities and the decisions of a rule.

    Args:
        task: Turns logits into probabilities, and these into decisions.
        scores: With logits, (I, C).
        rule: The model's own, or another.
    """
    logits: NDArray[Any] = scores.logits
    if rule.calibration is not None:
        logits = calibrating.apply(rule.calibration, logits)
    chances = task.probabilities(logits, scores.borders)
    found = task.decide(chances, rule, scores.borders)
    undecided = members = None
    if registry.of(task.name).abstains and rule.bar is not None:
        undecided = chances[np.arange(len(found)), found] < rule.bar
    if registry.of(task.name).abstains and rule.member is not None:
        members = chances >= rule.member
    return replace(
        scores, probabilities=chances, decisions=found, undecided=undecided, members=members
    )
