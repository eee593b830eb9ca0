"""What two candidates said of the same texts becomes which of them is preferred."""

from collections.abc import Sequence

import numpy as np

from textune.evaluation import by_length
from textune.metrics import catalogue
from textune.records import Example, Scores
from textune.tasks.interface import Task

RESAMPLES = 100
NEAR = 0.5  # deviations of the difference: what is less is a near tie


def is_better(
    task: Task, metric: str, other: Scores, simple: Scores, examples: Sequence[Example]
) -> bool:
    """Tell whether another candidate beats the simpler one.

    It does if its metric is better by more than half the standard deviation of the difference, as
    texts are drawn again (Efron 1979). In a near tie it must not be worse, and the metric that
    decides between equals must be better by as much.

    Args:
        task: Judges both.
        metric: That selects.
        other: Answers of the candidate, of N texts.
        simple: Those of the simpler one.
        examples: The texts, N.
    """
    rng = np.random.default_rng(0)
    draws = [
        np.arange(len(examples)),
        *rng.integers(len(examples), size=(RESAMPLES, len(examples))),
    ]
    names = (metric, task.tie_metric)
    found = np.array([_differences(task, names, (other, simple), examples, rows) for rows in draws])
    with np.errstate(invalid="ignore"):
        spread = np.array([np.std(column[np.isfinite(column)]) for column in found[1:].T])
    gain, tie = found[0]
    if np.isfinite(gain) and abs(gain) > NEAR * spread[0]:
        return bool(gain > 0)
    is_no_worse = not np.isfinite(gain) or gain >= 0
    return bool(is_no_worse and np.isfinite(tie) and tie > NEAR * spread[1])


def _differences(
    task: Task,
    names: Sequence[str],
    both: Sequence[Scores],
    examples: Sequence[Example],
    rows: np.ndarray,
) -> list[float]:
    """Return by how much the first is better than the second in each metric, by some texts."""
    texts = [examples[row] for row in rows.tolist()]
    reports = [task.judge(by_length.part_of(task, one, rows), texts) for one in both]
    found = []
    for name in names:
        values = [catalogue.value(report, name) for report in reports]
        if None in values:
            found.append(np.nan)
            continue
        first, second = (float(value) for value in values if value is not None)
        sign = 1 if catalogue.is_better_higher(name) else -1
        found.append(sign * (first - second))
    return found
