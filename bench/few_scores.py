"""Answers for the test rows become the numbers that programs are compared by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats
from seqeval.metrics import f1_score
from sklearn import metrics as sk

from bench.quality_sets import Row

Answers = Sequence[Any]  # of each row: its class, its labels, its number, or a tag for each word


def judge(
    kind: str, rows: Sequence[Row], answers: Answers, labels: Sequence[str]
) -> dict[str, float]:
    """Compute all metrics of a kind of task by scikit-learn, scipy and seqeval.

    Args:
        kind: "single" (accuracy, macro_f1, mcc), "multi" (macro_f1, micro_f1), "number" (spearman,
            0 where all answers are alike) or "tags" (f1 of entities).
        rows: With the truth.
        answers: In their order.
        labels: Classes or labels.
    """
    assert len(rows) == len(answers), (len(rows), len(answers))
    if kind == "number":
        return {"spearman": _spearman([row["label"] for row in rows], answers)}
    if kind == "tags":
        truth = [row["tags"] for row in rows]
        return {"f1": float(f1_score(truth, [list(each) for each in answers], zero_division=0))}
    if kind == "multi":
        there = np.asarray([[int(row[name]) for name in labels] for row in rows])  # (N, C)
        said = np.asarray([[int(name in each) for name in labels] for each in answers])  # (N, C)
        return {
            f"{how}_f1": float(sk.f1_score(there, said, average=how, zero_division=0))
            for how in ("macro", "micro")
        }
    given = [row["label"] for row in rows]
    macro = sk.f1_score(given, answers, average="macro", labels=list(labels), zero_division=0)
    return {
        "accuracy": float(sk.accuracy_score(given, answers)),
        "macro_f1": float(macro),
        "mcc": float(sk.matthews_corrcoef(given, answers)),
    }


def _spearman(truth: Sequence[float], answers: Sequence[float]) -> float:
    if len(set(answers)) < 2 or len(set(truth)) < 2:
        return 0.0
    return float(stats.spearmanr(truth, answers).statistic)
