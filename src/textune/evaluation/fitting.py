"""A decision rule that is fitted on held-out texts judges each of them by a rule fitted without it.

A threshold that was chosen on the texts whose score is then reported flatters the model. So the
texts are dealt into parts; each part is decided by the rule that the others give (cross-fitting),
and the rule of all of them goes into the model.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textune.evaluation import by_length
from textune.records import Decision, Example, Scores
from textune.tasks.interface import Task

PARTS = 5
SEED = 0


def decide(task: Task, scores: Scores, examples: Sequence[Example]) -> tuple[Decision, Scores, str]:
    """Fit the rule of a task on held-out texts, and decide these without having seen them.

    Args:
        task: Fits and decides.
        scores: Of N texts, with lengths and truth.
        examples: The texts, N.

    Returns:
        The rule of all texts; the scores with decisions; how it was done, in words ("" where the
        task has nothing to fit).
    """
    rule = task.decision(scores, examples)
    decided = replace(scores, decisions=task.decide(scores.probabilities, rule, scores.borders))
    if not rule.fitted:
        return rule, decided, ""
    of_part = _deal(examples)  # (N,)
    if of_part.max() < 1:
        return rule, decided, "the threshold was fitted on these texts: their scores flatter it"
    decisions = decided.decisions.copy()
    for part in range(PARTS):
        rows, others = np.flatnonzero(of_part == part), np.flatnonzero(of_part != part)
        if not len(rows):
            continue
        rest = by_length.part_of(task, scores, others)
        found = task.decision(rest, [examples[row] for row in others.tolist()])
        mine = by_length.part_of(task, scores, rows)
        decisions[rows] = task.decide(mine.probabilities, found, mine.borders)
    words = f"each text was decided by a threshold fitted on the other {PARTS - 1} of {PARTS} parts"
    return rule, replace(decided, decisions=decisions), words


def _deal(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Deal texts into parts, those of one passage together; (N,)."""
    passages = list(dict.fromkeys(item.pair or item.text for item in examples))
    order = np.random.default_rng(SEED).permutation(len(passages))
    of_passage = dict(zip(passages, (order % PARTS).tolist(), strict=True))
    return np.asarray([of_passage[item.pair or item.text] for item in examples], dtype=np.int64)
