"""Truth and answers of several columns of classes become numbers of each column, and their means.

N texts, L outputs: the classes of all columns, one column after the other or not. Truth and
decisions are zeros and ones, the truth NaN where a column is not scored. A column is judged by the
texts that it is scored for, as `metrics.single` judges one label a text; a mean is over the columns
that have the number.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.metrics import few_texts, losses, metrics
from textune.metrics import intervals as spans
from textune.metrics.metrics import Floats, Ints, Report

Columns = Mapping[str, Ints]  # name → places among the outputs
MEANS = ("mcc", "accuracy", "macro_f1", "balanced_accuracy", "weighted_f1", "roc_auc", "pr_auc")
LOSS = "log_loss"


def judge(
    truth: Floats, probabilities: Floats, decisions: Ints, columns: Columns, labels: Sequence[str]
) -> Report:
    """Judge a model that gives each text one class of each column.

    Args:
        truth: (N, L).
        probabilities: (N, L), of each column a sum of 1.
        decisions: (N, L).
        columns: Of the outputs.
        labels: "column: class" of each output, L of them.

    Returns:
        `n`, the means over columns, `all_right` (the share of texts with every scored column
        right), `columns` (name → numbers, `classes` and `confusion`, if these are few), `labels`,
        `undefined`.
    """
    tables: dict[str, Report] = {}
    of_label: dict[str, Report] = {}
    why: dict[str, str] = {}
    for name, places in columns.items():
        rows = scored(truth, places)
        start = len(f"{name}: ")
        classes = [labels[place][start:] for place in places.tolist()]
        found = metrics.single(
            truth[rows][:, places].argmax(axis=1),
            probabilities[rows][:, places],
            decisions[rows][:, places].argmax(axis=1),
            classes,
        )
        of_label |= {f"{name}: {label}": one for label, one in found["labels"].items()}
        why |= {_key(name, key): reason for key, reason in found["undefined"].items()}
        kept = ("n", *MEANS, LOSS, "confusion")
        tables[name] = {key: found[key] for key in kept if key in found} | {"classes": classes}
    rows = np.flatnonzero(~np.isnan(truth).all(axis=1))
    report: Report = {"n": len(rows)}
    for key in (*MEANS, LOSS):
        values = [table[key] for table in tables.values() if table[key] is not None]
        report[key] = float(np.mean(values)) if values else None
        if not values:
            reasons = (reason for place, reason in why.items() if place.endswith(f".{key}"))
            why[key] = f"no column has one: {next(reasons, 'no columns')}"
    is_right = right(truth[rows], decisions[rows])
    report["all_right"] = float(is_right.mean()) if len(rows) else None
    return report | {"columns": tables, "labels": of_label, "undefined": why}


def intervals(
    truth: Floats,
    probabilities: Floats,
    decisions: Ints,
    columns: Columns,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Give the intervals of the means: whole texts are drawn, for columns of a text go together.

    As for one label a text, by shares of texts and a few that nobody saw (`plausible`).

    Args:
        truth: (N, L), as for `judge`; so are the others.
        probabilities: (N, L).
        decisions: (N, L).
        columns: Of the outputs.
        confidence: How often such intervals hold the number of the whole population.
        seed: Of the draws.
    """
    rows = np.flatnonzero(~np.isnan(truth).all(axis=1))
    if not len(rows):
        return {}
    truth, decisions, probabilities = truth[rows], decisions[rows], probabilities[rows]
    counted = [_Column.of(truth[:, at], decisions[:, at]) for at in columns.values()]
    counted = [column for column in counted if len(column.rows)]
    rng = np.random.default_rng(seed)
    found = spans.held(_means(counted, len(rows), rng), confidence)
    found["accuracy"] = _of_accuracy(truth, decisions, columns, confidence)
    hits = int(right(truth, decisions).sum())
    found["all_right"] = spans.wilson(hits, len(rows), confidence=confidence)
    if not np.isfinite(probabilities).all():
        return found
    each, ones = _losses(truth, probabilities, columns), np.ones(len(rows))
    own = _held_possible(truth, probabilities, columns)
    found[LOSS] = losses.interval(each, ones, own, confidence=confidence)
    return few_texts.spared(found, len(rows))


def scored(truth: Floats, places: Ints) -> Ints:
    """Return the texts that a column is scored for."""
    return np.flatnonzero(~np.isnan(truth[:, places]).any(axis=1))


def right(truth: Floats, decisions: Ints) -> NDArray[np.bool_]:
    """Tell in which texts every scored column is right; (N, L) → (N,)."""
    return np.asarray(((truth == decisions) | np.isnan(truth)).all(axis=1))


class _Column:
    """The pairs of class and decision of one column, as texts are drawn again."""

    def __init__(self, rows: Ints, cells: Ints, classes: int) -> None:
        self.rows = rows  # of the texts that it is scored for
        self.classes = classes
        self.is_varied = len(np.unique(cells // classes)) > 1
        self._order = np.argsort(cells, kind="stable")
        self._present, self._firsts = np.unique(cells[self._order], return_index=True)

    @classmethod
    def of(cls, truth: Floats, decisions: Ints) -> "_Column":
        rows = np.flatnonzero(~np.isnan(truth).any(axis=1))
        classes = truth.shape[1]
        cells = truth[rows].argmax(axis=1) * classes + decisions[rows].argmax(axis=1)
        return cls(rows, cells, classes)

    def counts(self, draws: Floats) -> Floats:
        """Count the pairs of each draw of all texts; (R, N) → (R, classes²)."""
        found = np.zeros((len(draws), self.classes**2))
        mine = draws[:, self.rows[self._order]]
        found[:, self._present] = np.add.reduceat(mine, self._firsts, axis=1)
        return found

    def numbers(self, counts: Floats, rng: np.random.Generator) -> dict[str, Floats]:
        """Compute each number for each draw; (R, classes²) → (R,) each."""
        table = counts.reshape(len(counts), self.classes, self.classes)
        hits = np.diagonal(table, axis1=1, axis2=2)
        totals, given = table.sum(axis=2), table.sum(axis=1)
        found = spans.plausible_numbers(hits, totals, given, rng)
        if not self.is_varied:
            del found["mcc"]
        return found


def _of_accuracy(
    truth: Floats, decisions: Ints, columns: Columns, confidence: float
) -> spans.Interval:
    """Give the interval of the mean of the columns' accuracies: cells that come in texts."""
    right, totals, squares = np.zeros(len(truth)), np.zeros(len(truth)), 0.0
    for places in columns.values():
        if not len(rows := scored(truth, places)):
            continue
        hits = truth[rows][:, places].argmax(axis=1) == decisions[rows][:, places].argmax(axis=1)
        right[rows] += hits / len(rows)
        totals[rows] += 1 / len(rows)
        squares += 1 / len(rows)
    items = totals.sum() ** 2 / squares  # of as many, of like weight, a share varies as this mean
    return spans.wilson_of_groups(right, totals, items=items, confidence=confidence)


def _draws(count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Draw how often each text counts, the texts as they are first; (R, N), part by part."""
    yield np.ones((1, count))
    left = int(np.clip(spans.MOST_DRAWS // count, spans.FEWEST_RESAMPLES, spans.RESAMPLES))
    most = max(1, spans.MOST_DRAWS // count)
    while left:
        size = (min(most, left), count)
        yield rng.standard_gamma(1.0, size=size)
        left -= size[0]


def _means(columns: Sequence[_Column], count: int, rng: np.random.Generator) -> dict[str, Floats]:
    counted: list[list[Floats]] = [[] for _ in columns]
    for draws in _draws(count, rng):
        for part, column in zip(counted, columns, strict=True):
            part.append(column.counts(draws))
    both = zip(columns, counted, strict=True)
    each = [column.numbers(np.concatenate(parts), rng) for column, parts in both]
    keys = dict.fromkeys(key for numbers in each for key in numbers)
    return {
        key: np.mean([numbers[key] for numbers in each if key in numbers], axis=0) for key in keys
    }


def _losses(truth: Floats, probabilities: Floats, columns: Columns) -> Floats:
    """Return what each text adds to the mean of the columns' mean losses; (N,)."""
    tiny = np.finfo(np.float64).eps
    found = np.zeros(len(truth))
    judged = {name: rows for name, at in columns.items() if len(rows := scored(truth, at))}
    for name, rows in judged.items():
        own = probabilities[rows][:, columns[name]]
        chosen = (own * truth[rows][:, columns[name]]).sum(axis=1) / own.sum(axis=1)
        loss = -np.log(chosen.clip(tiny, 1 - tiny)) if own.shape[1] > 1 else np.zeros(len(rows))
        found[rows] += loss * len(truth) / (len(rows) * len(judged))
    return found


def _held_possible(truth: Floats, probabilities: Floats, columns: Columns) -> list[losses.Answers]:
    """Return what was held for possible in each column that is scored."""
    judged = [(rows, at) for at in columns.values() if len(rows := scored(truth, at))]
    return [
        losses.of_classes(probabilities[rows][:, at], 1 / (len(rows) * len(judged)))
        for rows, at in judged
    ]


def _key(column: str, key: str) -> str:
    """Name a number of one column among those of all."""
    if key.startswith("labels."):
        return f"labels.{column}: {key.removeprefix('labels.')}"
    return f"columns.{column}.{key}"
