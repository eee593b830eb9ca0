"""A file's answers, judged batch by batch: an example of what is not to be averaged."""

from dataclasses import replace
from typing import Any

from textune.errors import SettingsError
from textune.metrics import catalogue
from textune.records import Scores
from textune.tasks.interface import Task


def judge(task: Task, scores: Scores, size: int, whole: float | None) -> dict[str, Any]:
    """Judge each batch of texts by the task's main metric, in the order of the file.

    Args:
        task: Of the model.
        scores: Of all texts.
        size: Texts in a batch.
        whole: The same metric over all texts.

    Raises:
        SettingsError: The task does not answer once a text.
    """
    if task.asks != "texts" or scores.truth is None:
        raise SettingsError(
            f"--per-batch: {task.name} answers for words or passages, and is judged over all of "
            "them; leave it out"
        )
    metric = task.main_metric
    values, alike = [], 0
    for start in range(0, len(scores.logits), size):
        part = _part(scores, start, start + size)
        alike += _is_alike(part)
        values.append(catalogue.value(task.judge(part, ()), metric))
    known = [float(value) for value in values if value is not None]
    mean = sum(known) / len(known) if known else None
    return {
        "size": size,
        "metric": metric,
        "values": values,
        "mean": mean,
        "whole": whole,
        "one_class": alike,
        "why": _why(catalogue.title(metric), len(values), alike),
    }


def _why(title: str, count: int, alike: int) -> str:
    """Say why the mean over batches is no score of the whole."""
    said = (
        f"the score is that over the whole file, and not the mean over batches: {title} is no mean "
        "over texts, and which texts share a batch decides that mean"
    )
    if alike:
        said += (
            f"; in {alike:,} of {count:,} batches the truth, or the answers, are all of one class, "
            "of which it says nothing"
        )
    return said


def _part(scores: Scores, start: int, end: int) -> Scores:
    assert scores.truth is not None
    return replace(
        scores,
        logits=scores.logits[start:end],
        probabilities=scores.probabilities[start:end],
        decisions=scores.decisions[start:end],
        truth=scores.truth[start:end],
        fulls=None if scores.fulls is None else scores.fulls[start:end],
    )


def _is_alike(part: Scores) -> bool:
    """Tell whether all truths, or all answers, are the same."""
    return any(
        values is not None and len({str(value) for value in values.tolist()}) == 1
        for values in (part.truth, part.decisions)
    )
