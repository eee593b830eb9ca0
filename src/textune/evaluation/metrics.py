"""Truth and scores become numbers, each computed once over the whole split by scikit-learn.

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

from textune.evaluation import catalogue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Report = dict[str, Any]
"""Numbers, `labels` (name → numbers), `undefined` (dotted key → reason); ready for JSON."""

COUNTS = ("n", "cells")


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


def headline(report: Report) -> dict[str, float | None]:
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
        `n`, the headline numbers, `labels`, `confusion` (rows: truth, columns: decisions),
        `undefined`.
    """
    from sklearn import metrics as sk  # a second of imports that answering does not need

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
    classes = np.arange(len(labels))
    report["confusion"] = (
        sk.confusion_matrix(truth, decisions, labels=classes).tolist()
        if len(truth)
        else [[0] * len(labels) for _ in labels]
    )
    return report | {"undefined": why}


def multi(truth: Floats, probabilities: Floats, decisions: Ints, labels: Sequence[str]) -> Report:
    """Judge a model that gives each text any number of labels.

    `accuracy` and `subset_accuracy` are the share of texts whose labels are all right, `mcc` and
    `macro_mcc` the mean over the labels, `log_loss` the mean binary cross-entropy of a cell.

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
    report["macro_f1"] = _mean([table["f1"] or 0.0 for table in tables.values()])
    if not report["cells"]:
        report["macro_f1"] = None
        why["macro_f1"] = "there is no scored text"
    report["mcc"] = report["macro_mcc"] = _average("mcc", tables, why)
    why |= {"macro_mcc": why["mcc"]} if "mcc" in why else {}
    report |= _multi_scores(truth[scored], probabilities[scored], why)
    report |= {key: _average(key, tables, why) for key in ("roc_auc", "pr_auc")}
    return report | {"labels": tables, "undefined": why}


def _single_decisions(truth: Ints, decisions: Ints, why: dict[str, str]) -> Report:
    from sklearn import metrics as sk  # a second of imports that answering does not need

    keys = ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "balanced_accuracy")
    report: Report = {"accuracy": None, "mcc": _mcc(truth, decisions, "mcc", why)}
    if not len(truth):
        why |= dict.fromkeys(keys, "there is no text")
        return report | dict.fromkeys(keys)
    report["accuracy"] = float(sk.accuracy_score(truth, decisions))
    for average in ("macro", "micro", "weighted"):
        value = sk.f1_score(truth, decisions, average=average, zero_division=0)
        report[f"{average}_f1"] = float(value)
    report["balanced_accuracy"] = float(
        sk.recall_score(truth, decisions, labels=np.unique(truth), average="macro", zero_division=0)
    )
    return report


def _multi_decisions(
    truth: Floats, decisions: Ints, scored: NDArray[np.bool_], why: dict[str, str]
) -> Report:
    from sklearn import metrics as sk  # a second of imports that answering does not need

    keys = ("accuracy", "subset_accuracy", "hamming_loss", "micro_f1")
    if not scored.any():
        why |= dict.fromkeys(keys, "there is no scored text")
        return dict.fromkeys(keys)
    rows = scored.any(axis=1)
    right = ((truth == decisions) | ~scored)[rows].all(axis=1)  # (n,)
    accuracy = float(right.mean())
    return {
        "accuracy": accuracy,
        "subset_accuracy": accuracy,
        "hamming_loss": float(sk.zero_one_loss(truth[scored], decisions[scored])),
        "micro_f1": float(sk.f1_score(truth[scored], decisions[scored], zero_division=0)),
    }


def _multi_scores(truth: Floats, probabilities: Floats, why: dict[str, str]) -> Report:
    """Judge all scored cells as one long list: (cells,) each."""
    from sklearn import metrics as sk  # a second of imports that answering does not need

    keys = ("log_loss", "micro_roc_auc")
    reason = _unusable(probabilities) if len(truth) else "there is no scored text"
    if reason:
        why |= dict.fromkeys(keys, reason)
        return dict.fromkeys(keys)
    report: Report = {"log_loss": float(sk.log_loss(truth, probabilities, labels=[0, 1]))}
    one_sided = _one_sided(truth == 1)
    if one_sided:
        why["micro_roc_auc"] = one_sided
    report["micro_roc_auc"] = None if one_sided else float(sk.roc_auc_score(truth, probabilities))
    return report


def _label(
    truth: NDArray[np.bool_],
    probabilities: Floats,
    decisions: NDArray[np.bool_],
    key: str,
    why: dict[str, str],
) -> Report:
    """Judge one label against the rest: (n,) each."""
    from sklearn import metrics as sk  # a second of imports that answering does not need

    support, predicted = int(truth.sum()), int(decisions.sum())
    table: Report = {"precision": None, "recall": None, "f1": None, "roc_auc": None, "pr_auc": None}
    if support or predicted:
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            truth, decisions, average="binary", zero_division=0
        )
        table |= {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    one_sided = _one_sided(truth)
    if not support:
        table["recall"] = None
        missing = {name: one_sided for name in ("precision", "recall", "f1") if table[name] is None}
        why |= {f"{key}.{name}": reason for name, reason in missing.items()}
    reason = one_sided or _unusable(probabilities)
    if reason:
        why |= {f"{key}.roc_auc": reason, f"{key}.pr_auc": reason}
    else:
        table["roc_auc"] = float(sk.roc_auc_score(truth, probabilities))
        table["pr_auc"] = float(sk.average_precision_score(truth, probabilities))
    return table | {"support": support, "predicted": predicted}


def _mcc(
    truth: NDArray[Any], decisions: NDArray[Any], key: str, why: dict[str, str]
) -> float | None:
    from sklearn import metrics as sk  # a second of imports that answering does not need

    if len(np.unique(truth)) < 2:
        why[key] = "the truth has one class only" if len(truth) else "there is no scored text"
        return None
    return float(sk.matthews_corrcoef(truth, decisions))


def _log_loss(truth: Ints, probabilities: Floats, why: dict[str, str]) -> float | None:
    from sklearn import metrics as sk  # a second of imports that answering does not need

    reason = _unusable(probabilities) if len(truth) else "there is no text"
    if not reason and bool((probabilities.sum(axis=1) <= 0).any()):
        reason = "a text has no probability above 0"
    if reason:
        why["log_loss"] = reason
        return None
    if probabilities.shape[1] == 1:
        return 0.0  # one class has all the probability there is
    # float32 softmax sums to 1 within 1e-7 only, at which scikit-learn would warn
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    return float(sk.log_loss(truth, probabilities, labels=np.arange(probabilities.shape[1])))


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
