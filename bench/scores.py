"""A model's logits become the numbers that trainings are compared by, by scikit-learn alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import metrics as sk

Rows = list[dict[str, Any]]
STEP = 64  # texts in a batch


def by_length(rows: Rows) -> Rows:
    """Sort, so that scoring pads little; no score depends on the order."""
    return sorted(rows, key=lambda row: len(row["input_ids"]))


@torch.no_grad()
def score(model: Any, rows: Rows, pad: Any, names: Sequence[str]) -> dict[str, float | None]:
    """Compute metrics over a whole set, and leave the model in the mode in which it was."""
    training = model.training
    model.eval()
    parts = []
    for start in range(0, len(rows), STEP):
        batch = pad(rows[start : start + STEP]).to(model.device)
        batch.pop("labels")
        parts.append(model(**batch).logits.float().cpu())
    model.train(training)
    truth = np.asarray([row["labels"] for row in rows])
    return judge(truth, torch.cat(parts).numpy(), names)


def judge(
    truth: NDArray[Any], logits: NDArray[np.float32], names: Sequence[str]
) -> dict[str, float | None]:
    """Compute metrics by name.

    Args:
        truth: Class numbers, (N,), or 0.0 and 1.0 for each label, (N, C).
        logits: (N, C).
        names: "mcc" and "accuracy" of one label a text; "roc_auc" (mean over the labels that have
            both values), "micro_roc_auc" and "micro_f1" (at one half) of several.
    """
    return {name: _number(name, truth, logits) for name in names}


def _number(name: str, truth: NDArray[Any], logits: NDArray[np.float32]) -> float | None:
    if name == "mcc":
        if len(np.unique(truth)) < 2:
            return None
        return float(sk.matthews_corrcoef(truth, logits.argmax(-1)))
    if name == "accuracy":
        return float(sk.accuracy_score(truth, logits.argmax(-1)))
    if name == "micro_f1":
        return float(sk.f1_score(truth.ravel(), logits.ravel() >= 0, zero_division=0))
    if name == "micro_roc_auc":
        return _area(truth.ravel(), logits.ravel())
    assert name == "roc_auc", name
    areas = [_area(truth[:, c], logits[:, c]) for c in range(truth.shape[1])]
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else None


def _area(truth: NDArray[Any], logits: NDArray[np.float32]) -> float | None:
    if len(np.unique(truth)) < 2:
        return None
    return float(sk.roc_auc_score(truth, logits))
