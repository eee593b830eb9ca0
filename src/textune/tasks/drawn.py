"""What a run keeps of its texts becomes metrics of texts drawn again; N texts, R draws."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics import entities, numbers, paired, spans
from textune.metrics.paired import Answers
from textune.tasks.labels import parted

Floats = NDArray[np.float64]
Columns = Mapping[str, Sequence[Any]]
OF_CLASSES = ("mcc", "accuracy", "macro_f1", "roc_auc", "log_loss")
OF_LABELS = ("roc_auc", "macro_f1", "micro_f1", "accuracy", "log_loss")


def classes(task: Any, columns: Columns, draws: Floats) -> Mapping[str, Floats]:
    """Compute metrics of one label a text; undecided texts count as their likeliest class.

    Log loss is NaN where a text has a label that training never saw: it has no probability.

    Args:
        task: With C labels.
        columns: Of a table of predictions: `truth`, and `p(…)` and `decision` of the answers.
        draws: (R, N) how often each text counts.

    Returns:
        Metric → (R,).
    """
    labels = [*task.labels, *sorted(set(columns["truth"]) - set(task.labels))]
    places = {label: place for place, label in enumerate(labels)}
    truth = np.asarray([places[label] for label in columns["truth"]])
    chances = chances_of(task.labels, columns, len(labels))
    decisions = np.asarray([places[label] for label in decided(task.labels, columns)])
    found = paired.numbers(truth, Answers(chances, decisions), OF_CLASSES, draws)
    if len(labels) > len(task.labels):
        found["log_loss"] = np.full(len(draws), np.nan)
    return found


def labels(task: Any, columns: Columns, draws: Floats) -> Mapping[str, Floats]:
    """Compute metrics of several labels a text; as for `classes`."""
    truth, names = _truth(task.labels, columns)
    for place, cell in enumerate(columns.get("unscored") or ()):
        unscored = np.flatnonzero(marks(task.labels, [cell])[0])
        truth[place, unscored] = np.nan
    decisions = _wider(marks(task.labels, columns["decision"]), len(names)).astype(np.int64)
    chances = chances_of(task.labels, columns, len(names))
    found = paired.numbers(truth, Answers(chances, decisions), OF_LABELS, draws)
    if len(names) > len(task.labels):
        found["log_loss"] = np.full(len(draws), np.nan)
    return found


def by_column(task: Any, columns: Columns, draws: Floats) -> Mapping[str, Floats]:
    """Compute the means over columns of classes; as for `classes`."""
    truth, names = _truth(task.labels, columns)
    given = _wider(marks(task.labels, columns["decision"]), len(names))
    found, keys = [], ("mcc", "accuracy", "macro_f1")
    for at in replace(task, labels=names).places.values():
        rows = np.flatnonzero(truth[:, at].sum(axis=1) == 1)
        mine = Answers(given[rows][:, at], given[rows][:, at].argmax(axis=1))
        found.append(paired.numbers(truth[rows][:, at].argmax(axis=1), mine, keys, draws[:, rows]))
    return {key: np.mean([one[key] for one in found], axis=0) for key in keys}


def tags(task: Any, columns: Columns, draws: Floats) -> Mapping[str, Floats]:
    """Compute metrics of tags on words; as for `classes`."""
    truth, found = ([json.loads(cell) for cell in columns[name]] for name in ("truth", "tags"))
    return entities.drawn(truth, found, draws, plain=not task.marks_entities)


def answers(_: Any, columns: Columns, draws: Floats) -> Mapping[str, Floats]:
    """Compute metrics of answers to questions; as for `classes`."""
    references = [json.loads(cell) for cell in columns["truth"]]
    return spans.drawn(columns["answer"], references, draws)


def targets(task: Any, columns: Columns, draws: Floats) -> Mapping[str, Floats]:
    """Compute the means over numbers; as for `classes`."""
    truth = np.asarray([list(map(float, cell.split(";"))) for cell in columns["truth"]])
    values = [columns[f"predicted {label}"] for label in task.labels]
    return numbers.drawn(truth, np.asarray(values, dtype=float).T, draws)


def decided(names: Sequence[str], columns: Columns) -> list[str]:
    """Return the class of each text; of those left undecided the likeliest."""
    likeliest = chances_of(names, columns, len(names)).argmax(axis=1).tolist()
    both = zip(columns["decision"], likeliest, strict=True)
    return [label or names[best] for label, best in both]


def marks(names: Sequence[str], cells: Sequence[str | None]) -> Floats:
    """Return a 1 for each name that stands in a cell; (N, C)."""
    found = np.zeros((len(cells), len(names)))
    places = {name: place for place, name in enumerate(names)}
    for row, cell in enumerate(cells):
        for name in parted(cell or "", names):
            if name in places:
                found[row, places[name]] = 1.0
    return found


def _truth(names: Sequence[str], columns: Columns) -> tuple[Floats, tuple[str, ...]]:
    """Return a 1 for each label of a text; (N, C), and the C labels.

    Those that training never saw, which a table has in a column of their own, stand last.
    """
    unseen = [json.loads(cell) for cell in columns.get("unseen") or ()]
    more = sorted({name for listed in unseen for name in listed})
    found = _wider(marks(names, columns["truth"]), len(names) + len(more))
    for row, listed in enumerate(unseen):
        found[row, [len(names) + more.index(name) for name in listed]] = 1.0
    return found, (*names, *more)


def chances_of(names: Sequence[str], columns: Columns, width: int) -> Floats:
    """Return the probabilities of labels, 0 for those that a model does not know; (N, width)."""
    known = np.stack([np.asarray(columns[f"p({name})"], dtype=float) for name in names], axis=1)
    return _wider(known, width)


def _wider(found: Floats, width: int) -> Floats:
    """Give labels that a model does not know a 0 in each text; (N, C) → (N, width)."""
    return np.pad(found, ((0, 0), (0, width - found.shape[1])))
