"""Saved answers of both programs become scores, and differences with their noise.

All scores are scikit-learn's, of the files that both programs wrote; what a masked-LM model says
was asked by transformers, of both models with the same masks (bench.recipes_masks).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from bench.quality_sets import Row

Array = NDArray[Any]
DRAWS = 60  # of test rows, with replacement
ERRORS = 2  # standard errors that count as noise
LOWER = ("loss", "masked_loss")  # scores of which a lower one is better
TITLES = {
    "mcc": "MCC",
    "accuracy": "accuracy",
    "roc_auc_of_two": "ROC-AUC",
    "roc_auc": "macro ROC-AUC",
    "micro_roc_auc": "micro ROC-AUC",
    "macro_f1": "macro F1, textune's thresholds",
    "macro_f1_half": "macro F1, both at 0.5",
    "micro_f1": "micro F1, textune's thresholds",
    "micro_f1_half": "micro F1, both at 0.5",
    "subset_accuracy": "subset accuracy, textune's thresholds",
    "subset_accuracy_half": "subset accuracy, both at 0.5",
    "loss": "loss (binary cross-entropy)",
    "masked_loss": "masked-LM loss",
    "masked_accuracy": "masked accuracy",
}


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model says of the test rows, in their order.

    Of a masked-LM model there is a list for each text: of each masked token the probability of the
    right piece, and whether it was the likeliest.
    """

    probabilities: Sequence[Sequence[float]]
    decisions: Sequence[Any]  # class numbers; 0 and 1 for each label

    def write(self, file: Path) -> None:
        """Write them as JSON."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "Predictions":
        """Read what `write` wrote."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Answered:
    """Truth and answers as arrays; of a masked-LM model sums of each text."""

    truth: Array  # (N,) or (N, C); of masks: how many there are in each text
    probabilities: Array  # (N, C); of masks: the sum of losses of each text
    decisions: Array  # (N,) or (N, C); of masks: how many are right in each text

    def take(self, rows: Array) -> "Answered":
        """Return some of the rows."""
        return Answered(self.truth[rows], self.probabilities[rows], self.decisions[rows])


def answered(found: Predictions, rows: Sequence[Row], labels: Sequence[str]) -> Answered:
    """Put the truth beside what was said."""
    assert len(found.decisions) == len(rows), (len(found.decisions), len(rows))
    if not labels:  # masks
        return Answered(
            np.asarray([len(each) for each in found.decisions]),
            np.asarray([-np.log(np.maximum(each, 1e-30)).sum() for each in found.probabilities]),
            np.asarray([sum(each) for each in found.decisions]),
        )
    if "label" in rows[0]:
        truth = np.asarray([list(labels).index(row["label"]) for row in rows])
    else:
        truth = np.asarray([[int(row[name]) for name in labels] for row in rows])
    return Answered(truth, np.asarray(found.probabilities), np.asarray(found.decisions))


def _macro(metric: Callable[[Array, Array], float], truth: Array, said: Array) -> float:
    """Return the mean over the labels that have both values."""
    columns = range(truth.shape[1])
    return fmean(metric(truth[:, c], said[:, c]) for c in columns if 0 < truth[:, c].mean() < 1)


def _half(found: Answered) -> Array:
    return (found.probabilities >= 0.5).astype(int)


def _f1(truth: Array, said: Array, average: str) -> float:
    return float(sk.f1_score(truth, said, average=average, zero_division=0))


def _cross_entropy(truth: Array, said: Array) -> float:
    return float(sk.log_loss(truth, said, labels=[0, 1]))


SCORES: Mapping[str, Callable[[Answered], float]] = {
    "mcc": lambda a: float(sk.matthews_corrcoef(a.truth, a.decisions)),
    "accuracy": lambda a: float(sk.accuracy_score(a.truth, a.decisions)),
    "roc_auc_of_two": lambda a: float(sk.roc_auc_score(a.truth, a.probabilities[:, 1])),
    "roc_auc": lambda a: _macro(sk.roc_auc_score, a.truth, a.probabilities),
    "micro_roc_auc": lambda a: float(sk.roc_auc_score(a.truth.ravel(), a.probabilities.ravel())),
    "macro_f1": lambda a: _f1(a.truth, a.decisions, "macro"),
    "macro_f1_half": lambda a: _f1(a.truth, _half(a), "macro"),
    "micro_f1": lambda a: _f1(a.truth, a.decisions, "micro"),
    "micro_f1_half": lambda a: _f1(a.truth, _half(a), "micro"),
    "subset_accuracy": lambda a: float(sk.accuracy_score(a.truth, a.decisions)),
    "subset_accuracy_half": lambda a: float(sk.accuracy_score(a.truth, _half(a))),
    "loss": lambda a: fmean(
        _cross_entropy(a.truth[:, c], a.probabilities[:, c]) for c in range(a.truth.shape[1])
    ),
    "masked_loss": lambda a: float(a.probabilities.sum() / a.truth.sum()),
    "masked_accuracy": lambda a: float(a.decisions.sum() / a.truth.sum()),
}


def compared(
    name: str, ours: Mapping[int, Answered], theirs: Mapping[int, Answered]
) -> dict[str, Any]:
    """Compare one score on the same rows, seed by seed.

    Args:
        name: Of the score.
        ours: Answers of each seed.
        theirs: Likewise; seeds that one program lacks are left out.

    Returns:
        The means, the difference (above 0 where textune is better), its standard error, of which
        rows drawn anew and seeds both have a part, and the verdict.
    """
    seeds = sorted(set(ours) & set(theirs))
    score, sign = SCORES[name], -1 if name in LOWER else 1
    means = [fmean(score(each[seed]) for seed in seeds) for each in (ours, theirs)]
    by_seed = [sign * (score(ours[seed]) - score(theirs[seed])) for seed in seeds]
    among_rows = _drawn_anew(name, [(ours[seed], theirs[seed]) for seed in seeds])
    among_seeds = stdev(by_seed) ** 2 / len(seeds) if len(seeds) > 1 else 0.0
    difference, error = fmean(by_seed), (among_rows + among_seeds) ** 0.5
    return {
        "score": name,
        "seeds": len(seeds),
        "textune": means[0],
        "trainer": means[1],
        "difference": difference,
        "error": error,
        "verdict": verdict(difference, error),
    }


def _drawn_anew(name: str, pairs: Sequence[tuple[Answered, Answered]]) -> float:
    """Return the variance of the mean difference where test rows are drawn with replacement."""
    count, draw = len(pairs[0][0].truth), np.random.default_rng(0)
    score = SCORES[name]
    found = []
    for _ in range(DRAWS):
        rows = draw.integers(0, count, count)
        try:
            each = [score(ours.take(rows)) - score(theirs.take(rows)) for ours, theirs in pairs]
        except ValueError:  # a draw of one class, for which there is no ROC-AUC
            continue
        found.append(fmean(each))
    return stdev(found) ** 2 if len(found) > 1 else 0.0


def verdict(difference: float, error: float) -> str:
    """Say what a difference shows."""
    if difference < -ERRORS * error:
        return "BELOW"
    return "better" if difference > ERRORS * error else "within noise"
