"""One label a text: softmax, cross-entropy, the likeliest class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError, among
from textune.metrics import metrics
from textune.records import Batch, Decision, Example, Prediction, Scores
from textune.splits import splits
from textune.tasks import labels as named
from textune.tasks.interface import Borders, Column, Floats

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Single:
    """One of C classes; two of them are a binary task."""

    labels: tuple[str, ...]
    weights: tuple[float, ...] | None = None  # (C,) in the loss; None: all 1
    smoothing: float = 0.0  # share of each target that is spread over all labels

    name = "single"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    main_metric = "mcc"
    tie_metric = "log_loss"

    def config(self) -> dict[str, Any]:
        """Return what the model's configuration must hold."""
        return named.config(self.labels, "single_label_classification")

    def state(self) -> dict[str, Any]:
        """Return nothing: the labels are all there is."""
        return {}

    def fitted(self, targets: NDArray[Any]) -> Single:
        """Return the same task."""
        return self

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
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.classes(logits, batch, self.weights, smoothing=self.smoothing)

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of texts, or the sum of their weights and those of their classes."""
        own = np.ones(len(targets)) if self.weights is None else np.asarray(self.weights)[targets]
        return float(own.sum() if weights is None else own @ weights) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """(N, C) → (N, C), rows sum to 1."""
        return named.softmax(logits)

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return the likeliest class, (N,); of two, a threshold may decide for the second."""
        if decision.kind == "threshold" and len(self.labels) == 2:
            return (probabilities[:, 1] >= decision.thresholds[self.labels[1]]).astype(np.int64)
        return probabilities.argmax(axis=1).astype(np.int64)

    def names(self, decided: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the one name for each decision."""
        return [(self.labels[number],) for number in decided.tolist()]

    def judge(self, scores: Scores, examples: Sequence[Example]) -> dict[str, Any]:
        """Compare with the truth, over all texts at once."""
        assert scores.truth is not None
        return metrics.single(scores.truth, scores.probabilities, scores.decisions, self.labels)

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return the intervals of the headline numbers."""
        return named.intervals(scores)

    def baselines(
        self, training: Sequence[Example], scores: Scores, examples: Sequence[Example]
    ) -> dict[str, Any]:
        """Return what label frequencies and TF-IDF would have scored."""
        targets = np.stack([self.target(item) for item in training])
        return named.baselines(self.labels, targets, training, scores=scores, examples=examples)

    def default_decision(self) -> Decision:
        """Return the rule of the likeliest class."""
        return Decision("argmax")

    def decision(self, scores: Scores, examples: Sequence[Example]) -> Decision:
        """Return the default rule."""
        return self.default_decision()

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each text its names and the probability of each label."""
        return named.predictions(self.labels, self.names(scores.decisions), scores, examples)

    def columns(self) -> list[Column]:
        """Name the decision and the probability of each label."""
        return named.columns(self.labels)

    def cells(self, prediction: Prediction) -> list[Any]:
        """Return the decision and the probability of each label."""
        return named.cells(self.labels, prediction)

    def truth(self, example: Example) -> str:
        """Return the label."""
        return str(example.label)

    def weighted(self, targets: NDArray[Any]) -> Single:
        """Weigh each class by the inverse of its frequency."""
        counts = np.bincount(targets, minlength=len(self.labels))
        weights = splits.class_weights(counts)
        return replace(self, weights=tuple(weights.tolist()))
