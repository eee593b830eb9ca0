"""Several labels a text: a sigmoid and a threshold for each."""

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
from textune.tasks.interface import Borders, Column, Floats, thresholds

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Multi:
    """Any of C labels, or none."""

    labels: tuple[str, ...]
    weights: tuple[float, ...] | None = None  # (C,) of the positives in the loss; None: all 1
    smoothing: float = 0.0  # share of each target that is spread over yes and no

    name = "multi"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    main_metric = "roc_auc"  # needs no threshold: F1 at one half is 0 for every rare label
    tie_metric = "log_loss"

    def config(self) -> dict[str, Any]:
        """Return what the model's configuration must hold."""
        return named.config(self.labels, "multi_label_classification")

    def state(self) -> dict[str, Any]:
        """Return nothing: the labels are all there is."""
        return {}

    def fitted(self, targets: NDArray[Any]) -> Multi:
        """Return the same task."""
        return self

    def target(self, example: Example) -> NDArray[Any]:
        """Return zeros and ones, NaN where the label is not scored; (C,) float32.

        Raises:
            DataError: A label was not seen in training.
        """
        if example.label is None or isinstance(example.label, str):
            raise DataError(f"{example.origin}: no labels; an empty list says that none applies")
        values = np.zeros(len(self.labels), dtype=np.float32)
        for names, value in ((example.label, 1.0), (example.unscored, np.nan)):
            for name in names:
                if name not in self.labels:
                    raise DataError(
                        f"{example.origin}: label {name!r} was not seen in training; "
                        f"{among(name, self.labels)}"
                    )
                values[self.labels.index(name)] = value
        return values

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of binary cross-entropies over the scored cells; () fp32."""
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.several(logits, batch, self.weights, smoothing=self.smoothing)

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of scored cells, each as often as its text weighs."""
        cells = (~np.isnan(targets)).sum(axis=1)  # (N,)
        return float(cells.sum() if weights is None else cells @ weights) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """(N, C) → (N, C), each on its own between 0 and 1."""
        return named.sigmoid(logits)

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return 1 where a label reaches its threshold; (N, C)."""
        bars = np.asarray([decision.thresholds[label] for label in self.labels])
        return (probabilities >= bars).astype(np.int64)

    def names(self, decided: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the names of the labels that apply, often none."""
        return [
            tuple(label for label, on in zip(self.labels, row, strict=True) if on)
            for row in decided.tolist()
        ]

    def judge(self, scores: Scores, examples: Sequence[Example]) -> dict[str, Any]:
        """Compare with the truth, over all texts at once."""
        assert scores.truth is not None
        return metrics.multi(scores.truth, scores.probabilities, scores.decisions, self.labels)

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
        """Return one half for every label."""
        return Decision("threshold", thresholds(self.labels, 0.5))

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
        _, *scores = named.cells(self.labels, prediction)
        return [named.in_one_cell(prediction.labels, self.labels), *scores]

    def truth(self, example: Example) -> str:
        """Return the labels that apply."""
        held = [name for name in self.labels if name in (example.label or ())]
        return named.in_one_cell(held, self.labels)

    def weighted(self, targets: NDArray[Any]) -> Multi:
        """Weigh the positives of each label by negatives over positives."""
        scored = (~np.isnan(targets)).sum(axis=0)
        positives = (targets == 1).sum(axis=0)
        weights = splits.positive_weights(positives, scored)
        return replace(self, weights=tuple(weights.tolist()))
