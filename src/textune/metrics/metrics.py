"""Truth and scores become numbers, each computed once over the whole split.

They are scikit-learn's numbers, from counts and one sort a label: work and memory grow with texts
times labels, also where there are thousands of labels.

A number that this split cannot give is None, and the dictionary `undefined` says why, under the
same key with dots. Conventions where several are in use:

- Precision is 0 where nothing was predicted although there was something to find.
- Matthews correlation is 0 for a model that always gives the same answer, and None where the truth
  has one class only. Of several labels it is the mean over the labels.
- Macro averages are scikit-learn's: for one label over the classes that occur in truth or
  decisions, for several labels over all of them, one that cannot have an F1 counting as 0. Areas
  under curves are averaged over the labels that have one.
- Cells whose truth is NaN are neither learned nor judged: they are left out of every number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics import catalogue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Parts = Sequence[tuple[Ints, Ints]]
"""Places of training texts, and of those that are judged by what was learned from them alone."""
Report = dict[str, Any]
"""Numbers, `labels` (name → numbers), `undefined` (dotted key → reason); ready for JSON."""

MOST_CONFUSED = 200
"""Labels up to which every pair of class and decision is counted, zeros included."""


def better(name: str, new: float | None, old: float | None) -> bool:
    """Say whether `new` is strictly better; a number beats None and NaN, equals do not win.

    Args:
        name: One of the catalogue, or a dotted one that ends in it ("labels.toxic.roc_auc").
        new: The value that might replace the other.
        old: The best value so far.

    Raises:
        SettingsError: There is no such metric.

    Example:
        >>> better("log_loss", 0.2, 0.3), better("mcc", None, 0.1), better("mcc", 0.1, None)
        (True, False, True)
    """
    is_better_higher = catalogue.is_better_higher(name)
    if new is None or math.isnan(new):
        return False
    if old is None or math.isnan(old):
        return True
    return new > old if is_better_higher else new < old


def headline(report: Mapping[str, Any]) -> dict[str, float | None]:
    """Select the numbers that stand for the whole split, without counts, labels and tables."""
    return {key: value for key, value in report.items() if key in catalogue.METRICS}


def single(truth: Ints, probabilities: Floats, decisions: Ints, labels: Sequence[str]) -> Report:
    """Judge a model that gives each text one label.

    `roc_auc` and `pr_auc` are those of the second label if there are two, else the mean of one
    label against the rest.

    Args:
        truth: The right class. (N,)
        probabilities: One for each class. (N, C)
        decisions: The class given. (N,)
        labels: Names of the classes, C of them.

    Returns:
        `n`, the headline numbers, `labels`, `confusion` (rows: truth, columns: decisions), or, of
        more than `MOST_CONFUSED` labels, `confusion_cells`: class, decision and count of each pair
        that occurs; `undefined`.
    """
    shape = (len(truth), len(labels))
    assert (probabilities.shape, decisions.shape) == (shape, shape[:1]), "shapes must agree"
    probabilities = probabilities.astype(np.float64)
    why: dict[str, str] = {}
    tables = {
        name: _label((truth == c), probabilities[:, c], (decisions == c), f"labels.{name}", why)
        for c, name in enumerate(labels)
    }
    report: Report = {"n": len(truth)}
    report |= _single_decisions(truth, decisions, why)
    report["log_loss"] = _log_loss(truth, probabilities, why)
    for key in ("roc_auc", "pr_auc"):
        report[key] = _area(key, tables, why, binary=len(labels) == 2)
    report["labels"] = tables
    report |= _confusion(truth, decisions, len(labels))
    return report | {"undefined": why}


def multi(truth: Floats, probabilities: Floats, decisions: Ints, labels: Sequence[str]) -> Report:
    """Judge a model that gives each text any number of labels.

    `accuracy` and `subset_accuracy` are the share of texts whose labels are all right, `mcc` and
    `macro_mcc` the mean over the labels, `macro_f1` that over those for which a text is scored,
    `log_loss` the mean binary cross-entropy of a cell.

    Args:
        truth: 1 where the label applies, 0 where not, NaN where it is not scored. (N, C)
        probabilities: One for each label. (N, C)
        decisions: 1 where the label was given. (N, C)
        labels: Names of the labels, C of them.

    Returns:
        `n` (texts with a scored cell), `cells`, the headline numbers, `labels`, `undefined`.
    """
    shape = (len(truth), len(labels))
    assert truth.shape == probabilities.shape == decisions.shape == shape, "shapes must agree"
    truth, probabilities = truth.astype(np.float64), probabilities.astype(np.float64)
    scored = ~np.isnan(truth)  # (N, C)
    why: dict[str, str] = {}
    tables = {}
    for c, name in enumerate(labels):
        rows = scored[:, c]
        tables[name] = _label(
            truth[rows, c] == 1, probabilities[rows, c], decisions[rows, c] == 1,
            f"labels.{name}", why,
        )  # fmt: skip
        tables[name]["mcc"] = _mcc(truth[rows, c], decisions[rows, c], f"labels.{name}.mcc", why)
    report: Report = {"n": int(scored.any(axis=1).sum()), "cells": int(scored.sum())}
    report |= _multi_decisions(truth, decisions, scored, why)
    both = zip(tables.values(), np.asarray(scored.any(axis=0)), strict=True)
    report["macro_f1"] = _mean([table["f1"] or 0.0 for table, is_scored in both if is_scored])
    if not report["cells"]:
        report["macro_f1"] = None
        why["macro_f1"] = "there is no scored text"
    report["mcc"] = report["macro_mcc"] = _average("mcc", tables, why)
    why |= {"macro_mcc": why["mcc"]} if "mcc" in why else {}
    report |= _multi_scores(truth[scored], probabilities[scored], why)
    report |= {key: _average(key, tables, why) for key in ("roc_auc", "pr_auc")}
    return report | {"labels": tables, "undefined": why}


def _confusion(truth: Ints, decisions: Ints, classes: int) -> Report:
    """Count the pairs of class and decision: all of them, or of many classes those that occur."""
    if classes <= MOST_CONFUSED:
        counts = np.bincount(truth * classes + decisions, minlength=classes * classes)
        return {"confusion": counts.reshape(classes, classes).tolist()}
    cells, often = np.unique(truth * classes + decisions, return_counts=True)
    true, given = np.divmod(cells, classes)
    return {"confusion_cells": np.stack([true, given, often], axis=1).tolist()}


def _single_decisions(truth: Ints, decisions: Ints, why: dict[str, str]) -> Report:
    keys = ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "balanced_accuracy")
    report: Report = {"accuracy": None, "mcc": _mcc(truth, decisions, "mcc", why)}
    if not len(truth):
        why |= dict.fromkeys(keys, "there is no text")
        return report | dict.fromkeys(keys)
    classes = 1 + int(max(truth.max(), decisions.max()))
    hits = np.bincount(truth[truth == decisions], minlength=classes)  # (C,) each
    support, given = (np.bincount(of, minlength=classes) for of in (truth, decisions))
    accuracy = float((truth == decisions).mean())
    f1 = 2 * hits / (support + given).clip(1)
    return report | {
        "accuracy": accuracy,
        "macro_f1": float(f1[support + given > 0].mean()),
        "micro_f1": accuracy,
        "weighted_f1": float((f1 * support).sum() / support.sum()),
        "balanced_accuracy": float((hits[support > 0] / support[support > 0]).mean()),
    }


def _multi_decisions(
    truth: Floats, decisions: Ints, scored: NDArray[np.bool_], why: dict[str, str]
) -> Report:
    keys = ("accuracy", "subset_accuracy", "hamming_loss", "micro_f1")
    if not scored.any():
        why |= dict.fromkeys(keys, "there is no scored text")
        return dict.fromkeys(keys)
    rows = scored.any(axis=1)
    right = ((truth == decisions) | ~scored)[rows].all(axis=1)  # (n,)
    accuracy = float(right.mean())
    hits = int((decisions[scored] * truth[scored]).sum())
    return {
        "accuracy": accuracy,
        "subset_accuracy": accuracy,
        "hamming_loss": float((truth[scored] != decisions[scored]).mean()),
        "micro_f1": 2 * hits / max(1, int((truth[scored] == 1).sum() + decisions[scored].sum())),
    }


def _multi_scores(truth: Floats, probabilities: Floats, why: dict[str, str]) -> Report:
    """Judge all scored cells as one long list: (cells,) each."""
    keys = ("log_loss", "micro_roc_auc")
    reason = _unusable(probabilities) if len(truth) else "there is no scored text"
    if reason:
        why |= dict.fromkeys(keys, reason)
        return dict.fromkeys(keys)
    tiny = np.finfo(np.float64).eps  # as scikit-learn has it
    own = np.where(truth == 1, probabilities, 1 - probabilities).clip(tiny, 1 - tiny)
    report: Report = {"log_loss": float(-np.log(own).mean())}
    one_sided = _one_sided(truth == 1)
    if one_sided:
        why["micro_roc_auc"] = one_sided
    report["micro_roc_auc"] = None if one_sided else _areas(truth == 1, probabilities)[0]
    return report


def _label(
    truth: NDArray[np.bool_],
    probabilities: Floats,
    decisions: NDArray[np.bool_],
    key: str,
    why: dict[str, str],
) -> Report:
    """Judge one label against the rest: (n,) each."""
    support, predicted = int(truth.sum()), int(decisions.sum())
    table: Report = {"precision": None, "recall": None, "f1": None, "roc_auc": None, "pr_auc": None}
    if support or predicted:
        hits = int((truth & decisions).sum())
        table["precision"] = hits / predicted if predicted else 0.0
        table["recall"] = hits / support if support else 0.0
        table["f1"] = 2 * hits / (support + predicted)
    one_sided = _one_sided(truth)
    if not support:
        table["recall"] = None
        missing = {name: one_sided for name in ("precision", "recall", "f1") if table[name] is None}
        why |= {f"{key}.{name}": reason for name, reason in missing.items()}
    reason = one_sided or _unusable(probabilities)
    if reason:
        why |= {f"{key}.roc_auc": reason, f"{key}.pr_auc": reason}
    else:
        table["roc_auc"], table["pr_auc"] = _areas(truth, probabilities)
    return table | {"support": support, "predicted": predicted}


def _areas(truth: NDArray[np.bool_], probabilities: Floats) -> tuple[float, float]:
    """Give the areas under the ROC curve and under that of precision and recall; (n,) each.

    The first is how often a text with the label is above one without it (equal ones count half),
    the second the mean over texts with the label of the precision at their own probability.
    """
    ranked, own = np.sort(probabilities), np.sort(probabilities[truth])
    below = np.searchsorted(ranked, own, "left"), np.searchsorted(ranked, own, "right")
    mine = np.searchsorted(own, own, "left"), np.searchsorted(own, own, "right")
    beaten = (below[0] - mine[0] + below[1] - mine[1]) / 2  # of texts without the label
    area = float(beaten.mean()) / (len(ranked) - len(own))
    precision = (len(own) - mine[0]) / (len(ranked) - below[0])
    return area, float(precision.mean())


def _mcc(
    truth: NDArray[np.generic], decisions: NDArray[np.generic], key: str, why: dict[str, str]
) -> float | None:
    if len(np.unique(truth)) < 2:
        why[key] = "the truth has one class only" if len(truth) else "there is no scored text"
        return None
    truth, decisions = truth.astype(np.int64), decisions.astype(np.int64)
    classes = 1 + int(max(truth.max(), decisions.max()))
    support, given = (
        np.bincount(of, minlength=classes).astype(np.float64) for of in (truth, decisions)
    )
    texts, right = float(len(truth)), float((truth == decisions).sum())
    spread = (texts**2 - (support**2).sum()) * (texts**2 - (given**2).sum())
    covariance = right * texts - float((support * given).sum())
    return float(covariance / math.sqrt(spread)) if spread > 0 else 0.0


def _log_loss(truth: Ints, probabilities: Floats, why: dict[str, str]) -> float | None:
    reason = _unusable(probabilities) if len(truth) else "there is no text"
    if not reason and bool((probabilities.sum(axis=1) <= 0).any()):
        reason = "a text has no probability above 0"
    if reason:
        why["log_loss"] = reason
        return None
    # float32 softmax sums to 1 within 1e-7 only
    own = probabilities[np.arange(len(truth)), truth] / probabilities.sum(axis=1)  # (N,)
    tiny = np.finfo(np.float64).eps  # as scikit-learn has it
    return float(-np.log(own.clip(tiny, 1 - tiny)).mean()) if probabilities.shape[1] > 1 else 0.0


def _area(
    key: str, tables: Mapping[str, Report], why: dict[str, str], *, binary: bool
) -> float | None:
    if not binary:
        return _average(key, tables, why)
    second = list(tables)[1]
    if tables[second][key] is None:
        why[key] = why[f"labels.{second}.{key}"]
    value: float | None = tables[second][key]
    return value


def _average(key: str, tables: Mapping[str, Report], why: dict[str, str]) -> float | None:
    """Average over the labels that have this number."""
    values = [table[key] for table in tables.values() if table[key] is not None]
    if not values:
        why[key] = "no label has one: " + next(
            (reason for name, reason in why.items() if name.endswith(f".{key}")), "no labels"
        )
    return _mean(values)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _one_sided(truth: NDArray[np.bool_]) -> str:
    if not len(truth):
        return "there is no scored text"
    if not truth.any():
        return "no text of this split has the label"
    return "every text of this split has the label" if truth.all() else ""


def _unusable(probabilities: Floats) -> str:
    broken = int((~np.isfinite(probabilities)).sum())
    return f"{broken} of {probabilities.size} probabilities are not finite" if broken else ""
