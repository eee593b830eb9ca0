"""A task becomes the same task with a loss and metrics of the user's own."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from textune.errors import SettingsError, first_line
from textune.metrics.metrics import Report
from textune.records import PASSAGES, Batch, Example, Scores
from textune.tasks.interface import Task
from textune.tasks.own import Own, OwnMetric

if TYPE_CHECKING:
    from torch import Tensor

RESAMPLES = 400
LEFT = 0.025  # on either side of an interval
FEWEST = 3  # texts, of which drawing them again and again tells anything


def extended(task: Task, own: Own) -> Task:
    """Return a task whose loss and metrics are a user's, where there are some.

    It is of a class made of the task's own, so that all else is as it was.

    Raises:
        SettingsError: The task has answers that such a loss or metric is not made for.
    """
    if not own:
        return task
    _refuse(task, own)
    kind: Any = type(task)

    def loss(self: Any, logits: Tensor, batch: Batch) -> Tensor:
        assert own.loss is not None
        return summed(own.loss, logits, batch)

    def judge(self: Any, scores: Scores, examples: Sequence[Example]) -> Report:
        return {**kind.judge(self, scores, examples), **judged(own.metrics, scores)}

    def intervals(self: Any, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        return {**kind.intervals(self, scores, examples), **spans(own.metrics, scores)}

    body: dict[str, object] = {"__slots__": (), "own": own}
    body |= {"loss": loss} if own.loss is not None else {}
    body |= {"judge": judge, "intervals": intervals} if own.metrics else {}
    made = type(kind.__name__, (kind,), body)
    values = {each.name: getattr(task, each.name) for each in fields(cast("Any", task))}
    return cast("Task", made(**values))


def prepared(task: Task, examples: Sequence[Example]) -> Sequence[Example]:
    """Return examples as the encoder reads them: after a preprocessing of the user's own.

    Raises:
        SettingsError: It fails, or gives something else than a text.
    """
    change = task.own.preprocess
    if change is None:
        return examples
    return [
        replace(
            item,
            text=_changed(change, item.text, item.origin),
            pair=None if item.pair is None else _changed(change, item.pair, item.origin),
        )
        for item in examples
    ]


def _changed(change: Callable[[str], str], text: str, origin: str) -> str:
    try:
        found = change(text)
    except Exception as error:  # the user's code may raise anything
        raise SettingsError(
            f"{origin}: the preprocess of your own ({_name(change)}) failed: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error
    if not isinstance(found, str):
        raise SettingsError(
            f"{origin}: the preprocess of your own ({_name(change)}): expected a text, found "
            f"{type(found).__name__}"
        )
    return found


def _refuse(task: Task, own: Own) -> None:
    is_of_passages = task.asks == PASSAGES
    given = {"a loss": own.loss, "metrics": own.metrics, "a head": own.head}
    asked = [name for name, part in given.items() if part]
    if is_of_passages and asked:
        raise SettingsError(
            f"{' and '.join(asked)} of your own: answers in passages have none, since their two "
            "ends are judged together; leave it out"
        )
    if own.preprocess is not None and task.asks != "texts":
        raise SettingsError(
            "preprocess: this task points at characters of the text, which another text does not "
            "have; change the file itself"
        )


def summed(loss: Callable[..., Any], logits: Tensor, batch: Batch) -> Tensor:
    """Return the sum of a user's losses over what is known, each as often as it weighs.

    Classes are given as (I,) int64, what is not known being left out; labels and numbers as (B, C)
    fp32, with a 0 in cells that are not scored, whose losses do not count.

    Raises:
        SettingsError: It did not return one loss for each target.
    """
    assert batch.targets is not None
    targets = batch.targets if batch.shares is None else batch.shares
    logits, weights = logits.float(), batch.weights
    if not targets.is_floating_point():
        known = targets >= 0  # (I,)
        logits, targets = logits[known], targets[known]
        weights = None if weights is None else weights[known]
    scored = ~targets.isnan() if targets.is_floating_point() else None
    found = _called(loss, logits, targets if scored is None else targets.nan_to_num())
    shape = getattr(found, "shape", None)
    is_each = shape == targets.shape
    if not is_each and (batch.shares is None or shape != targets.shape[:1]):
        shown = type(found).__name__ if shape is None else f"the shape {tuple(shape)}"
        raise SettingsError(
            f"the loss of your own ({_name(loss)}): expected a tensor of the shape "
            f"{tuple(targets.shape)}, one loss for each target, found {shown}; return the losses "
            "without a mean or a sum (reduction='none')"
        )
    found = found.float()
    if scored is not None and is_each:
        found = found.where(scored, 0.0)
        found = found.sum(dim=1) if found.dim() > 1 else found
    total: Tensor = (found if weights is None else found * weights.float()).sum()
    return total


def _called(loss: Callable[..., Any], logits: Tensor, targets: Tensor) -> Any:
    """Call a user's loss.

    Raises:
        SettingsError: It fails.
    """
    try:
        return loss(logits, targets)
    except Exception as error:  # the user's code may raise anything
        raise SettingsError(
            f"the loss of your own ({_name(loss)}) failed: {type(error).__name__}: "
            f"{first_line(error)}; it gets logits of the shape {tuple(logits.shape)} and targets "
            f"of the shape {tuple(targets.shape)}"
        ) from error


def judged(metrics: Sequence[OwnMetric], scores: Scores) -> dict[str, float | None]:
    """Return what a user's metrics say of answers."""
    truth, decisions, probabilities = _known(scores)
    return {each.name: _value(each, truth, decisions, probabilities) for each in metrics}


def spans(metrics: Sequence[OwnMetric], scores: Scores) -> dict[str, list[float]]:
    """Return 95 % intervals of a user's metrics: percentile bootstrap over texts (Efron 1979)."""
    truth, decisions, probabilities = _known(scores)
    texts = len(truth) if scores.borders is None else len(scores.borders) - 1
    if not metrics or texts < FEWEST:
        return {}
    rng = np.random.default_rng(0)
    values: Mapping[str, list[float]] = {each.name: [] for each in metrics}
    for _ in range(RESAMPLES):
        rows = _drawn(scores, len(truth), rng)
        for each in metrics:
            found = _value(each, truth[rows], decisions[rows], probabilities[rows])
            if found is not None:
                values[each.name].append(found)
    return {
        name: [float(bound) for bound in np.quantile(found, [LEFT, 1 - LEFT])]
        for name, found in values.items()
        if len(found) > RESAMPLES // 2
    }


def _drawn(scores: Scores, count: int, rng: np.random.Generator) -> Any:
    """Draw as many texts as there are; return the places of what is judged in them."""
    borders = scores.borders
    if borders is None:
        return rng.integers(count, size=count)
    assert scores.truth is not None
    shown = np.flatnonzero(_shown(scores.truth))
    place = np.full(len(scores.truth), -1)
    place[shown] = np.arange(len(shown))
    texts = rng.integers(len(borders) - 1, size=len(borders) - 1)
    rows = np.concatenate([place[borders[one] : borders[one + 1]] for one in texts])
    return rows[rows >= 0]


def _shown(truth: Any) -> Any:
    """Tell which items have a truth: a class, or anything in rows of labels."""
    is_class = truth.ndim == 1 and np.issubdtype(truth.dtype, np.integer)
    return truth >= 0 if is_class else np.ones(len(truth), dtype=bool)


def _known(scores: Scores) -> tuple[Any, Any, Any]:
    assert scores.truth is not None
    rows = _shown(scores.truth)
    return scores.truth[rows], scores.decisions[rows], scores.probabilities[rows]


def _value(metric: OwnMetric, truth: Any, decisions: Any, probabilities: Any) -> float | None:
    """Compute a metric; None where it is no number.

    Raises:
        SettingsError: The function fails.
    """
    given = (truth, decisions, probabilities) if metric.wants_probabilities else (truth, decisions)
    try:
        with warnings.catch_warnings():  # of a class that is not there: the number says it
            warnings.simplefilter("ignore")
            found = float(metric.compute(*given))
    except Exception as error:  # the user's code may raise anything
        raise SettingsError(
            f"the metric of your own {metric.name!r} failed: {type(error).__name__}: "
            f"{first_line(error)}; it gets truth and decisions (and, as a third argument, "
            f"probabilities) as NumPy arrays, here of the shapes {truth.shape}, {decisions.shape} "
            f"and {probabilities.shape}, and returns a number"
        ) from error
    return found if math.isfinite(found) else None


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))
