"""Decided texts of a part become all that is told of them: numbers, and where they are wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textune.decisions.rule import Decision
from textune.evaluation import by_slice, judged, trusted, where_wrong, without_leaks
from textune.metrics.metrics import Report
from textune.records import Example, Scores
from textune.tasks.interface import Task
from textune.text.unknown import Counter


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of the N texts of a part beside their truth."""

    cells: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by which they are judged
    # apart: of each column N
    leaked: Sequence[str] | None = None  # N: how each stands in the training data; None: not known
    unknown: Counter | None = None  # counts pieces that the tokenizer does not know
    wider: float = 1.0  # factor of intervals: of cross-validation more than 1


def judge(
    task: Task,
    scores: Scores,
    texts: Sequence[Example],
    beside: Beside,
    *,
    rule: Decision | None,
    how: str = "",
    marked: Callable[[Report], Report] = dict,
) -> Report:
    """Judge the texts of a part, as every command does.

    Args:
        task: By which they were decided.
        scores: Of the texts, with their truth.
        texts: N.
        beside: What else is known of them.
        rule: By which they were decided, where its promises can be held against the truth.
        how: How that rule was found.
        marked: Says in the numbers of all texts what they are of.

    Returns:
        Every metric with its interval, and by length; what the rule did; `wrong`, `by` and
        `without_leaks`, as far as there is anything to tell.
    """
    numbers = judged.judge(task, scores, texts) | ({"decided": how} if how else {})
    numbers |= trusted.told(task, scores, rule) if rule is not None else {}
    numbers = marked(numbers)
    numbers |= where_wrong.told(task, scores, texts, beside.unknown)
    numbers |= by_slice.told(task, scores, texts, beside.cells, wider=beside.wider)
    return numbers | without_leaks.told(task, scores, texts, beside.leaked, numbers)


def write(file: Path, task: Task, scores: Scores, texts: Sequence[Example], beside: Beside) -> None:
    """Write what was decided of each text of a part, with what it needs to be judged again."""
    counted = None if beside.unknown is None else beside.unknown.known
    cells, leaked = beside.cells, beside.leaked
    judged.write_scores(file, task, texts, scores, leaked, by=cells, unknown=counted)
