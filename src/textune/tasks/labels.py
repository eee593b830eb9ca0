"""What tasks with names for whole texts have in common: how their answers are written."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data import lists
from textune.data.columns import Column, Scan
from textune.metrics import intervals as spans
from textune.metrics.metrics import Parts
from textune.records import Contract, Example, Finding, Prediction, Scores, Table
from textune.tasks.interface import Column as Added

METRICS = ("mcc", "accuracy", "macro_f1", "micro_f1", "roc_auc", "pr_auc", "log_loss")


def config(labels: Sequence[str], problem: str) -> dict[str, object]:
    """Return what the configuration of a model with named outputs must hold."""
    return {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)},
        "problem_type": problem,
    }


def findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Say where names stand alone beside lists, and where lists are parted by another sign."""
    for column in seen.columns:
        if column.name not in contract.label or contract.separator is None:
            continue
        counts = column.counts or Counter(column.cells)
        if contract.separator == column.separator == "mixed":
            yield from lists.mixed(column.name, counts)
        elif contract.form == "list" and contract.separator in lists.SEPARATORS:
            yield from lists.parted_otherwise(column.name, counts, contract.separator)


def is_alone(column: Column) -> bool:
    """Tell whether each cell is a list of one name."""
    if column.separator not in ("json", "mixed") or column.blank:
        return False
    return lists.lengths(column.cells, column.separator) == {1}


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, C) → (N, C), rows sum to 1; rows of NaN stay NaN."""
    wide = logits.astype(np.float64)
    parts = np.exp(wide - wide.max(axis=1, keepdims=True))
    return np.asarray(parts / parts.sum(axis=1, keepdims=True), dtype=np.float64)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, C) → (N, C), each between 0 and 1, exact where it is near either."""
    wide = logits.astype(np.float64)
    small = np.exp(-np.abs(wide))
    return np.asarray(np.where(wide >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)


def predictions(
    labels: Sequence[str],
    names: Sequence[tuple[str, ...]],
    scores: Scores,
    examples: Sequence[Example],
) -> Iterator[Prediction]:
    """Give each text its names and the probability of each label."""
    rows = scores.probabilities.tolist()
    for place, (example, row, found) in enumerate(zip(examples, rows, names, strict=True)):
        is_open = scores.undecided is not None and bool(scores.undecided[place])
        yield Prediction(
            example.text,
            () if is_open else found,
            dict(zip(labels, row, strict=True)),
            undecided=is_open,
            members=_members(labels, scores, place),
        )


def _members(labels: Sequence[str], scores: Scores, place: int) -> tuple[str, ...] | None:
    """Return the set of classes of a text, the likeliest first; None where there are no sets."""
    if scores.members is None:
        return None
    order = np.argsort(-scores.probabilities[place], kind="stable").tolist()
    return tuple(labels[at] for at in order if scores.members[place, at])


def columns(labels: Sequence[str]) -> list[Added]:
    """Name the decision and the probability of each label."""
    return [("decision", False), *((f"p({label})", True) for label in labels)]


def are_listed(labels: Sequence[str]) -> bool:
    """Tell whether several names are written as a JSON list, since one of them holds ";" itself."""
    return any(";" in label for label in labels)


def in_one_cell(names: Sequence[str], labels: Sequence[str]) -> str:
    """Write the names that apply in one cell, so that they can be parted again.

    Example:
        >>> in_one_cell(["a", "b"], ["a", "b", "c"]), in_one_cell(["a; b"], ["a; b", "c"])
        ('a;b', '["a; b"]')
    """
    if are_listed(labels):
        return json.dumps(list(names), ensure_ascii=False)
    return ";".join(names)


def parted(cell: str, labels: Sequence[str]) -> tuple[str, ...]:
    """Part the names that `in_one_cell` wrote.

    Example:
        >>> parted("a;[b]", ["a", "[b]", "c"]), parted('["a; b"]', ["a; b", "c"])
        (('a', '[b]'), ('a; b',))
    """
    if not cell:
        return ()
    return tuple(json.loads(cell) if are_listed(labels) else cell.split(";"))


def cells(labels: Sequence[str], prediction: Prediction) -> list[object]:
    """Return the decision and the probability of each label."""
    return [";".join(prediction.labels), *(prediction.scores[label] for label in labels)]


def intervals(scores: Scores) -> dict[str, list[float]]:
    """Return the intervals of the headline numbers."""
    assert scores.truth is not None
    return spans.bootstrap(scores.truth, scores.probabilities, scores.decisions)


def baselines(
    labels: Sequence[str],
    targets: Any,
    training: Sequence[Example],
    *,
    scores: Scores,
    examples: Sequence[Example],
    parts: Parts | None = None,
) -> dict[str, Any]:
    """Return what label frequencies, and logistic regression or means on TF-IDF, would score."""
    from textune.metrics import baselines as simple  # scipy, not needed before

    assert scores.truth is not None
    found = {"majority": simple.majority(targets, scores.truth, labels)}
    texts = [joined(item) for item in training], targets, [joined(item) for item in examples]
    if targets.ndim == 1 and len(labels) > simple.MOST_REGRESSED:
        return found | {
            "centroid": simple.centroid(*texts, scores.truth, labels=labels, parts=parts)
        }
    return found | {"tfidf": simple.tfidf(*texts, scores.truth, labels=labels, parts=parts)}


def joined(example: Example) -> str:
    """Return both texts of a pair as one."""
    return f"{example.text} {example.pair or ''}"
