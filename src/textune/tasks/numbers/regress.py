"""Numbers for a text: squared error of standardised targets, answers in the user's unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.errors import DataError
from textune.metrics import numbers
from textune.metrics.metrics import Parts, Report
from textune.records import Batch, Example, Prediction, Scores
from textune.tasks import labels as named
from textune.tasks.interface import Borders, Column, Floats, Task

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Regress(Task):
    """One number for each of C targets."""

    labels: tuple[str, ...]
    centers: tuple[float, ...] | None = None  # (C,) means of the training targets
    scales: tuple[float, ...] | None = None  # (C,) their standard deviations

    name = "number"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    tie_metric = "mae"

    @property
    def main_metric(self) -> str:
        """Return RMSE; of several targets Pearson's r, which no target's unit outweighs."""
        return "rmse" if len(self.labels) == 1 else "pearson"

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold."""
        return named.config(self.labels, "regression")

    def state(self) -> dict[str, object]:
        """Return how targets are standardised."""
        return {"centers": self.centers, "scales": self.scales}

    def fitted(self, targets: NDArray[np.generic]) -> Regress:
        """Standardise by these targets, (N, C); one that never changes is only centred."""
        centers, spread = targets.mean(axis=0), targets.std(axis=0)
        varies = spread > numbers.SMALLEST_SPREAD * np.abs(centers)
        scales = np.where(varies, spread, 1.0)
        return replace(self, centers=tuple(centers.tolist()), scales=tuple(scales.tolist()))

    def standardised(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return targets as they are learned; (N, C)."""
        centers, scales = self._scale()
        found: NDArray[np.float64] = (targets - np.asarray(centers)) / np.asarray(scales)
        return found

    def prior(self, targets: NDArray[Any]) -> Floats:
        """Return the mean of the training numbers, which is 0 once they are standardised; (C,)."""
        return np.zeros(len(self.labels))

    def target(self, example: Example) -> NDArray[np.generic]:
        """Return the numbers as they are written; (C,) float64.

        Raises:
            DataError: There are none.
        """
        label = example.label
        if label is None:
            raise DataError(f"{example.origin}: no number; every text needs one here")
        return np.asarray([float(cell) for cell in _cells(label)], dtype=np.float64)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum over texts of the mean squared error of their standardised targets."""
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.squared(logits, batch, *self._scale())

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of texts, or the sum of their weights."""
        return float(len(targets) if weights is None else weights.sum()) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """Return numbers in the user's unit; (N, C)."""
        centers, scales = self._scale()
        found: NDArray[np.float64] = logits.astype(np.float64) * scales + centers
        return found

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.float64]:
        """Return the numbers."""
        return probabilities

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Compare with the truth, over all texts at once."""
        assert scores.truth is not None
        return numbers.judge(scores.truth, scores.decisions, self.labels)

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return the intervals of correlation and errors."""
        assert scores.truth is not None
        found = numbers.intervals(scores.truth, scores.decisions, seed=0)
        return {name: list(span) for name, span in found.items()}

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: Parts | None = None,
    ) -> dict[str, object]:
        """Return what the mean of the training numbers would have scored."""
        assert scores.truth is not None
        known = np.stack([self.target(item) for item in training])
        return {"mean": numbers.baseline(known, scores.truth, self.labels)}

    def default_decision(self) -> Decision:
        """Return the rule that has nothing to decide."""
        return Decision("number")

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each text its numbers."""
        for example, row in zip(examples, scores.decisions.tolist(), strict=True):
            found = dict(zip(self.labels, row, strict=True))
            yield Prediction(example.text, (), {}, numbers=found)

    def columns(self) -> list[Column]:
        """Name a column for each target."""
        return [(f"predicted {label}", True) for label in self.labels]

    def cells(self, prediction: Prediction) -> list[object]:
        """Return the numbers."""
        return [prediction.numbers[label] for label in self.labels]

    def truth(self, example: Example) -> str:
        """Return the numbers as they are written."""
        return "" if example.label is None else ";".join(_cells(example.label))

    def _scale(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        if self.centers is None or self.scales is None:
            return (0.0,) * len(self.labels), (1.0,) * len(self.labels)
        return self.centers, self.scales


def _cells(label: str | tuple[str, ...]) -> tuple[str, ...]:
    return (label,) if isinstance(label, str) else label
