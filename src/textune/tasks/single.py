"""One label a text: softmax, cross-entropy, the likeliest class."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from textune.errors import DataError, among
from textune.evaluation import metrics
from textune.records import Batch, Decision, Example, Scores
from textune.sets import splits


@dataclass(frozen=True, slots=True)
class Single:
    """One of C classes; two of them are a binary task."""

    labels: tuple[str, ...]
    weights: tuple[float, ...] | None = None  # (C,) in the loss; None: all 1

    name = "single"
    model_class = "AutoModelForSequenceClassification"
    per_token = False
    main_metric = "mcc"

    def config(self) -> dict[str, Any]:
        """Return what the model's configuration must hold."""
        return {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": {label: number for number, label in enumerate(self.labels)},
            "problem_type": "single_label_classification",
        }

    def target(self, example: Example) -> NDArray[Any]:
        """Return the class as a scalar.

        Raises:
            DataError: The label was not seen in training.
        """
        label = example.label
        if not isinstance(label, str):
            raise DataError(f"{example.origin}: no label; every text needs one here")
        if label not in self.labels:
            raise DataError(
                f"{example.origin}: label {label!r} was not seen in training; "
                f"{among(label, self.labels)}"
            )
        return np.asarray(self.labels.index(label), dtype=np.int64)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of (weighted) cross-entropies; () fp32."""
        weight = None if self.weights is None else torch.tensor(self.weights, device=logits.device)
        assert batch.targets is not None
        return functional.cross_entropy(
            logits.float(), batch.targets, weight=weight, reduction="sum"
        )

    def count(self, targets: NDArray[Any]) -> float:
        """Return the number of texts, or the sum of their weights."""
        if self.weights is None:
            return float(len(targets))
        return float(np.asarray(self.weights)[targets].sum())

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N, C) → (N, C), rows sum to 1."""
        return torch.from_numpy(logits).double().softmax(1).numpy()

    def decide(self, probabilities: NDArray[np.float64], decision: Decision) -> NDArray[np.int64]:
        """Return the likeliest class, (N,); of two, a threshold may decide for the second."""
        if decision.kind == "threshold" and len(self.labels) == 2:
            return (probabilities[:, 1] >= decision.thresholds[self.labels[1]]).astype(np.int64)
        return probabilities.argmax(axis=1).astype(np.int64)

    def names(self, decided: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the one name for each decision."""
        return [(self.labels[number],) for number in decided.tolist()]

    def judge(self, scores: Scores) -> dict[str, Any]:
        """Compare with the truth, over all texts at once."""
        assert scores.truth is not None
        return metrics.single(scores.truth, scores.probabilities, scores.decisions, self.labels)

    def default_decision(self) -> Decision:
        """Return the rule of the likeliest class."""
        return Decision("argmax")

    def weighted(self, targets: NDArray[Any]) -> "Single":
        """Weigh each class by the inverse of its frequency."""
        counts = np.bincount(targets, minlength=len(self.labels))
        weights = splits.class_weights(counts, len(targets))
        return replace(self, weights=tuple(weights.tolist()))
