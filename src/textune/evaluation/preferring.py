"""What two candidates said of the same texts becomes which of them is preferred."""

from collections.abc import Sequence

import numpy as np

from textune.evaluation import by_length
from textune.metrics import catalogue
from textune.records import Example, Scores
from textune.tasks.interface import Task

RESAMPLES = 100
OF_TUNING = 0.04, 0.03
"""By how much the main metric of what fine-tuning on all texts gives is above what is found here of
the simpler candidate, where nothing is known yet: models of folds learned from fewer texts, and the
mean of them is better than each. And the standard deviation of that (docs/few_labels.md). Of errors
and losses, as a share of the simpler one's."""
OF_CONTRAST = 0.01, 0.03
"""The same of fine-tuning with a contrastive loss, where fine-tuning without is the simpler one,
and the classes are alike in number."""
OF_CONTRAST_ELSE = 0.0, 0.03
"""The same where some classes are rarer than others: what is measured decides."""
OF_CONTRAST_FOR_SEVERAL = -0.02, 0.03
"""The same where a text may have several labels."""
CLEAR = 2.0  # standard deviations by which fine-tuning is worse, whatever is usual
AGAIN = 2.0  # times the variance over texts drawn again: learning from others varies as much


def is_better(
    task: Task,
    metric: str,
    other: Scores,
    simple: Scores,
    examples: Sequence[Example],
    usual: tuple[float, float] = OF_TUNING,
) -> bool:
    """Tell whether fine-tuning is expected to beat the simpler candidate.

    What was measured here weighs by its variance, as texts are drawn again (Efron, 1979) and others
    learned from, beside what is usual (the posterior mean of a normal prior): a few texts decide
    nothing, and many do.

    Args:
        task: Judges both.
        metric: That selects; where it cannot be computed, the one that decides between equals.
        other: Answers of fine-tuning, of N texts.
        simple: Those of the simpler one.
        examples: The texts, N.
        usual: By how much it does where nothing is known yet, and the deviation of that.
    """
    rng = np.random.default_rng(0)
    draws = [
        np.arange(len(examples)),
        *rng.integers(len(examples), size=(RESAMPLES, len(examples))),
    ]
    names = (metric, task.tie_metric)
    found = np.array([_differences(task, names, (other, simple), examples, rows) for rows in draws])
    found[:, 0] /= _unit(task, metric, simple, examples)
    gain, tie = found[0]
    if not np.isfinite(gain):
        return bool(np.isfinite(tie) and tie > 0)
    drawn = found[1:, 0]
    variance = np.var(drawn[np.isfinite(drawn)]) if np.isfinite(drawn).any() else 0.0
    variance *= AGAIN
    if gain < -CLEAR * variance**0.5:
        return False
    expected, spread = usual
    return bool(gain * spread**2 + expected * variance > 0)


def _unit(task: Task, metric: str, simple: Scores, examples: Sequence[Example]) -> float:
    """Return what differences are shares of: an error of the simpler one; of scores up to 1, 1."""
    if catalogue.is_better_higher(metric):
        return 1.0
    return abs(catalogue.value(task.judge(simple, examples), metric) or 0.0) or 1.0


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
